#include "common/wire/address_codec.h"

#include <algorithm>
#include <functional>

namespace noom::wire {
namespace {

constexpr size_t kPrefixSize = 4;  // zero, family, port
constexpr size_t kV4Size = 4;
constexpr size_t kV6Size = 16;

uint16_t port_mask(const AddressMask& mask) {
  return load_be<uint16_t>(mask.data());
}

}  // namespace

AddressMask xor_mask(const TransactionId& transaction_id) {
  AddressMask mask;
  store_be(mask.data(), kMagicCookie);
  std::ranges::copy(transaction_id, mask.begin() + sizeof(kMagicCookie));
  return mask;
}

std::optional<IpEndpoint> decode_address(Bytes value, const AddressMask& mask) {
  Reader reader(value);
  reader.skip(1);
  const uint8_t family = reader.u8();
  const auto port = static_cast<uint16_t>(reader.u16() ^ port_mask(mask));
  if (!reader.ok()) return std::nullopt;
  std::array<std::byte, kV6Size> address{};
  const Bytes rest = reader.rest();
  if (rest.size() > address.size()) return std::nullopt;
  std::ranges::transform(rest, mask, address.begin(), std::bit_xor<>());
  if (family == static_cast<uint8_t>(Family::kV4) && rest.size() == kV4Size)
    return IpEndpoint{IpAddress::v4(std::span(address).first<kV4Size>()), port};
  if (family == static_cast<uint8_t>(Family::kV6) && rest.size() == kV6Size)
    return IpEndpoint{IpAddress::v6(address), port};
  return std::nullopt;
}

Bytes encode_address(AddressValue& room, const IpEndpoint& endpoint, const AddressMask& mask) {
  const std::span<const std::byte> address = endpoint.address.bytes();
  Writer writer(room);
  writer.u8(0);
  writer.u8(static_cast<uint8_t>(endpoint.address.family()));
  writer.u16(endpoint.port ^ port_mask(mask));
  std::ranges::transform(address, mask, room.begin() + kPrefixSize, std::bit_xor<>());
  return Bytes(room).first(kPrefixSize + address.size());
}

}  // namespace noom::wire
