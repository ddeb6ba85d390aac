// RFC 6455 §5.2: the length is written in the fewest bytes that hold it.
#include "signal/shell/frame_head.h"

#include <gtest/gtest.h>

namespace noom::signal {
namespace {

using std::string_view_literals::operator""sv;

TEST(FrameHead, HasTheLengthInTheFewestBytes) {
  EXPECT_EQ(text_frame_head(0).view(), "\x81\x00"sv);
  EXPECT_EQ(text_frame_head(125).view(), "\x81\x7d"sv);
  EXPECT_EQ(text_frame_head(126).view(), "\x81\x7e\x00\x7e"sv);
  EXPECT_EQ(text_frame_head(65535).view(), "\x81\x7e\xff\xff"sv);
  EXPECT_EQ(text_frame_head(65536).view(), "\x81\x7f\x00\x00\x00\x00\x00\x01\x00\x00"sv);
}

}  // namespace
}  // namespace noom::signal
