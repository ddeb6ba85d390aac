// RFC 3489 as a switch: requests without the magic cookie, byte for byte.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "stun/core/responder.h"
#include "stun/core/stats.h"

namespace noom::stun {
namespace {

using namespace std::string_view_literals;

const IpEndpoint kClient = *IpEndpoint::parse("203.0.113.7:1234");
const IpEndpoint kA1P1 = *IpEndpoint::parse("192.0.2.1:3479");
const AddressMatrix kMatrix = AddressMatrix::of(kA1P1, *IpEndpoint::parse("192.0.2.2:3480"));

constexpr std::string_view kId = "0123456789abcdef";
constexpr std::string_view kMapped = "\x00\x01\x00\x08\x00\x01\x04\xd2\xcb\x00\x71\x07"sv;
constexpr std::string_view kSourceA1P1 = "\x00\x04\x00\x08\x00\x01\x0d\x97\xc0\x00\x02\x01"sv;
constexpr std::string_view kSourceA2P1 = "\x00\x04\x00\x08\x00\x01\x0d\x97\xc0\x00\x02\x02"sv;
constexpr std::string_view kChangedA2P2 = "\x00\x05\x00\x08\x00\x01\x0d\x98\xc0\x00\x02\x02"sv;
constexpr std::string_view kChangeIp = "\x00\x03\x00\x04\x00\x00\x00\x04"sv;

std::string message(uint16_t type, const std::string& attributes) {
  std::string header(4, '\0');
  store_be(reinterpret_cast<std::byte*>(header.data()), type);
  store_be(reinterpret_cast<std::byte*>(header.data()) + 2, static_cast<uint16_t>(attributes.size()));
  return header + std::string(kId) + attributes;
}

class ClassicTest : public testing::Test {
 protected:
  Outcome respond_to(const std::string& request) {
    const Outcome outcome = respond(as_bytes(request), arrival_, policy_, room_);
    stats_.count(as_bytes(request), outcome);
    return outcome;
  }
  // The answer's bytes, or the reason for none.
  std::string answer_to(const std::string& request) {
    const Outcome outcome = respond_to(request);
    if (const auto* drop = std::get_if<Drop>(&outcome)) return std::string(to_string(*drop));
    return std::string(as_text(std::get<Answer>(outcome).bytes));
  }

