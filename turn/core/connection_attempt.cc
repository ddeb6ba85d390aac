// A peer connects to a relayed transport address: RFC 6062 §5.3.
#include "turn/core/respond.h"

namespace noom::turn {

// Behind 1:1 NAT, another relay of this suite comes from its local address.
IpEndpoint Core::as_clients_know(const IpEndpoint& peer) const {
  for (size_t i = 0; i < pools_.size(); ++i) {
    if (pools_[i].local() != peer.address || !pools_[i].covers(peer.port)) continue;
    const Relay* const here = is_own_port(peer.port) ? relays_.find(pools_[i].holder(peer.port)) : nullptr;
    return {here != nullptr ? here->external : settings_->relay_addresses[i].external, peer.port};
  }
  return peer;
}

std::optional<PeerConnectionId> Core::on_peer_accepted(Now now, RelayId id, const IpEndpoint& from, Output& output) {
  const Relay* const relay = relays_.find(id);
  Allocation* const allocation = relay == nullptr ? nullptr : allocations_.find(relay->owner);
  const auto refused = [&](PeerOpening result) {
    stats_.peer_openings[result].add();
    return std::nullopt;
  };
  const IpEndpoint peer = as_clients_know(from);
  if (allocation == nullptr || !allocation->is_live(peer.address.family(), now.mono))
    return refused(PeerOpening::kRelayNotLive);
  // Without a permission it is closed immediately after it was accepted.
  if (allocation->permission(peer.address, now.mono) == nullptr) return refused(PeerOpening::kNoPermission);
  if (allocation->connections.size() >= settings_->peer_connections_max) return refused(PeerOpening::kConnectionLimit);

  stats_.peer_openings[PeerOpening::kAccepted].add();
  const PeerConnectionId connection =
      add_connection(*allocation, {.owner = relay->owner, .relay = id, .peer = peer, .incoming = true}, Mono::max());
  offer_connection(connection, now, output);
  return connection;
}

}  // namespace noom::turn
