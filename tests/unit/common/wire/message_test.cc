// RFC 8489 §5, §14: what is a STUN message, and what its attributes say.
#include "common/wire/message.h"

#include <gtest/gtest.h>

#include <array>
#include <vector>

#include "common/wire/message_builder.h"
#include "tests/vectors/hex.h"

namespace noom::wire {
namespace {

using vectors::from_hex;
using Raw = std::vector<std::byte>;

constexpr TransactionId kId = {std::byte{1}, std::byte{2}, std::byte{3}, std::byte{4},  std::byte{5},  std::byte{6},
                               std::byte{7}, std::byte{8}, std::byte{9}, std::byte{10}, std::byte{11}, std::byte{12}};

// A Binding request holding `attributes`, given in hexadecimal.
Raw request(std::string_view attributes) {
  Raw bytes = from_hex("0001 0000 2112a442 0102030405060708090a0b0c");
  const Raw body = from_hex(attributes);
  bytes.insert(bytes.end(), body.begin(), body.end());
  store_be(bytes.data() + 2, static_cast<uint16_t>(body.size()));
  return bytes;
}

TEST(MessageView, ReadsEveryMethodAndClass) {
  // RFC 8489 §5, figure 3
  for (uint16_t method = 0; method < 0x1000; ++method) {
    for (const Class message_class : {Class::kRequest, Class::kIndication, Class::kSuccess, Class::kError}) {
      std::array<std::byte, kHeaderSize> room;
      MessageBuilder builder(room, static_cast<Method>(method), message_class, kId);
      const auto message = MessageView::parse(builder.finish());
      ASSERT_TRUE(message);
      ASSERT_TRUE(message->is(static_cast<Method>(method), message_class)) << method;
      ASSERT_EQ(message->transaction_id(), kId);
    }
  }
  EXPECT_TRUE(MessageView::parse(from_hex("0113 0000 2112a442 000000000000000000000000"))
                  ->is(Method::kAllocate, Class::kError));
  EXPECT_TRUE(MessageView::parse(from_hex("0016 0000 2112a442 000000000000000000000000"))
                  ->is(Method::kSend, Class::kIndication));
}

TEST(MessageView, RefusesTruncationAtEveryByte) {
  const Raw whole = request("0006 0005 616c696365 000000 8022 0004 6e6f6f6d");
  ASSERT_TRUE(MessageView::parse(whole));
  for (size_t size = 0; size < whole.size(); ++size) EXPECT_FALSE(MessageView::parse(Bytes(whole).first(size))) << size;
}

TEST(MessageView, RefusesBytesBeyondItsLength) {
  Raw bytes = request("8022 0004 6e6f6f6d");
  bytes.resize(bytes.size() + 4);
  EXPECT_FALSE(MessageView::parse(bytes));
}

TEST(MessageView, RefusesTheWrongHeader) {
  for (const std::string_view header : {
           "4001 0000 2112a442 000000000000000000000000",       // ChannelData's first bits
           "8001 0000 2112a442 000000000000000000000000",       // RTP's
           "0001 0000 2112a443 000000000000000000000000",       // another cookie
           "0001 0002 2112a442 000000000000000000000000 0000",  // a length that is no multiple of 4
       })
    EXPECT_FALSE(MessageView::parse(from_hex(header))) << header;
}

TEST(MessageView, RefusesAttributesThatOverrun) {
  for (const std::string_view attributes : {
           "8022 0005 6e6f6f6d",  // value past the end
           "8022 0001",           // only the padding's place missing
           "8022 ffff 6e6f6f6d",  // longest length
           "8022 fffd 6e6f6f6d",  // padded length is 65536
           "8022 0004 6e6f6f6d 8022 0001 00000000 0006 0009 00000000",
       })
    EXPECT_FALSE(MessageView::parse(request(attributes))) << attributes;
}

TEST(MessageView, FindsValuesWithoutTheirPadding) {
  const Raw bytes = request("0006 0000 0014 0001 61ffffff 0015 0002 6162ffff 8022 0003 616263ff 0013 0004 61626364");
  const auto message = MessageView::parse(bytes);
  ASSERT_TRUE(message);
  EXPECT_EQ(message->text(Attr::kUsername), "");
  EXPECT_EQ(message->text(Attr::kRealm), "a");
  EXPECT_EQ(message->text(Attr::kNonce), "ab");
  EXPECT_EQ(message->text(Attr::kSoftware), "abc");
  EXPECT_EQ(message->text(Attr::kData), "abcd");
  EXPECT_EQ(message->text(Attr::kUserhash), std::nullopt);
  EXPECT_EQ(message->find(Attr::kRealm)->offset, kHeaderSize + 4);
}

TEST(MessageView, FindsTheFirstOfSeveral) {
  const Raw bytes = request("0014 0001 61000000 0014 0001 62000000");
  EXPECT_EQ(MessageView::parse(bytes)->text(Attr::kRealm), "a");
}

TEST(MessageView, TypedReadersRefuseOtherLengths) {
  const Raw bytes =
      request("000d 0002 00010000 0019 0001 11000000 0018 0004 80000000 0022 0004 00000000 000c 0008 4000000000000000");
  const auto message = MessageView::parse(bytes);
  EXPECT_EQ(message->u32(Attr::kLifetime), std::nullopt);
  EXPECT_TRUE(message->has(Attr::kLifetime));
  EXPECT_EQ(message->leading_u8(Attr::kRequestedTransport), std::nullopt);
  EXPECT_EQ(message->u8(Attr::kEvenPort), std::nullopt);
  EXPECT_EQ(message->u64(Attr::kReservationToken), std::nullopt);
  EXPECT_EQ(message->leading_u16(Attr::kChannelNumber), std::nullopt);
  EXPECT_EQ(message->u32(Attr::kPriority), std::nullopt);
}

TEST(MessageView, TypedReadersIgnoreReservedBits) {
  const Raw bytes = request(
      "000d 0004 00000258 0019 0004 11ffffff 0017 0004 02abcdef 0018 0001 80000000 0022 0008 0102030405060708 000c "
      "0004 4001ffff");
  const auto message = MessageView::parse(bytes);
  EXPECT_EQ(message->u32(Attr::kLifetime), 600u);
  EXPECT_EQ(message->leading_u8(Attr::kRequestedTransport), kProtocolUdp);
  EXPECT_EQ(message->leading_u8(Attr::kRequestedAddressFamily), 2);
  EXPECT_EQ(message->u8(Attr::kEvenPort), 0x80);
  EXPECT_EQ(message->u64(Attr::kReservationToken), 0x0102030405060708u);
  EXPECT_EQ(message->leading_u16(Attr::kChannelNumber), 0x4001);
}

TEST(MessageView, ReadsAddressesOfBothFamilies) {
  // RFC 8489 §14.1, §14.2. The reserved first byte is ignored.
  const Raw bytes = request(
      "0001 0008 ff01 1234 c0000201"
      "8023 0014 0002 1234 20010db8000000000000000000000001"
      "0020 0008 0001 3326 e112a643"
      "0016 0014 0002 3326 0113a9fa 01020304 05060708 090a0b0d");
  const auto message = MessageView::parse(bytes);
  ASSERT_TRUE(message);
  EXPECT_EQ(message->plain_address(Attr::kMappedAddress), IpEndpoint::parse("192.0.2.1:4660"));
  EXPECT_EQ(message->plain_address(Attr::kAlternateServer), IpEndpoint::parse("[2001:db8::1]:4660"));
  EXPECT_EQ(message->xor_address(Attr::kXorMappedAddress), IpEndpoint::parse("192.0.2.1:4660"));
  EXPECT_EQ(message->xor_address(Attr::kXorRelayedAddress), IpEndpoint::parse("[2001:db8::1]:4660"));
  EXPECT_EQ(message->xor_address(Attr::kXorPeerAddress), std::nullopt);
}

TEST(MessageView, RefusesMalformedAddresses) {
  for (const std::string_view value :
       {"0020 0000", "0020 0003 00010000", "0020 0004 00010000", "0020 0008 0000 3326 e112a643",
        "0020 0008 0003 3326 e112a643", "0020 0008 0002 3326 e112a643", "0020 0007 0001 3326 e112a600",
        "0020 000c 0001 3326 e112a643 00000000", "0020 0014 0001 3326 0113a9fa 01020304 05060708 090a0b0d",
        "0020 0018 0002 3326 0113a9fa 01020304 05060708 090a0b0d 00000000"}) {
    const Raw bytes = request(value);
    ASSERT_TRUE(MessageView::parse(bytes)) << value;
    EXPECT_EQ(MessageView::parse(bytes)->xor_address(Attr::kXorMappedAddress), std::nullopt) << value;
  }
}

TEST(MessageView, ReadsErrorCodes) {
  // RFC 8489 §14.8
  const auto code = [](std::string_view value) { return MessageView::parse(request(value))->error_code(); };
  EXPECT_EQ(code("0009 0004 00000401"), ErrorCode::kUnauthenticated);
  EXPECT_EQ(code("0009 0006 fffffc01 6e6f 0000"), ErrorCode::kUnauthenticated);
  EXPECT_EQ(code("0009 0004 00000326"), static_cast<ErrorCode>(338));
  for (const std::string_view bad :
       {"8022 0000", "0009 0003 00000400", "0009 0004 00000201", "0009 0004 00000701", "0009 0004 00000464"})
    EXPECT_EQ(code(bad), std::nullopt) << bad;
}

// Attribute types in the order for_each_honoured visits them.
std::vector<uint16_t> honoured(const Raw& bytes) {
  std::vector<uint16_t> types;
  MessageView::parse(bytes)->for_each_honoured([&](const AttributeView& attribute) {
    types.push_back(attribute.type);
    return true;
  });
  return types;
}

constexpr std::string_view kSha1 = "0008 0014 0000000000000000000000000000000000000000";
constexpr std::string_view kSha256 = "001c 0020 0000000000000000000000000000000000000000000000000000000000000000";
constexpr std::string_view kFingerprint = "8028 0004 00000000";
constexpr std::string_view kRealm = "0014 0001 61000000";

Raw sequence(std::initializer_list<std::string_view> attributes) {
  std::string hex;
  for (const std::string_view attribute : attributes) hex.append(attribute);
  return request(hex);
}

TEST(MessageView, IgnoresWhatFollowsTheIntegrity) {
  // RFC 8489 §14.5, §14.6
  using Types = std::vector<uint16_t>;
  EXPECT_EQ(honoured(sequence({kRealm, kSha1, kSha256, kFingerprint})), (Types{0x14, 0x08, 0x1c, 0x8028}));
  EXPECT_EQ(honoured(sequence({kSha1, kRealm, kSha256, kRealm, kFingerprint})), (Types{0x08, 0x1c, 0x8028}));
  EXPECT_EQ(honoured(sequence({kSha256, kSha1, kRealm, kFingerprint})), (Types{0x1c, 0x8028}));
  EXPECT_EQ(honoured(sequence({kSha1, kSha1})), (Types{0x08}));
  EXPECT_EQ(honoured(sequence({kSha256, kSha256})), (Types{0x1c}));
  EXPECT_EQ(honoured(sequence({kFingerprint, kRealm})), (Types{0x8028, 0x14}));
}

TEST(MessageView, FindDoesNotSeeIgnoredAttributes) {
  const Raw bytes = sequence({kSha1, kRealm});
  EXPECT_FALSE(MessageView::parse(bytes)->has(Attr::kRealm));
  size_t all = 0;
  MessageView::parse(bytes)->for_each([&](const AttributeView&) { return ++all > 0; });
  EXPECT_EQ(all, 2u);
}

TEST(CollectUnknown, ListsEachRequiredTypeOnceInOrder) {
  // RFC 8489 §6.3.1, §14.13
  const Raw bytes = request("7fff 0000 0006 0000 0fff 0000 8fff 0000 7fff 0000 0005 0000");
  const Attr understood[] = {Attr::kUsername};
  std::array<uint16_t, 8> room;
  const auto unknown = collect_unknown(*MessageView::parse(bytes), understood, room);
  EXPECT_EQ(std::vector(unknown.begin(), unknown.end()), (std::vector<uint16_t>{0x7fff, 0x0fff, 0x0005}));
}

TEST(CollectUnknown, StopsWhenTheRoomIsFull) {
  const Raw bytes = request("7fff 0000 7ffe 0000 7ffd 0000");
  std::array<uint16_t, 2> room;
  EXPECT_EQ(collect_unknown(*MessageView::parse(bytes), {}, room).size(), 2u);
  EXPECT_EQ(collect_unknown(*MessageView::parse(bytes), {}, {}).size(), 0u);
}

TEST(CollectUnknown, DoesNotListIgnoredAttributes) {
  const Raw bytes = sequence({kSha1, "7fff 0000"});
  const Attr understood[] = {Attr::kMessageIntegrity};
  std::array<uint16_t, 2> room;
  EXPECT_TRUE(collect_unknown(*MessageView::parse(bytes), understood, room).empty());
}

TEST(MessageView, ReadsTheLargestMessage) {
  Raw bytes = request("");
  bytes.resize(kMessageSizeMax);
  store_be(bytes.data() + 2, static_cast<uint16_t>(kMessageSizeMax - kHeaderSize));
  const auto message = MessageView::parse(bytes);
  ASSERT_TRUE(message);
  uint32_t last = 0;
  message->for_each([&](const AttributeView& attribute) { return (last = attribute.offset) > 0; });
  EXPECT_EQ(last, kMessageSizeMax - kAttributeHeaderSize);
}

}  // namespace
}  // namespace noom::wire