  Arrival arrival_{.client = kClient, .local = kA1P1, .matrix = &kMatrix};
  Policy policy_{.classic = true};
  std::vector<std::byte> room_ = std::vector<std::byte>(kAnswerMax);
  Stats stats_;
};

TEST_F(ClassicTest, UnlessConfiguredARequestWithoutTheCookieIsUnanswered) {
  // RFC 8489 §6: a message whose magic cookie is wrong is not STUN.
  policy_.classic = false;
  EXPECT_EQ(answer_to(message(1, "")), "malformed");
}

TEST_F(ClassicTest, TheAnswerHasNoXorAddressAndTheWholeTransactionId) {
  // RFC 5389 §12.2: a request without the cookie gets MAPPED-ADDRESS, never XOR-MAPPED-ADDRESS, and its 128-bit id
  // back.
  const std::string attributes = std::string(kMapped) + std::string(kSourceA1P1) + std::string(kChangedA2P2);
  EXPECT_EQ(answer_to(message(1, "")), message(0x0101, attributes));
  EXPECT_EQ(stats_.features[Feature::kClassic].value(), 1u);
}

TEST_F(ClassicTest, ChangeRequestChoosesTheSocket) {
  // RFC 3489 §8.1: SOURCE-ADDRESS is where the answer leaves from; CHANGED-ADDRESS does not depend on the flags.
  const std::string attributes = std::string(kMapped) + std::string(kSourceA2P1) + std::string(kChangedA2P2);
  EXPECT_EQ(answer_to(message(1, std::string(kChangeIp))), message(0x0101, attributes));
  const Outcome outcome = respond_to(message(1, std::string(kChangeIp)));
  EXPECT_EQ(std::get<Answer>(outcome).from, AddressMatrix::kOtherAddress);
  EXPECT_EQ(std::get<Answer>(outcome).to, kClient);
}

TEST_F(ClassicTest, WithoutAMatrixThereIsNoChangedAddressAndChangeRequestIs420) {
  // RFC 5780 §6.1: no alternate address, so CHANGE-REQUEST is 420; RFC 3489 §11.2.10: an odd list repeats one type.
  arrival_.matrix = nullptr;
  EXPECT_EQ(answer_to(message(1, "")), message(0x0101, std::string(kMapped) + std::string(kSourceA1P1)));
  EXPECT_EQ(answer_to(message(1, std::string(kChangeIp))),
            message(0x0111, std::string("\x00\x09\x00\x04\x00\x00\x04\x14\x00\x0a\x00\x04\x00\x03\x00\x03"sv)));
  EXPECT_EQ(stats_.refusals.value(), 1u);
}

TEST_F(ClassicTest, ResponseAddressIsNeverHonoured) {
  // RFC 3489 §11.2.2: RESPONSE-ADDRESS would send the answer to any host; RFC 5389 §19 took it out, so it is 420.
  const std::string response_address("\x00\x02\x00\x08\x00\x01\x00\x50\xc6\x33\x64\x01"sv);
  const Outcome outcome = respond_to(message(1, response_address));
  const Answer& answer = std::get<Answer>(outcome);
  EXPECT_EQ(answer.error, wire::ErrorCode::kUnknownAttribute);
  EXPECT_EQ(answer.to, kClient);
}

TEST_F(ClassicTest, UsernameIntegrityAndOptionalAttributesHaveNoEffect) {
  // RFC 3489 §8.1: a server that asks for no authentication ignores USERNAME and MESSAGE-INTEGRITY, and types above
  // 0x7fff.
  const std::string attributes =
      std::string("\x00\x06\x00\x04name\x00\x08\x00\x14"sv) + std::string(20, 'x') + std::string("\x80\x22\x00\x00"sv);
  EXPECT_EQ(answer_to(message(1, attributes)).substr(0, 2), "\x01\x01"sv);
}

TEST_F(ClassicTest, WhatDoesNotHoldIsUnanswered) {
  // RFC 3489 §11.1, §11.2: header and attribute lengths add up, in multiples of four.
  const std::string whole = message(1, std::string(kChangeIp));
  for (size_t size = 1; size < whole.size(); ++size) EXPECT_EQ(answer_to(whole.substr(0, size)), "malformed") << size;
  EXPECT_EQ(answer_to(message(1, std::string("\x00\x03\x00\x02\x00\x00"sv))), "malformed");
  EXPECT_EQ(answer_to(message(1, std::string("\x00\x03\x00\x00"sv))), "malformed");
  for (const uint16_t type : {uint16_t{0x0002}, uint16_t{0x0101}, uint16_t{0x0111}, uint16_t{0x0003}})
    EXPECT_EQ(answer_to(message(type, "")), "malformed");
}

TEST_F(ClassicTest, AListOfManyUnknownTypesFits) {
  // RFC 3489 §11.2.10: the list has an even number of types, each type once but for the one that evens it out.
  for (uint16_t count = 1; count < 2 * wire::kUnknownAttributesMax; ++count) {
    std::string attributes;
    for (uint16_t i = 0; i < count; ++i)
      attributes += std::string("\x7f") + static_cast<char>(i) + std::string(2, '\0');
    const std::string answer = answer_to(message(1, attributes));
    const size_t listed = std::min<size_t>((count + 1u) / 2 * 2, wire::kUnknownAttributesMax);
    EXPECT_EQ(answer.size(), 20 + 8 + 4 + 2 * listed) << count;
  }
}

TEST_F(ClassicTest, ModernRequestsAreAnsweredAsEver) {
  // RFC 8489 §6.3: the cookie decides; with it the answer has XOR-MAPPED-ADDRESS.
  std::string request = message(1, "");
  request.replace(4, 4, "\x21\x12\xa4\x42");
  const std::string answer = answer_to(request);
  EXPECT_EQ(answer.substr(4, 16), request.substr(4, 16));
  EXPECT_EQ(answer.substr(20, 4), "\x00\x20\x00\x08"sv);
}

}  // namespace
}  // namespace noom::stun
