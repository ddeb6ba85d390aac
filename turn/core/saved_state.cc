#include "turn/core/saved_state.h"

namespace noom::auth {

template <typename Archive>
void fields(Archive& archive, UserLimits& limits) {
  archive(limits.allocations_max, limits.bits_per_second, limits.packets_per_second, limits.new_peers_per_second);
}

}  // namespace noom::auth

namespace noom::turn {

template <typename Archive>
void fields(Archive& archive, Permission& permission) {
  archive(permission.peer, permission.expires);
}
template <typename Archive>
void fields(Archive& archive, Channel& channel) {
  archive(channel.peer, channel.number, channel.expires);
}
template <typename Archive>
void fields(Archive& archive, RelayOfFamily& relay) {
  archive(relay.expires);
}
template <typename Archive>
void fields(Archive& archive, Place& place) {
  archive(place.client, place.shard);
}
template <typename Archive>
void fields(Archive& archive, Mobility& mobility) {
  archive(mobility.on, mobility.absent, mobility.tickets, mobility.arriving, mobility.transaction_id,
          mobility.granted_s);
}
template <typename Archive>
void fields(Archive& archive, AllocationTraffic& traffic) {
  archive(traffic.packets_to_peers, traffic.bytes_to_peers, traffic.packets_to_client, traffic.bytes_to_client);
}
void fields(Encoder& archive, Key& key) {
  auto size = static_cast<uint8_t>(key.bytes().size());
  archive(size);
  archive.raw(key.bytes());
}
void fields(Decoder& archive, Key& key) {
  uint8_t size = 0;
  archive(size);
  if (size > Key::kBytesMax) return archive.fail();
  key = Key(archive.raw(size));
}
template <typename Archive>
void fields(Archive& archive, Allocation& a) {
  archive(a.client, a.client_shard, a.mobility, a.relays, a.tcp, a.transaction_id, a.fingerprint, a.integrity,
          a.granted_s, a.reservation_token, a.unavailable, a.key, a.username, a.by_token, a.credentials_expire,
          a.limits, a.created, a.credential_deadline, a.traffic, a.permissions, a.channels);
}
template <typename Archive>
void fields(Archive& archive, SavedRelay& relay) {
  archive(relay.local, relay.external, relay.tcp, relay.reserved);
}
template <typename Archive>
void fields(Archive& archive, SavedAllocation& allocation) {
  archive(allocation.id, allocation.value, allocation.relays);
}
template <typename Archive>
void fields(Archive& archive, SavedReservation& reservation) {
  archive(reservation.token, reservation.port, reservation.user, reservation.expires);
}
template <typename Archive>
void fields(Archive& archive, SavedLoan& loan) {
  archive(loan.port, loan.to);
}
template <typename Archive>
void fields(Archive& archive, SavedForward& forward) {
  archive(forward.client, forward.owner);
}
template <typename Archive>
void fields(Archive& archive, SavedRevocation& revocation) {
  archive(revocation.name, revocation.until);
}

namespace {

template <typename Archive>
void all(Archive& archive, SavedShard& shard) {
  archive(shard.allocations, shard.reservations, shard.lent, shard.forwarded, shard.revocations,
          shard.unused_generation);
}

}  // namespace

void fields(Encoder& archive, SavedShard& shard) {
  all(archive, shard);
}
void fields(Decoder& archive, SavedShard& shard) {
  all(archive, shard);
}

}  // namespace noom::turn
