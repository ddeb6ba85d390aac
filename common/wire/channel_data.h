// ChannelData framing, RFC 8656 §12.4.
//
//    0                   1                   2                   3
//   |   Channel Number (0x4000-0x4FFF)  |  Length (payload only)  |  payload … | padding to 4 over TCP and TLS only |
#pragma once

#include <optional>

#include "common/base/bytes.h"
#include "common/wire/stun_types.h"

namespace noom::wire {

struct ChannelDataView {
  uint16_t channel = 0;
  Bytes payload;  // borrowed; may be empty
};

// What the first byte of a datagram or frame says it is (RFC 8656 §12, RFC 7983 §7).
enum class FirstByte : uint8_t { kStun, kDtls, kChannelData, kOther };
constexpr FirstByte classify(std::byte first) {
  const auto value = std::to_integer<uint8_t>(first);
  if (value <= 3) return FirstByte::kStun;
  if (value >= 20 && value <= 63) return FirstByte::kDtls;
  if (value >= 64 && value <= 79) return FirstByte::kChannelData;
  return FirstByte::kOther;
}

// nullopt when shorter than its Length says or the number is outside 0x4000-0x4FFF. Bytes after the payload (padding)
// are allowed and ignored.
std::optional<ChannelDataView> parse_channel_data(Bytes bytes);

// Writes the 4-byte header.
void write_channel_header(std::span<std::byte, kChannelHeaderSize> to, uint16_t channel, uint16_t payload_size);

}  // namespace noom::wire
