// ICMP errors that datagrams to peers met, as Data indications. RFC 8656 §11.5, §18.13.
#include <algorithm>

#include "turn/core/core.h"

namespace noom::turn {
namespace {

using wire::Attr;

constexpr uint8_t kUnreachableV4 = 3;
constexpr uint8_t kFragmentationNeeded = 4;  // its code
constexpr uint8_t kTimeExceededV4 = 11;
constexpr uint8_t kUnreachableV6 = 1;
constexpr uint8_t kPacketTooBigV6 = 2;
constexpr uint8_t kTimeExceededV6 = 3;

bool is_passed_on(bool is_v4, uint8_t type) {
  if (is_v4) return type == kUnreachableV4 || type == kTimeExceededV4;
  return type == kUnreachableV6 || type == kPacketTooBigV6 || type == kTimeExceededV6;
}

// §18.13: 16 bits reserved, 7 of type, 9 of code; then the MTU of the next hop, or 0 where the error has none.
uint64_t icmp_value(bool is_v4, const PeerIcmp& icmp) {
  const bool has_mtu =
      is_v4 ? icmp.type == kUnreachableV4 && icmp.code == kFragmentationNeeded : icmp.type == kPacketTooBigV6;
  return uint64_t{icmp.type} << 41 | uint64_t{icmp.code} << 32 | (has_mtu ? icmp.mtu : 0);
}

}  // namespace

// The permission is checked against where the datagram was sent, not against whoever reports (§11.5).
void Core::on_peer_icmp(Now now, RelayId id, const IpEndpoint& peer, const PeerIcmp& icmp, Output& output) {
  stats_.received_from_peers.add();
  const bool is_v4 = peer.address.is_v4();
  if (!is_passed_on(is_v4, icmp.type)) return drop(Drop::kIcmpType);
  const Relay* const relay = relays_.find(id);
  if (relay == nullptr) return drop(Drop::kRelayUnknown);
  const Allocation& allocation = *allocations_.find(relay->owner);
  if (!allocation.is_live(peer.address.family(), now.mono)) return drop(Drop::kRelayNotLive);
  if (allocation.permission(peer.address, now.mono) == nullptr) return drop(Drop::kNoPermission);
  if (allocation.mobility.absent) return drop(Drop::kClientAbsent);

  wire::TransactionId transaction_id;
  random_.fill(transaction_id);
  const Bytes indication = wire::MessageBuilder(output.arena.take(kDataIndicationHeadV6 + sizeof(uint64_t)),
                                                wire::Method::kData, wire::Class::kIndication, transaction_id)
                               .xor_address(Attr::kXorPeerAddress, peer)
                               .u64(Attr::kIcmp, icmp_value(is_v4, icmp))
                               .finish();
  deliver(allocation, indication, {}, output);
  stats_.icmp_to_clients.add();
  stats_.consumed.add();
}

}  // namespace noom::turn
