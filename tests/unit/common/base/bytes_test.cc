#include "common/base/bytes.h"

#include <gtest/gtest.h>

namespace noom {
namespace {

TEST(Reader, ReadsBigEndianInOrder) {
  const std::array<std::byte, 7> raw = {std::byte{1}, std::byte{2}, std::byte{3}, std::byte{4},
                                        std::byte{5}, std::byte{6}, std::byte{7}};
  Reader reader(raw);
  EXPECT_EQ(reader.u8(), 1);
  EXPECT_EQ(reader.u16(), 0x0203);
  EXPECT_EQ(reader.u32(), 0x04050607U);
  EXPECT_EQ(reader.remaining(), 0U);
  EXPECT_TRUE(reader.ok());
}

TEST(Reader, LatchesItsFirstFailure) {
  const std::array<std::byte, 3> raw = {std::byte{1}, std::byte{2}, std::byte{3}};
  Reader reader(raw);
  EXPECT_EQ(reader.u32(), 0U);
  EXPECT_FALSE(reader.ok());
  EXPECT_EQ(reader.u8(), 0) << "nothing is read after a failure, though a byte would fit";
  EXPECT_FALSE(reader.ok());
}

TEST(Writer, LatchesItsFirstFailureAndKeepsWhatFitted) {
  std::array<std::byte, 3> room{};
  Writer writer(room);
  writer.u16(0xabcd);
  writer.u16(0x1234);
  writer.u8(1);
  EXPECT_FALSE(writer.ok());
  EXPECT_EQ(writer.size(), 2U);
  EXPECT_EQ(room[2], std::byte{0});
}

TEST(Writer, RoundTripsThroughReader) {
  std::array<std::byte, 32> room{};
  Writer writer(room);
  writer.u64(0x0102030405060708);
  writer.bytes(as_bytes("noom"));
  writer.zeros(2);
  ASSERT_TRUE(writer.ok());
  Reader reader(writer.written());
  EXPECT_EQ(reader.u64(), 0x0102030405060708U);
  EXPECT_EQ(as_text(reader.take(4)), "noom");
  EXPECT_EQ(reader.u16(), 0);
}

}  // namespace
}  // namespace noom
