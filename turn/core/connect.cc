// Connect, RFC 6062 §5.2: answered when the peer has accepted, or has not. A peer may be a TCP relay of this suite:
// that is a connection over the kernel like any other, to where the relay listens, and only while it does.
#include <algorithm>

#include "turn/core/core.h"

namespace noom::turn {

using wire::Attr;

void Core::connect(Request& request) {
  // No TCP allocation on this five-tuple: 437; made with another username: 441.
  AllocationId id;
  Allocation* const allocation = own_allocation(request, id);
  if (allocation == nullptr) return;
  if (!allocation->tcp) return refuse(request, Reason::kNoTcpAllocation);

  // XOR-PEER-ADDRESS missing or invalid: 400.
  const auto named = request.message.xor_address(Attr::kXorPeerAddress);
  if (!named)
    return refuse(request,
                  request.message.has(Attr::kXorPeerAddress) ? Reason::kMalformedAttribute : Reason::kMissingPeer);
  const IpEndpoint peer{named->address.unmapped(), named->port};

  // A connection with that peer, or one being made: 446.
  if (std::ranges::any_of(allocation->connections,
                          [&](PeerConnectionId each) { return connections_.find(each)->peer == peer; }))
    return refuse(request, Reason::kConnectionExists, {.peer = peer});

  // The relay's family: 443; the policy: 403; no room: 508.
  RefusalDetail detail;
  if (const auto reason = check_peer(*allocation, peer, true, detail)) return refuse(request, *reason, detail);
  if (allocation->connections.size() >= settings_->peer_connections_max)
    return refuse(request, Reason::kConnectionLimit, {.peer = peer});
  if (const auto reason = check_new_peers(*allocation, 1, request.now.mono, detail))
    return refuse(request, *reason, detail);

  const RelayId relay = allocation->relay(peer.address.family()).id;
  const PeerConnectionId connection = add_connection(*allocation,
                                                     {.owner = id,
                                                      .relay = relay,
                                                      .peer = peer,
                                                      .transaction_id = request.from.transaction_id,
                                                      .fingerprint = request.from.fingerprint,
                                                      .integrity = request.from.integrity},
                                                     request.now.mono + kConnectPatience);
  if (!is_own_relay(peer)) return void(request.output.commands.emplace_back(ConnectPeer{connection, relay, peer}));
  const uint32_t owner = shard_of_port(peer.port, settings_->shard_count);
  if (owner == shard_) return connect_to_relay(connection, tcp_relay(peer), request.output);
  request.output.commands.emplace_back(TellShard{owner, FindTcpRelay{peer, shard_, connection}});
}

// Where a TCP relay of this shard listens that clients know as `to`.
std::optional<RelayPort> Core::tcp_relay(const IpEndpoint& to) const {
  for (size_t i = 0; i < pools_.size(); ++i) {
    if (!is_external_of(i, to.address)) continue;
    const Relay* const relay = relays_.find(pools_[i].holder(to.port));
    if (relay != nullptr && relay->tcp && relay->open && relay->external == to.address) return relay->place();
  }
  return std::nullopt;
}

void Core::on_message(Now, const FindTcpRelay& wanted, Output& output) {
  output.commands.emplace_back(TellShard{wanted.shard, TcpRelayAnswer{wanted.connection, tcp_relay(wanted.to)}});
}

void Core::on_message(Now, const TcpRelayAnswer& answer, Output& output) {
  if (connections_.find(answer.connection) != nullptr) connect_to_relay(answer.connection, answer.port, output);
}

// Not to its own listener: the kernel would connect such a socket with itself.
void Core::connect_to_relay(PeerConnectionId id, const std::optional<RelayPort>& port, Output& output) {
  const RelayId relay = connections_.find(id)->relay;
  const Relay& own = *relays_.find(relay);
  if (!port || (port->pool == own.pool && port->port == own.port)) {
    stats_.peer_openings[PeerOpening::kConnectFailed].add();
    return refuse_connect(id, Reason::kConnectFailed, output);
  }
  output.commands.emplace_back(ConnectPeer{id, relay, {pools_[port->pool].local(), port->port}});
}

Requester Core::requester_of(const PeerConnection& connection, const Allocation& allocation) const {
  return {.client = allocation.client,
          .method = wire::Method::kConnect,
          .transaction_id = connection.transaction_id,
          .fingerprint = connection.fingerprint,
          .integrity = connection.integrity,
          .key = allocation.key.bytes(),
          .username = allocation.username};
}

void Core::on_peer_connected(Now now, PeerConnectionId id, Output& output) {
  if (connections_.find(id) == nullptr) return;  // ended meanwhile: ClosePeer has been said
  stats_.peer_openings[PeerOpening::kConnected].add();
  offer_connection(id, now, output);
}

void Core::on_peer_connect_failed(Now, PeerConnectionId id, Output& output) {
  if (connections_.find(id) == nullptr) return;
  stats_.peer_openings[PeerOpening::kConnectFailed].add();
  refuse_connect(id, Reason::kConnectFailed, output);
}

// 447, and nothing is left of it.
void Core::refuse_connect(PeerConnectionId id, Reason reason, Output& output) {
  const PeerConnection& connection = *connections_.find(id);
  refuse(requester_of(connection, *allocations_.find(connection.owner)), output, reason, {.peer = connection.peer});
  forget_connection(id);
}

}  // namespace noom::turn
