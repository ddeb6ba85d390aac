// Whether an allocation may reach a peer: its family, then the policy. RFC 8656 §10.2, §12.2, §21.1.1.
#include <algorithm>

#include "turn/core/core.h"

namespace noom::turn {

bool Core::is_own_address(const IpAddress& address) const {
  return std::ranges::any_of(
             settings_->relay_addresses,
             [&](const RelayAddress& relay) { return relay.external == address && relay.is_known(); }) ||
         std::ranges::any_of(settings_->other_externals, [&](const OtherExternal& other) {
           return other.address == address && !other.lease.expired();
         });
}

// Of what a relay on that pool may be known by.
bool Core::is_external_of(size_t pool, const IpAddress& address) const {
  return settings_->relay_addresses[pool].external == address ||
         std::ranges::any_of(settings_->other_externals, [&](const OtherExternal& other) {
           return other.pool == pool && other.address == address && !other.lease.expired();
         });
}

bool Core::is_own_relay(const IpEndpoint& peer) const {
  return is_own_address(peer.address) && pools_.front().covers(peer.port);
}

// A relayed address of this suite is always a legal peer: what goes there never leaves the process. `port_counts`: the
// request names a port, not an address alone, and on a relay address only the relay ports are such peers.
std::optional<Reason> Core::check_peer(const Allocation& allocation, const IpEndpoint& peer, bool port_counts,
                                       RefusalDetail& detail) const {
  detail.peer = peer;
  // A v4-mapped address is an IPv4 peer, which an IPv6 relay cannot reach.
  if (!allocation.has(peer.address.unmapped().family())) return Reason::kPeerFamilyMismatch;
  if (port_counts ? is_own_relay(peer) : is_own_address(peer.address)) return std::nullopt;
  const auth::PeerVerdict verdict = settings_->peer_policy->check(peer.address);
  detail.rule = verdict.rule;
  return verdict.allowed ? std::nullopt : std::optional(Reason::kPeerDenied);
}

}  // namespace noom::turn
