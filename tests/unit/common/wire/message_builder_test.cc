#include "common/wire/message_builder.h"

#include <gtest/gtest.h>

#include <array>
#include <vector>

#include "common/wire/integrity.h"
#include "tests/vectors/hex.h"

namespace noom::wire {
namespace {

using vectors::to_hex;

constexpr TransactionId kId{};
constexpr std::string_view kEmptyHeader = "000100002112a442000000000000000000000000";

class MessageBuilderTest : public testing::Test {
 protected:
  MessageBuilder builder(size_t size = 256) {
    room_.assign(size, std::byte{0xee});
    return MessageBuilder(room_, Method::kBinding, Class::kRequest, kId);
  }
  // What `bytes` holds after the header.
  static std::string body(Bytes bytes) { return to_hex(bytes.subspan(kHeaderSize)); }
  std::vector<std::byte> room_;
};

TEST_F(MessageBuilderTest, WritesAnEmptyMessage) {
  auto b = builder();
  EXPECT_EQ(to_hex(b.finish()), kEmptyHeader);
}

TEST_F(MessageBuilderTest, PadsWithZeros) {
  auto b = builder();
  b.text(Attr::kRealm, "")
      .text(Attr::kRealm, "a")
      .text(Attr::kRealm, "ab")
      .text(Attr::kRealm, "abc")
      .text(Attr::kRealm, "abcd");
  EXPECT_EQ(body(b.finish()),
            "00140000"
            "0014000161000000"
            "0014000261620000"
            "0014000361626300"
            "0014000461626364");
}

TEST_F(MessageBuilderTest, WritesIntegers) {
  auto b = builder();
  b.u32(Attr::kLifetime, 600).u64(Attr::kReservationToken, 0x0102030405060708);
  EXPECT_EQ(body(b.finish()),
            "000d000400000258"
            "002200080102030405060708");
}

TEST_F(MessageBuilderTest, WritesErrors) {
  // RFC 8489 §14.8; a reason is recommended, not required.
  auto b = builder();
  b.error(ErrorCode::kStaleNonce, "Stale").error(ErrorCode::kTryAlternate, "");
  EXPECT_EQ(body(b.finish()),
            "00090009"
            "00000426"
            "5374616c65000000"
            "00090004"
            "00000300");
}

TEST_F(MessageBuilderTest, WritesUnknownAttributesOfAnyCount) {
  // RFC 8489 §14.13
  const uint16_t types[] = {0x7fff, 0x0003, 0x0005};
  const std::string_view expected[] = {"000a0000", "000a00027fff0000", "000a00047fff0003", "000a00067fff000300050000"};
  for (size_t count = 0; count <= std::size(types); ++count) {
    auto b = builder();
    b.unknown_attributes(std::span(types).first(count));
    EXPECT_EQ(body(b.finish()), expected[count]);
  }
}

TEST_F(MessageBuilderTest, AddressesComeBackAsTheyWere) {
  for (const std::string_view text :
       {"192.0.2.1:0", "0.0.0.0:65535", "[2001:db8::1]:3478", "[::ffff:192.0.2.1]:1", "[::]:0"}) {
    const IpEndpoint endpoint = *IpEndpoint::parse(text);
    std::array<std::byte, 128> room;
    TransactionId id;
    id.fill(std::byte{0x5a});
    MessageBuilder b(room, Method::kBinding, Class::kSuccess, id);
    b.xor_address(Attr::kXorMappedAddress, endpoint).plain_address(Attr::kMappedAddress, endpoint);
    const auto message = MessageView::parse(b.finish());
    ASSERT_TRUE(message);
    EXPECT_EQ(message->xor_address(Attr::kXorMappedAddress), endpoint);
    EXPECT_EQ(message->plain_address(Attr::kMappedAddress), endpoint);
  }
}

// Everything a response can hold, into a room of `size` bytes.
Bytes build_all(MutableBytes room) {
  const uint16_t unknown[] = {1};
  MessageBuilder b(room, Method::kAllocate, Class::kError, kId);
  b.text(Attr::kSoftware, "noom")
      .u32(Attr::kLifetime, 1)
      .u64(Attr::kReservationToken, 1)
      .error(ErrorCode::kForbidden, "no");
  b.unknown_attributes(unknown).xor_address(Attr::kXorMappedAddress, {}).plain_address(Attr::kMappedAddress, {});
  b.message_integrity(as_bytes("key")).message_integrity_sha256(as_bytes("key")).fingerprint();
  return b.finish();
}

TEST_F(MessageBuilderTest, YieldsNothingWhenTheRoomIsTooSmall) {
  std::vector<std::byte> room(512);
  const size_t needed = build_all(room).size();
  ASSERT_GT(needed, 0u);
  for (size_t size = 0; size < needed; ++size) {
    std::vector<std::byte> small(size);
    EXPECT_TRUE(build_all(small).empty()) << size;
  }
  std::vector<std::byte> exact(needed);
  EXPECT_EQ(to_hex(build_all(exact)), to_hex(Bytes(room).first(needed)));
}

TEST_F(MessageBuilderTest, WritesAConnectionAttempt) {
  // RFC 6062 §6.1, §6.2.1: method 0x00c; CONNECTION-ID is 0x002a, four bytes.
  std::array<std::byte, 64> room;
  const IpEndpoint peer{IpAddress::v4(192, 0, 2, 1), 32853};
  const Bytes whole = MessageBuilder(room, Method::kConnectionAttempt, Class::kIndication, kId)
                          .xor_address(Attr::kXorPeerAddress, peer)
                          .u32(Attr::kConnectionId, 0x01abcdef)
                          .finish();
  EXPECT_EQ(to_hex(whole),
            "001c00142112a442000000000000000000000000"
            "00120008"
            "0001a147e112a643"
            "002a000401abcdef");
  const auto message = MessageView::parse(whole);
  ASSERT_TRUE(message);
  EXPECT_TRUE(message->is(Method::kConnectionAttempt, Class::kIndication));
  EXPECT_EQ(message->xor_address(Attr::kXorPeerAddress), peer);
  EXPECT_EQ(message->u32(Attr::kConnectionId), 0x01abcdefu);
}

TEST_F(MessageBuilderTest, FillsTheLargestMessageAndNotMore) {
  const std::string longest(kMessageSizeMax - kHeaderSize - kAttributeHeaderSize, 'x');
  auto fits = builder(2 * kMessageSizeMax);
  fits.text(Attr::kData, longest);
  EXPECT_EQ(fits.finish().size(), kMessageSizeMax);
  auto fails = builder(2 * kMessageSizeMax);
  fails.text(Attr::kData, longest).u32(Attr::kLifetime, 1);
  EXPECT_TRUE(fails.finish().empty());
  auto wraps = builder(2 * kMessageSizeMax);
  wraps.text(Attr::kData, std::string(65536 + 4, 'x'));
  EXPECT_TRUE(wraps.finish().empty());
}

TEST_F(MessageBuilderTest, IntegrityCoversALengthThatEndsWithIt) {
  // RFC 8489 §14.5-14.7: each verifies although more follows.
  std::vector<std::byte> room(512);
  const auto message = MessageView::parse(build_all(room));
  ASSERT_TRUE(message);
  EXPECT_EQ(check_message_integrity(*message, as_bytes("key")), Check::kValid);
  EXPECT_EQ(check_message_integrity_sha256(*message, as_bytes("key")), Check::kValid);
  EXPECT_EQ(check_fingerprint(*message), Check::kValid);
}

}  // namespace
}  // namespace noom::wire
