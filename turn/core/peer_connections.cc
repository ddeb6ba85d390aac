// The life of connections with peers, from their first deadline to their end. RFC 6062 §5.2-§5.5.
#include <algorithm>
#include <vector>

#include "turn/core/respond.h"

namespace noom::turn {

using wire::Attr;
using State = PeerConnection::State;

PeerConnectionId Core::add_connection(Allocation& allocation, PeerConnection fresh, Mono deadline) {
  const PeerConnectionId id = connections_.insert(fresh);
  allocation.connections.push_back(id);
  connection_deadlines_.set(id.index, deadline);
  return id;
}

// It stands: the client learns its CONNECTION-ID, from the answer to Connect or a ConnectionAttempt.
void Core::offer_connection(PeerConnectionId id, Now now, Output& output) {
  PeerConnection& connection = *connections_.find(id);
  const Allocation& allocation = *allocations_.find(connection.owner);
  constexpr uint64_t kRandomBits = (1u << kConnectionShardShift) - 1;
  do {
    connection.number = shard_ << kConnectionShardShift | static_cast<uint32_t>(random_.next_u64() & kRandomBits);
  } while (!by_connection_.emplace(connection.number, id).second);
  connection.state = State::kUnbound;
  connection.opened = now.mono;
  connection_deadlines_.set(id.index, now.mono + kUnboundPatience);
  stats_.peer_connections_unbound.add();
  output.events.push_back(PeerConnectionOpened{.allocation = connection.owner,
                                               .client = allocation.client,
                                               .peer = connection.peer,
                                               .incoming = connection.incoming,
                                               .username = allocation.username});
  if (!connection.incoming) {
    const Requester requester = requester_of(connection, allocation);
    stats_.requests.at(requester.method, 0).add();
    respond(requester, wire::Class::kSuccess, output,
            [&](wire::MessageBuilder& builder) { builder.u32(Attr::kConnectionId, connection.number); });
    return;
  }
  Requester to{.client = allocation.client, .method = wire::Method::kConnectionAttempt, .transaction_id = {}};
  random_.fill(to.transaction_id);
  respond(to, wire::Class::kIndication, output, [&](wire::MessageBuilder& builder) {
    builder.xor_address(Attr::kXorPeerAddress, connection.peer).u32(Attr::kConnectionId, connection.number);
  });
}

void Core::expire_connections(Now now, Output& output) {
  while (const auto index = connection_deadlines_.pop_due(now.mono)) {
    const PeerConnectionId id = connections_.at_index(*index);
    if (connections_.find(id)->state == State::kUnbound) {
      end_connection(id, PeerEnd::kUnbound, now, output);
      continue;
    }
    stop_connect(id, Reason::kConnectTimeout, PeerOpening::kConnectTimeout, output);
  }
}

void Core::stop_connect(PeerConnectionId id, Reason reason, PeerOpening result, Output& output) {
  stats_.peer_openings[result].add();
  output.commands.emplace_back(ClosePeer{id});
  refuse_connect(id, reason, output);
}

// An established connection, by the server.
void Core::end_connection(PeerConnectionId id, PeerEnd reason, Now now, Output& output) {
  if (reason != PeerEnd::kClosed) output.commands.emplace_back(ClosePeer{id});
  const PeerConnection& connection = *connections_.find(id);
  const Allocation& allocation = *allocations_.find(connection.owner);
  (connection.state == State::kBound ? stats_.peer_connections_bound : stats_.peer_connections_unbound).subtract();
  stats_.peer_ends[reason].add();
  output.events.push_back(PeerConnectionEnded{.allocation = connection.owner,
                                              .client = allocation.client,
                                              .peer = connection.peer,
                                              .incoming = connection.incoming,
                                              .username = allocation.username,
                                              .reason = reason,
                                              .bytes_to_peer = connection.bytes_to_peer,
                                              .bytes_to_client = connection.bytes_to_client,
                                              .duration = now.mono - connection.opened});
  forget_connection(id);
}

void Core::on_peer_closed(Now now, PeerConnectionId id, Output& output) {
  if (connections_.find(id) != nullptr) end_connection(id, PeerEnd::kClosed, now, output);
}

// §5.5: with its allocation, or the relayed address it belongs to. A Connect without an answer gets one.
void Core::end_connections(const Allocation& allocation, Family family, Now now, Output& output) {
  for (const PeerConnectionId id : std::vector(allocation.connections)) {
    const PeerConnection& connection = *connections_.find(id);
    if (connection.peer.address.family() != family) continue;
    if (connection.state == State::kConnecting)
      stop_connect(id, Reason::kConnectFailed, PeerOpening::kConnectEnded, output);
    else
      end_connection(id, PeerEnd::kAllocationEnded, now, output);
  }
}

// The client has left: nobody to answer.
void Core::abandon_connects(const Allocation& allocation, Output& output) {
  for (const PeerConnectionId id : std::vector(allocation.connections)) {
    if (connections_.find(id)->state != State::kConnecting) continue;
    stats_.peer_openings[PeerOpening::kConnectEnded].add();
    output.commands.emplace_back(ClosePeer{id});
    forget_connection(id);
  }
}

void Core::end_denied_connections(Now now, Output& output) {
  std::vector<PeerConnectionId> denied;
  connections_.for_each([&](PeerConnectionId id, const PeerConnection& connection) {
    const IpAddress& peer = connection.peer.address;
    if (!settings_->peer_policy->check(peer).allowed && !is_own_address(peer)) denied.push_back(id);
  });
  for (const PeerConnectionId id : denied) {
    if (connections_.find(id)->state == State::kConnecting)
      stop_connect(id, Reason::kPeerDenied, PeerOpening::kConnectEnded, output);
    else
      end_connection(id, PeerEnd::kPeerDenied, now, output);
  }
}

void Core::forget_connection(PeerConnectionId id) {
  const PeerConnection& connection = *connections_.find(id);
  std::erase(allocations_.find(connection.owner)->connections, id);
  if (connection.state != State::kConnecting) by_connection_.erase(connection.number);
  connection_deadlines_.clear(id.index);
  connections_.erase(id);
}

Duration Core::on_stream_relayed(Now now, PeerConnectionId id, Towards towards, size_t bytes) {
  PeerConnection* const connection = connections_.find(id);
  if (connection == nullptr) return Duration::zero();
  Allocation& allocation = *allocations_.find(connection->owner);
  AllocationTraffic& traffic = allocation.traffic;
  if (towards == Towards::kPeer) {
    stats_.stream_bytes_to_peers.add(bytes);
    connection->bytes_to_peer += bytes;
    traffic.bytes_to_peers += bytes;
  } else {
    stats_.stream_bytes_to_clients.add(bytes);
    connection->bytes_to_client += bytes;
    traffic.bytes_to_client += bytes;
  }
  if (allocation.rates == nullptr) return Duration::zero();
  return allocation.rates->charge(towards == Towards::kPeer ? Direction::kToPeers : Direction::kToClient, bytes,
                                  now.mono);
}

}  // namespace noom::turn
