// However a stream is cut into reads, the same frames come out of it. The first byte of the input seeds the cuts.
#include <algorithm>
#include <string>
#include <vector>

#include "common/base/random.h"
#include "common/wire/channel_data.h"
#include "common/wire/stream_deframer.h"
#include "tests/fuzz/property.h"

namespace noom::wire {
namespace {

class Stream {
 public:
  // False once the stream is invalid.
  bool feed(Bytes bytes) {
    buffer_.insert(buffer_.end(), bytes.begin(), bytes.end());
    size_t at = 0;
    Frame frame = next_frame(buffer_);
    for (; take(frame); frame = next_frame(Bytes(buffer_).subspan(at))) at += frame.consumed;
    buffer_.erase(buffer_.begin(), buffer_.begin() + static_cast<std::ptrdiff_t>(at));
    NOOM_PROPERTY(frame.consumed == 0);
    NOOM_PROPERTY(frame.kind == Frame::Kind::kInvalid || buffer_.size() < kFrameSizeMax);
    return frame.kind != Frame::Kind::kInvalid;
  }
  const std::vector<std::string>& frames() const { return frames_; }

 private:
  bool take(const Frame& frame) {
    if (frame.kind != Frame::Kind::kStun && frame.kind != Frame::Kind::kChannelData) return false;
    NOOM_PROPERTY(frame.bytes.size() <= frame.consumed && frame.consumed < frame.bytes.size() + 4);
    NOOM_PROPERTY(frame.consumed % 4 == 0 && frame.consumed <= kFrameSizeMax);
    frames_.emplace_back(as_text(frame.bytes));
    return true;
  }
  std::vector<std::byte> buffer_;
  std::vector<std::string> frames_;
};

void check_stream(Bytes input, uint64_t seed) {
  Stream whole;
  const bool whole_valid = whole.feed(input);
  Stream cut;
  bool cut_valid = true;
  SeededRandom random(seed);
  for (Bytes rest = input; cut_valid && !rest.empty();) {
    const size_t size = std::min<size_t>(rest.size(), 1 + random.below(64));
    cut_valid = cut.feed(rest.first(size));
    rest = rest.subspan(size);
  }
  NOOM_PROPERTY(whole_valid == cut_valid);
  NOOM_PROPERTY(whole.frames() == cut.frames());
}

}  // namespace
}  // namespace noom::wire

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  noom::wire::check_stream(std::as_bytes(std::span(data + 1, size - 1)), data[0]);
  return 0;
}
