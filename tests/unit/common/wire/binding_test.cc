// RFC 8489 §6.3.1, §7.3.
#include "common/wire/binding.h"

#include <gtest/gtest.h>

#include <array>
#include <vector>

#include "common/wire/integrity.h"
#include "common/wire/message_builder.h"

namespace noom::wire {
namespace {

const IpEndpoint kClient = *IpEndpoint::parse("[2001:db8::7]:49152");

class AnswerBindingTest : public testing::Test {
 protected:
  MessageBuilder& request() { return request_; }
  BindingAnswer answer(bool fingerprint = false, const IpEndpoint& client = kClient) {
    return answer_binding(*MessageView::parse(request_.finish()), client, fingerprint, room_);
  }

 private:
  std::vector<std::byte> request_room_ = std::vector<std::byte>(1024);
  MessageBuilder request_{request_room_, Method::kBinding, Class::kRequest, TransactionId{std::byte{7}}};
  std::array<std::byte, kBindingAnswerMax> room_;
};

TEST_F(AnswerBindingTest, TellsTheClientItsAddressAndNothingElse) {
  for (const std::string_view client : {"192.0.2.1:1", "[2001:db8::7]:49152"}) {
    const auto reply = answer(false, *IpEndpoint::parse(client));
    const auto message = MessageView::parse(reply.bytes);
    ASSERT_TRUE(message);
    EXPECT_TRUE(message->is(Method::kBinding, Class::kSuccess));
    EXPECT_EQ(message->transaction_id(), TransactionId{std::byte{7}});
    EXPECT_EQ(message->xor_address(Attr::kXorMappedAddress), IpEndpoint::parse(client));
    EXPECT_EQ(reply.error, std::nullopt);
    size_t attributes = 0;
    message->for_each([&](const AttributeView&) { return ++attributes > 0; });
    EXPECT_EQ(attributes, 1u);
  }
}

TEST_F(AnswerBindingTest, MirrorsTheFingerprint) {
  EXPECT_EQ(check_fingerprint(*MessageView::parse(answer(true).bytes)), Check::kValid);
  EXPECT_EQ(check_fingerprint(*MessageView::parse(answer(false).bytes)), Check::kAbsent);
}

TEST_F(AnswerBindingTest, NamesUnknownRequiredAttributes) {
  request()
      .u32(static_cast<Attr>(0x7f01), 0)
      .text(Attr::kSoftware, "x")
      .u32(Attr::kChangeRequest, 6)
      .u32(static_cast<Attr>(0x7f01), 1);
  const auto reply = answer(true);
  const auto message = MessageView::parse(reply.bytes);
  ASSERT_TRUE(message);
  EXPECT_TRUE(message->is(Method::kBinding, Class::kError));
  EXPECT_EQ(reply.error, ErrorCode::kUnknownAttribute);
  EXPECT_EQ(message->error_code(), ErrorCode::kUnknownAttribute);
  EXPECT_EQ(message->text(Attr::kUnknownAttributes), std::string_view("\x7f\x01\x00\x03", 4));
  EXPECT_EQ(check_fingerprint(*message), Check::kValid);
}

TEST_F(AnswerBindingTest, NeverAnswersMoreThanItsRoom) {
  for (uint16_t type = 0x7f00; type < 0x7f00 + 2 * kUnknownAttributesMax; ++type)
    request().text(static_cast<Attr>(type), "");
  const auto reply = answer(true);
  ASSERT_EQ(reply.bytes.size(), kBindingAnswerMax);
  EXPECT_EQ(MessageView::parse(reply.bytes)->find(Attr::kUnknownAttributes)->value.size(), 2 * kUnknownAttributesMax);
}

TEST_F(AnswerBindingTest, UnderstandsOptionalAndAuthenticationAttributes) {
  request().text(Attr::kUsername, "alice").u32(Attr::kIceControlled, 0).message_integrity(as_bytes("key"));
  EXPECT_EQ(answer().error, std::nullopt);
}

}  // namespace
}  // namespace noom::wire
