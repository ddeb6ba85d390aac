// The messages that RFC 5769 and RFC 8489 print, read and written byte for byte.
#include <gtest/gtest.h>

#include <array>

#include "common/wire/digest.h"
#include "common/wire/integrity.h"
#include "common/wire/message_builder.h"
#include "tests/vectors/hex.h"
#include "tests/vectors/stun_messages.h"

namespace noom::wire {
namespace {

using namespace noom::vectors;

std::vector<std::byte> value_with_padding(const MessageView& message, Attr type) {
  const auto attribute = *message.find(type);
  const size_t size = (attribute.value.size() + 3) / 4 * 4;
  const Bytes padded = message.bytes().subspan(attribute.offset + kAttributeHeaderSize, size);
  return {padded.begin(), padded.end()};
}

Md5Digest long_term_key(std::string_view username, std::string_view realm, std::string_view password) {
  return md5({as_bytes(username), as_bytes(":"), as_bytes(realm), as_bytes(":"), as_bytes(password)});
}

TEST(Rfc5769, RequestIsReadAsPrinted) {
  // RFC 5769 §2.1
  const auto bytes = from_hex(kRfc5769Request);
  const auto message = MessageView::parse(bytes);
  ASSERT_TRUE(message);
  EXPECT_TRUE(message->is(Method::kBinding, Class::kRequest));
  EXPECT_EQ(to_hex(message->transaction_id()), "b7e7a701bc34d686fa87dfae");
  EXPECT_EQ(message->text(Attr::kSoftware), "STUN test client");
  EXPECT_EQ(message->u32(Attr::kPriority), 0x6e0001ffu);
  EXPECT_EQ(message->u64(Attr::kIceControlled), 0x932ff9b151263b36u);
  EXPECT_EQ(message->text(Attr::kUsername), kRfc5769ShortTermUsername);
  EXPECT_EQ(check_message_integrity(*message, as_bytes(kRfc5769Password)), Check::kValid);
  EXPECT_EQ(check_message_integrity(*message, as_bytes("another password")), Check::kInvalid);
  EXPECT_EQ(check_fingerprint(*message), Check::kValid);
  EXPECT_EQ(value_with_padding(*message, Attr::kUsername), from_hex("6576746a 3a683676 59202020"));
}

TEST(Rfc5769, ResponsesAreReadAsPrinted) {
  // RFC 5769 §2.2, §2.3
  const std::pair<std::string_view, std::string_view> cases[] = {
      {kRfc5769ResponseV4, "192.0.2.1:32853"},
      {kRfc5769ResponseV6, "[2001:db8:1234:5678:11:2233:4455:6677]:32853"},
  };
  for (const auto& [hex, endpoint] : cases) {
    const auto bytes = from_hex(hex);
    const auto message = MessageView::parse(bytes);
    ASSERT_TRUE(message);
    EXPECT_TRUE(message->is(Method::kBinding, Class::kSuccess));
    EXPECT_EQ(message->text(Attr::kSoftware), "test vector");
    EXPECT_EQ(message->xor_address(Attr::kXorMappedAddress), IpEndpoint::parse(endpoint));
    EXPECT_EQ(check_message_integrity(*message, as_bytes(kRfc5769Password)), Check::kValid);
    EXPECT_EQ(check_fingerprint(*message), Check::kValid);
  }
}

// Writes a printed message again. The builder pads with zeros where RFC 5769 pads with spaces, which are patched in
// before the integrity covers them.
class Rebuilder {
 public:
  explicit Rebuilder(const MessageView& original)
      : builder_(room_, original.method(), original.message_class(), original.transaction_id()) {}
  MessageBuilder& builder() { return builder_; }
  void pad_with_spaces(size_t count) {
    const size_t end = builder_.finish().size();
    std::fill_n(room_.begin() + static_cast<std::ptrdiff_t>(end - count), count, std::byte{' '});
  }
  std::string hex() { return to_hex(builder_.finish()); }

