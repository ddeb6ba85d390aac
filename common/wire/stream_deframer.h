// Cuts a byte stream (TCP, TLS) into STUN messages and ChannelData frames. RFC 8656 §3.1, §12.5; RFC 8489 §6.2.2.
#pragma once

#include <cstdint>

#include "common/base/bytes.h"
#include "common/wire/stun_types.h"

namespace noom::wire {

// What the bytes at the front of a stream are: a whole frame, the beginning of one, or nothing that TURN speaks.
struct Frame {
  enum class Kind : uint8_t { kIncomplete, kStun, kChannelData, kInvalid };
  Kind kind = Kind::kIncomplete;
  Bytes bytes;          // the frame without stream padding; borrowed from the input
  size_t consumed = 0;  // bytes to drop from the stream's front (padding to 4 included); 0 while incomplete
};

// The most bytes a stream's buffer must hold for next_frame() to make progress: the largest STUN message, larger than
// any ChannelData.
constexpr size_t kFrameSizeMax = kMessageSizeMax;

// Pure and stateless: the caller keeps the buffer, calls this until kIncomplete, and closes the connection on kInvalid.
// kInvalid: the first byte is neither STUN nor ChannelData, the magic cookie is wrong, or a STUN length is not a
// multiple of 4.
Frame next_frame(Bytes stream);

}  // namespace noom::wire
