#include "common/wire/stream_deframer.h"

#include "common/wire/channel_data.h"
#include "common/wire/stun_types.h"

namespace noom::wire {
namespace {

constexpr Frame kIncomplete{};
constexpr Frame kInvalid{Frame::Kind::kInvalid, {}, 0};

Frame stun_frame(Bytes stream) {
  Reader reader(stream);
  reader.skip(sizeof(uint16_t));
  const uint16_t length = reader.u16();
  if (length % 4 != 0) return kInvalid;
  const uint32_t cookie = reader.u32();
  if (!reader.ok()) return kIncomplete;
  if (cookie != kMagicCookie) return kInvalid;
  const size_t size = kHeaderSize + length;
  if (stream.size() < size) return kIncomplete;
  return {Frame::Kind::kStun, stream.first(size), size};
}

Frame channel_frame(Bytes stream) {
  Reader reader(stream);
  reader.skip(sizeof(uint16_t));
  const size_t size = kChannelHeaderSize + reader.u16();
  const size_t padded = (size + 3) / 4 * 4;
  if (!reader.ok() || stream.size() < padded) return kIncomplete;
  return {Frame::Kind::kChannelData, stream.first(size), padded};
}

}  // namespace

Frame next_frame(Bytes stream) {
  if (stream.empty()) return kIncomplete;
  switch (classify(stream.front())) {
    case FirstByte::kStun:
      return stun_frame(stream);
    case FirstByte::kChannelData:
      return channel_frame(stream);
    case FirstByte::kDtls:
    case FirstByte::kOther:
      return kInvalid;
  }
  return kInvalid;
}

}  // namespace noom::wire