 private:
  std::array<std::byte, 512> room_{};
  MessageBuilder builder_;
};

TEST(Rfc5769, RequestIsWrittenAsPrinted) {
  // RFC 5769 §2.1
  const auto bytes = from_hex(kRfc5769Request);
  Rebuilder rebuilder(*MessageView::parse(bytes));
  rebuilder.builder()
      .text(Attr::kSoftware, "STUN test client")
      .u32(Attr::kPriority, 0x6e0001ff)
      .u64(Attr::kIceControlled, 0x932ff9b151263b36)
      .text(Attr::kUsername, kRfc5769ShortTermUsername);
  rebuilder.pad_with_spaces(3);
  rebuilder.builder().message_integrity(as_bytes(kRfc5769Password)).fingerprint();
  EXPECT_EQ(rebuilder.hex(), to_hex(bytes));
}

TEST(Rfc5769, ResponsesAreWrittenAsPrinted) {
  // RFC 5769 §2.2, §2.3
  const std::pair<std::string_view, std::string_view> cases[] = {
      {kRfc5769ResponseV4, "192.0.2.1:32853"},
      {kRfc5769ResponseV6, "[2001:db8:1234:5678:11:2233:4455:6677]:32853"},
  };
  for (const auto& [hex, endpoint] : cases) {
    const auto bytes = from_hex(hex);
    Rebuilder rebuilder(*MessageView::parse(bytes));
    rebuilder.builder().text(Attr::kSoftware, "test vector");
    rebuilder.pad_with_spaces(1);
    rebuilder.builder()
        .xor_address(Attr::kXorMappedAddress, *IpEndpoint::parse(endpoint))
        .message_integrity(as_bytes(kRfc5769Password))
        .fingerprint();
    EXPECT_EQ(rebuilder.hex(), to_hex(bytes));
  }
}

TEST(Rfc5769, LongTermRequestIsReadAndWrittenAsPrinted) {
  // RFC 5769 §2.4
  const auto bytes = from_hex(kRfc5769LongTermRequest);
  const auto message = MessageView::parse(bytes);
  ASSERT_TRUE(message);
  const Md5Digest key = long_term_key(kMatrixUsername, kMatrixRealm, kMatrixPassword);
  EXPECT_EQ(message->text(Attr::kUsername), kMatrixUsername);
  EXPECT_EQ(message->text(Attr::kRealm), kMatrixRealm);
  EXPECT_EQ(message->text(Attr::kNonce), "f//499k954d6OL34oL9FSTvy64sA");
  EXPECT_EQ(check_message_integrity(*message, key), Check::kValid);
  EXPECT_EQ(check_fingerprint(*message), Check::kAbsent);

  Rebuilder rebuilder(*message);
  rebuilder.builder()
      .text(Attr::kUsername, kMatrixUsername)
      .text(Attr::kNonce, "f//499k954d6OL34oL9FSTvy64sA")
      .text(Attr::kRealm, kMatrixRealm)
      .message_integrity(key);
  EXPECT_EQ(rebuilder.hex(), to_hex(bytes));
}

TEST(Rfc8489, AppendixB1IsReadAndWrittenAsCorrected) {
  // RFC 8489 B.1, erratum 6268
  const auto bytes = from_hex(kRfc8489B1Request);
  const auto message = MessageView::parse(bytes);
  ASSERT_TRUE(message);
  const auto colon = as_bytes(":");
  const Sha256Digest key =
      sha256({as_bytes(kMatrixUsername), colon, as_bytes(kMatrixRealm), colon, as_bytes(kMatrixPassword)});
  const Sha256Digest userhash = sha256({as_bytes(kMatrixUsername), colon, as_bytes(kMatrixRealm)});
  EXPECT_EQ(to_hex(message->find(Attr::kUserhash)->value), to_hex(userhash));
  EXPECT_EQ(check_message_integrity_sha256(*message, key), Check::kValid);
  EXPECT_EQ(check_message_integrity_sha256(*message, userhash), Check::kInvalid);
  EXPECT_EQ(check_message_integrity(*message, key), Check::kAbsent);

  Rebuilder rebuilder(*message);
  rebuilder.builder()
      .raw(Attr::kUserhash, userhash)
      .text(Attr::kNonce, "obMatJos2AAACf//499k954d6OL34oL9FSTvy64sA")
      .text(Attr::kRealm, kMatrixRealm)
      .u32(Attr::kPasswordAlgorithm, 0x00020000)
      .message_integrity_sha256(key);
  EXPECT_EQ(rebuilder.hex(), to_hex(bytes));
}

TEST(Vectors, AnyFlippedBitOfACoveredMessageIsNoticed) {
  // RFC 8489 §14.5-14.7: the method and class, the transaction id and every attribute are covered.
  const auto original = from_hex(kRfc5769Request);
  for (size_t bit = 0; bit < original.size() * 8; ++bit) {
    auto bytes = original;
    bytes[bit / 8] ^= static_cast<std::byte>(1u << bit % 8);
    const auto message = MessageView::parse(bytes);
    if (!message) continue;
    EXPECT_NE(check_fingerprint(*message), Check::kValid) << bit;
    if (bit / 8 < original.size() - 8) {
      EXPECT_NE(check_message_integrity(*message, as_bytes(kRfc5769Password)), Check::kValid) << bit;
    }
  }
}

}  // namespace
}  // namespace noom::wire
