// The two directions of data. Client to peer needs a live channel or permission (checked by its caller); peer to client
// needs a live permission for the peer's address, and the channel only decides the framing. Data refreshes neither. RFC
// 8656 §11, §12.
#include <cstring>

#include "common/wire/channel_data.h"
#include "turn/core/core.h"

namespace noom::turn {
namespace {

constexpr size_t padding_of(size_t size) {
  return (4 - size % 4) % 4;
}

// The head of a Data indication (§11.4): everything before the payload. `head` is exactly as long as that.
void write_data_head(MutableBytes head, size_t payload_size, const IpEndpoint& peer, const wire::TransactionId& id) {
  wire::MessageBuilder(head, wire::Method::kData, wire::Class::kIndication, id)
      .xor_address(wire::Attr::kXorPeerAddress, peer)
      .finish();
  const size_t length = head.size() - wire::kHeaderSize + payload_size + padding_of(payload_size);
  store_be<uint16_t>(head.data() + 2, static_cast<uint16_t>(length));
  std::byte* const data_header = head.data() + head.size() - wire::kAttributeHeaderSize;
  store_be<uint16_t>(data_header, static_cast<uint16_t>(wire::Attr::kData));
  store_be<uint16_t>(data_header + 2, static_cast<uint16_t>(payload_size));
}

// §14: a relay is a hop like a router.
IpFields one_hop_on(const IpFields& received) {
  return {.traffic_class = received.traffic_class,
          .hop_limit = static_cast<uint8_t>(received.hop_limit - (received.hop_limit > 0 ? 1 : 0))};
}

// The longest message that a client can be sent in one piece.
size_t payload_max(Transport transport) {
  if (is_stream(transport)) return wire::kMessageSizeMax;
  return transport == Transport::kDtls ? kDtlsPayloadMax : kUdpPayloadMax;
}

void count_up(wire::TransactionId& id) {
  for (std::byte& digit : id) {
    digit = static_cast<std::byte>(std::to_integer<uint8_t>(digit) + 1);
    if (digit != std::byte{0}) return;
  }
}

}  // namespace

void Core::to_peer(Now now, Allocation& allocation, const IpEndpoint& peer, const Framable& data, Output& output) {
  if (is_held_back(allocation, Direction::kToPeers, data.size, now, output)) return;
  if (is_own_relay(peer)) return to_relay(now, allocation, peer, data, output);
  if (data.ip.hop_limit == 1) return drop(Drop::kHopLimit);
  output.to_peers.push_back({.relay = allocation.relay(peer.address.family()).id,
                             .peer = peer,
                             .bytes = data.payload(),
                             .ip = one_hop_on(data.ip),
                             .dont_fragment = data.dont_fragment});
  stats_.to_peers.add(data.size);
  ++allocation.traffic.packets_to_peers;
  allocation.traffic.bytes_to_peers += data.size;
}

void Core::on_peer(Now now, RelayId id, const IpEndpoint& peer, MutableBytes room, const IpFields& ip, Output& output) {
  stats_.received_from_peers.add();
  const Relay* const relay = relays_.find(id);
  if (relay == nullptr) return drop(Drop::kRelayUnknown);
  const Framable data{room, kPeerHeadroom, room.size() - kPeerHeadroom - kPeerTailroom, ip};
  to_client(now, *allocations_.find(relay->owner), peer, data, stats_.to_clients, output);
}

void Core::to_client(Now now, Allocation& allocation, const IpEndpoint& peer, const Framable& data, Traffic& counted,
                     Output& output) {
  if (!allocation.is_live(peer.address.family(), now.mono)) return drop(Drop::kRelayNotLive);
  if (allocation.permission(peer.address, now.mono) == nullptr) return drop(Drop::kNoPermission);
  if (allocation.mobility.absent) return drop(Drop::kClientAbsent);
  const bool stream = is_stream(allocation.client.transport);
  if (data.ip.hop_limit == 1 && !stream) return drop(Drop::kHopLimit);
  if (is_held_back(allocation, Direction::kToClient, data.size, now, output)) return;
  const MutableBytes framed = frame(allocation, allocation.channel_to(peer, now.mono), peer, data, output);
  if (framed.empty()) return drop(Drop::kOversize);
  deliver(allocation, framed, stream ? IpFields{} : one_hop_on(data.ip), output);
  counted.add(data.size);
  ++allocation.traffic.packets_to_client;
  allocation.traffic.bytes_to_client += data.size;
}

// In place where the room allows, else in the arena. Empty when the result would be too long. ChannelData is padded
// towards streams only (§12.5); STUN always is.
MutableBytes Core::frame(const Allocation& allocation, const Channel* channel, const IpEndpoint& peer,
                         const Framable& data, Output& output) {
  const bool stream = is_stream(allocation.client.transport);
  const size_t indication_head = peer.address.is_v4() ? kDataIndicationHeadV4 : kDataIndicationHeadV6;
  const size_t head = channel != nullptr ? wire::kChannelHeaderSize : indication_head;
  const size_t padding = channel != nullptr && !stream ? 0 : padding_of(data.size);
  const size_t whole = head + data.size + padding;
  if (whole > payload_max(allocation.client.transport)) return {};

  MutableBytes framed;
  if (data.head() >= head && data.tail() >= padding) {
    framed = data.room.subspan(data.offset - head, whole);
  } else {
    framed = output.arena.take(whole);
    if (data.size > 0) std::memcpy(framed.data() + head, data.payload().data(), data.size);
  }
  if (padding > 0) std::memset(framed.data() + head + data.size, 0, padding);
  if (channel != nullptr) {
    wire::write_channel_header(framed.first<wire::kChannelHeaderSize>(), channel->number,
                               static_cast<uint16_t>(data.size));
  } else {
    count_up(indication_id_);
    write_data_head(framed.first(head), data.size, peer, indication_id_);
  }
  return framed;
}

}  // namespace noom::turn
