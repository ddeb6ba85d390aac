// RFC 8656 §12.4.
#include "common/wire/channel_data.h"

#include <gtest/gtest.h>

#include <array>

#include "tests/vectors/hex.h"

namespace noom::wire {
namespace {

using vectors::from_hex;
using vectors::to_hex;

TEST(ChannelData, IsReadAndWritten) {
  const auto bytes = from_hex("4001 0003 616263");
  const auto data = parse_channel_data(bytes);
  ASSERT_TRUE(data);
  EXPECT_EQ(data->channel, 0x4001);
  EXPECT_EQ(as_text(data->payload), "abc");
  std::array<std::byte, kChannelHeaderSize> header;
  write_channel_header(header, 0x4001, 3);
  EXPECT_EQ(to_hex(header), "40010003");
}

TEST(ChannelData, MayBeEmpty) {
  const auto bytes = from_hex("4fff 0000");
  const auto data = parse_channel_data(bytes);
  ASSERT_TRUE(data);
  EXPECT_EQ(data->channel, 0x4fff);
  EXPECT_TRUE(data->payload.empty());
}

TEST(ChannelData, IgnoresPaddingAfterThePayload) {
  const auto bytes = from_hex("4000 0001 61 000000");
  EXPECT_EQ(as_text(parse_channel_data(bytes)->payload), "a");
}

TEST(ChannelData, RefusesTruncationAtEveryByte) {
  const auto whole = from_hex("4001 0003 616263");
  for (size_t size = 0; size < whole.size(); ++size) EXPECT_FALSE(parse_channel_data(Bytes(whole).first(size))) << size;
}

TEST(ChannelData, RefusesReservedChannelNumbers) {
  // RFC 8656 §12: 0x4000-0x4FFF
  for (const std::string_view number : {"0000", "3fff", "5000", "7fff", "8000", "ffff"})
    EXPECT_FALSE(parse_channel_data(from_hex(std::string(number) + "0000"))) << number;
}

TEST(FirstByte, TellsTheProtocolsApart) {
  // RFC 7983 §7, RFC 8656 §12
  for (unsigned value = 0; value < 256; ++value) {
    const FirstByte expected = value <= 3                   ? FirstByte::kStun
                               : value >= 20 && value <= 63 ? FirstByte::kDtls
                               : value >= 64 && value <= 79 ? FirstByte::kChannelData
                                                            : FirstByte::kOther;
    EXPECT_EQ(classify(static_cast<std::byte>(value)), expected) << value;
  }
}

}  // namespace
}  // namespace noom::wire
