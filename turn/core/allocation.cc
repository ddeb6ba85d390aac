#include "turn/core/allocation.h"

#include <algorithm>

namespace noom::turn {

std::string_view Allocation::quota_user() const {
  const std::string_view name = username;
  const size_t colon = name.find(':');
  if (credentials_expire == Wall::max() || colon == name.npos || colon + 1 == name.size()) return name;
  return name.substr(colon + 1);
}

const Permission* Allocation::permission(const IpAddress& peer, Mono now) const {
  const auto found = std::ranges::lower_bound(permissions, peer, {}, &Permission::peer);
  return found != permissions.end() && found->peer == peer && found->expires > now ? &*found : nullptr;
}

const Channel* Allocation::channel(uint16_t number, Mono now) const {
  const auto found = std::ranges::lower_bound(channels, number, {}, &Channel::number);
  return found != channels.end() && found->number == number && found->expires > now ? &*found : nullptr;
}

const Channel* Allocation::channel_to(const IpEndpoint& peer, Mono now) const {
  for (const Channel& candidate : channels)
    if (candidate.peer.port == peer.port && candidate.peer == peer && candidate.expires > now) return &candidate;
  return nullptr;
}

bool Allocation::permit(const IpAddress& peer, Mono permission_expires) {
  const auto place = std::ranges::lower_bound(permissions, peer, {}, &Permission::peer);
  if (place != permissions.end() && place->peer == peer) {
    place->expires = permission_expires;
    return false;
  }
  permissions.insert(place, {peer, permission_expires});
  return true;
}

bool Allocation::bind(uint16_t number, const IpEndpoint& peer, Mono channel_expires) {
  const auto place = std::ranges::lower_bound(channels, number, {}, &Channel::number);
  if (place != channels.end() && place->number == number) {
    place->peer = peer;
    place->expires = channel_expires;
    return false;
  }
  channels.insert(place, {peer, number, channel_expires});
  return true;
}

Allocation::Removed Allocation::remove_expired(Mono now) {
  const auto is_over = [now](const auto& entry) { return entry.expires <= now; };
  return {.permissions = std::erase_if(permissions, is_over), .channels = std::erase_if(channels, is_over)};
}

Allocation::Removed Allocation::remove_peers_of(Family family) {
  return {
      .permissions = std::erase_if(permissions, [=](const auto& entry) { return entry.peer.family() == family; }),
      .channels = std::erase_if(channels, [=](const auto& entry) { return entry.peer.address.family() == family; })};
}

void Allocation::live_until(Mono expires) {
  for (RelayOfFamily& relay : relays) relay.expires = expires;
}

Mono Allocation::next_deadline() const {
  Mono first = credential_deadline;
  for (const RelayOfFamily& relay : relays)
    if (relay.id.valid()) first = std::min(first, relay.expires);
  for (const Permission& permission : permissions) first = std::min(first, permission.expires);
  for (const Channel& channel : channels) first = std::min(first, channel.expires);
  return first;
}

}  // namespace noom::turn
