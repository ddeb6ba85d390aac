// RFC 6455 §5.2: what stands before a whole text from a server, which is never masked.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

namespace noom::signal {

struct FrameHead {
  std::array<char, 10> bytes{};
  size_t size = 0;

  std::string_view view() const { return {bytes.data(), size}; }
};

inline FrameHead text_frame_head(size_t payload_bytes) {
  constexpr size_t kOneByteMax = 125;  // in the second byte itself
  constexpr size_t kTwoBytesMax = 0xffff;
  FrameHead head{{'\x81'}, 2};  // FIN, text
  size_t length_bytes = 0;
  if (payload_bytes > kOneByteMax) length_bytes = payload_bytes > kTwoBytesMax ? 8 : 2;
  head.bytes[1] = static_cast<char>(length_bytes == 0 ? payload_bytes : (length_bytes == 2 ? 126 : 127));
  for (size_t i = length_bytes; i > 0; --i) head.bytes[head.size++] = static_cast<char>(payload_bytes >> (8 * (i - 1)));
  return head;
}

}  // namespace noom::signal
