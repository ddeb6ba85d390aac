// RFC 8489 §14.5-14.7. The printed vectors are in vectors_test.cc.
#include "common/wire/integrity.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "common/wire/digest.h"
#include "common/wire/message_builder.h"
#include "tests/vectors/hex.h"

namespace noom::wire {
namespace {

using vectors::from_hex;
using vectors::to_hex;
using Raw = std::vector<std::byte>;
const Bytes kKey = as_bytes("key");

class IntegrityTest : public testing::Test {
 protected:
  MessageBuilder& builder() { return builder_; }
  MessageView message() { return *MessageView::parse(builder_.finish()); }

 private:
  std::vector<std::byte> room_ = std::vector<std::byte>(512);
  MessageBuilder builder_{room_, Method::kRefresh, Class::kRequest, TransactionId{}};
};

TEST_F(IntegrityTest, IsAbsentFromAPlainMessage) {
  EXPECT_EQ(check_message_integrity(message(), kKey), Check::kAbsent);
  EXPECT_EQ(check_message_integrity_sha256(message(), kKey), Check::kAbsent);
  EXPECT_EQ(check_fingerprint(message()), Check::kAbsent);
}

TEST_F(IntegrityTest, DependsOnTheKey) {
  builder().message_integrity(kKey).message_integrity_sha256(kKey);
  for (const std::string_view other : {"", "ke", "kez", "key "}) {
    EXPECT_EQ(check_message_integrity(message(), as_bytes(other)), Check::kInvalid);
    EXPECT_EQ(check_message_integrity_sha256(message(), as_bytes(other)), Check::kInvalid);
  }
  EXPECT_EQ(check_message_integrity(message(), kKey), Check::kValid);
  EXPECT_EQ(check_message_integrity_sha256(message(), kKey), Check::kValid);
}

TEST_F(IntegrityTest, MayBeKeyedWithNothing) {
  builder().message_integrity({}).message_integrity_sha256({});
  EXPECT_EQ(check_message_integrity(message(), kKey), Check::kInvalid);
  EXPECT_EQ(check_message_integrity(message(), {}), Check::kValid);
  EXPECT_EQ(check_message_integrity_sha256(message(), {}), Check::kValid);
}

TEST_F(IntegrityTest, StaysValidWhenIgnoredAttributesFollow) {
  builder().message_integrity(kKey).text(Attr::kRealm, "ignored");
  EXPECT_EQ(check_message_integrity(message(), kKey), Check::kValid);
}

TEST_F(IntegrityTest, CoversWhatPrecedesTheFirstOfTwo) {
  builder().message_integrity(kKey).message_integrity(as_bytes("other"));
  EXPECT_EQ(check_message_integrity(message(), kKey), Check::kValid);
}

TEST_F(IntegrityTest, OfAnotherLengthIsInvalid) {
  // RFC 8489 §14.6 lets a usage truncate to 16 bytes; RFC 8656 does not.
  const Raw zeros(36);
  for (const size_t size : {0u, 16u, 19u, 21u, 24u, 28u, 31u, 33u, 36u}) {
    Raw room(512);
    MessageBuilder b(room, Method::kRefresh, Class::kRequest, TransactionId{});
    b.raw(Attr::kMessageIntegrity, Bytes(zeros).first(size))
        .raw(Attr::kMessageIntegritySha256, Bytes(zeros).first(size));
    const auto parsed = MessageView::parse(b.finish());
    EXPECT_EQ(check_message_integrity(*parsed, kKey), Check::kInvalid) << size;
    EXPECT_EQ(check_message_integrity_sha256(*parsed, kKey), Check::kInvalid) << size;
  }
}

TEST_F(IntegrityTest, FingerprintMustBeLast) {
  builder().fingerprint();
  EXPECT_EQ(check_fingerprint(message()), Check::kValid);
  builder().text(Attr::kSoftware, "noom");
  EXPECT_EQ(check_fingerprint(message()), Check::kInvalid);
}

TEST_F(IntegrityTest, FingerprintOfAnotherLengthIsInvalid) {
  builder().text(Attr::kFingerprint, "abc");
  EXPECT_EQ(check_fingerprint(message()), Check::kInvalid);
}

TEST(Digest, AgreesWithPublishedValues) {
  // RFC 1321 A.5, FIPS 180-4, RFC 2202 §3, RFC 4231 §4, and the check value of CRC-32.
  EXPECT_EQ(to_hex(md5({as_bytes("message"), as_bytes(""), as_bytes(" digest")})), "f96b697d7cb7938d525a2f31aaf161d0");
  EXPECT_EQ(to_hex(sha256({as_bytes("ab"), as_bytes("c")})),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(to_hex(hmac_sha1(as_bytes("Jefe"), {as_bytes("what do ya want "), as_bytes("for nothing?")})),
            "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79");
  EXPECT_EQ(
      to_hex(hmac_sha1(Raw(80, std::byte{0xaa}), {as_bytes("Test Using Larger Than Block-Size Key - Hash Key First")})),
      "aa4ae5e15272d00e95705637ce8a3b55ed402112");
  EXPECT_EQ(to_hex(hmac_sha256(as_bytes("Jefe"), {as_bytes("what do ya want for nothing?")})),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  EXPECT_EQ(to_hex(hmac_sha256(Raw(131, std::byte{0xaa}),
                               {as_bytes("Test Using Larger Than Block-Size Key - Hash Key First")})),
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
  EXPECT_EQ(to_hex(hmac_sha1({}, {})), "fbdb1d1b18aa6c08324b7d64b71fb76370690e1d");
  EXPECT_EQ(crc32({as_bytes("1234"), as_bytes("56789")}), 0xCBF43926u);
  EXPECT_EQ(crc32({}), 0u);
}

}  // namespace
}  // namespace noom::wire
