#include "common/wire/stream_deframer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "tests/vectors/hex.h"
#include "tests/vectors/stun_messages.h"

namespace noom::wire {
namespace {

using vectors::from_hex;
using vectors::to_hex;
using Raw = std::vector<std::byte>;
using Kind = Frame::Kind;

// What a connection does with next_frame(): append, cut, drop.
class Stream {
 public:
  void feed(Bytes bytes) {
    buffer_.insert(buffer_.end(), bytes.begin(), bytes.end());
    for (Frame frame = next_frame(buffer_); frame.kind != Kind::kIncomplete; frame = next_frame(buffer_)) {
      if (frame.kind == Kind::kInvalid) {
        frames_.push_back("invalid");
        buffer_.clear();
        return;
      }
      frames_.push_back((frame.kind == Kind::kStun ? "stun " : "channel ") + to_hex(frame.bytes));
      buffer_.erase(buffer_.begin(), buffer_.begin() + static_cast<std::ptrdiff_t>(frame.consumed));
    }
  }
  const std::vector<std::string>& frames() const { return frames_; }
  bool drained() const { return buffer_.empty(); }

 private:
  Raw buffer_;
  std::vector<std::string> frames_;
};

// A request, ChannelData of every padding, an empty message, one more request.
struct Pipelined {
  Raw bytes;
  std::vector<std::string> frames;

  Pipelined() {
    add("stun ", vectors::kRfc5769Request, "");
    add("channel ", "4000 0000", "");
    add("channel ", "4001 0001 61", "000000");
    add("channel ", "4fff 0002 6162", "ffff");
    add("channel ", "4002 0003 616263", "00");
    add("channel ", "4003 0004 61626364", "");
    add("stun ", "0001 0000 2112a442 000000000000000000000000", "");
    add("stun ", vectors::kRfc5769LongTermRequest, "");
  }
  void add(std::string kind, std::string_view frame, std::string_view padding) {
    const Raw raw = from_hex(frame);
    frames.push_back(kind + to_hex(raw));
    for (const Raw& part : {raw, from_hex(padding)}) bytes.insert(bytes.end(), part.begin(), part.end());
  }
};

TEST(StreamDeframer, CutsPipelinedFramesFedAtOnce) {
  const Pipelined input;
  Stream stream;
  stream.feed(input.bytes);
  EXPECT_EQ(stream.frames(), input.frames);
  EXPECT_TRUE(stream.drained());
}

TEST(StreamDeframer, CutsFramesFedByteByByte) {
  const Pipelined input;
  Stream stream;
  for (const std::byte& b : input.bytes) stream.feed(Bytes(&b, 1));
  EXPECT_EQ(stream.frames(), input.frames);
  EXPECT_TRUE(stream.drained());
}

TEST(StreamDeframer, CutsFramesSplitAnywhere) {
  const Pipelined input;
  for (size_t split = 0; split <= input.bytes.size(); ++split) {
    Stream stream;
    stream.feed(Bytes(input.bytes).first(split));
    stream.feed(Bytes(input.bytes).subspan(split));
    EXPECT_EQ(stream.frames(), input.frames) << split;
    EXPECT_TRUE(stream.drained()) << split;
  }
}

TEST(StreamDeframer, RefusesEveryOtherFirstByte) {
  for (unsigned value = 0; value < 256; ++value) {
    const auto first = static_cast<std::byte>(value);
    const bool known = value <= 3 || (value >= 64 && value <= 79);
    EXPECT_EQ(next_frame(Bytes(&first, 1)).kind, known ? Kind::kIncomplete : Kind::kInvalid) << value;
  }
}

TEST(StreamDeframer, RefusesAStunLengthThatIsNoMultipleOf4BeforeTheBodyComes) {
  for (const std::string_view header : {"0001 0001", "0001 0002", "0001 ffff"})
    EXPECT_EQ(next_frame(from_hex(header)).kind, Kind::kInvalid) << header;
}

TEST(StreamDeframer, RefusesAWrongCookieBeforeTheBodyComes) {
  EXPECT_EQ(next_frame(from_hex("0001 0004 2112a4")).kind, Kind::kIncomplete);
  EXPECT_EQ(next_frame(from_hex("0001 0004 2112a443")).kind, Kind::kInvalid);
}

TEST(StreamDeframer, WaitsForNothingLargerThanItsLimit) {
  for (const std::string_view header : {"0001 fffc 2112a442", "4000 ffff"}) {
    Raw stream = from_hex(header);
    stream.resize(kFrameSizeMax);
    const Frame frame = next_frame(stream);
    EXPECT_NE(frame.kind, Kind::kIncomplete) << header;
    EXPECT_LE(frame.consumed, kFrameSizeMax);
  }
}

TEST(StreamDeframer, EmptyStreamIsIncomplete) {
  EXPECT_EQ(next_frame({}).kind, Kind::kIncomplete);
  EXPECT_EQ(next_frame({}).consumed, 0u);
}

}  // namespace
}  // namespace noom::wire
