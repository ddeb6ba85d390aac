// RFC 5780 §6, §7: which of four sockets answers, what it says of the others, and what is refused.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "common/wire/integrity.h"
#include "common/wire/message_builder.h"
#include "stun/core/responder.h"
#include "stun/core/stats.h"

namespace noom::stun {
namespace {

using wire::Attr;
using wire::Class;
using wire::ErrorCode;
using wire::Method;

constexpr uint32_t kChangeIp = 4;
constexpr uint32_t kChangePort = 2;

const IpEndpoint kClient = *IpEndpoint::parse("203.0.113.7:1234");
const IpEndpoint kA1P1 = *IpEndpoint::parse("192.0.2.1:3479");
const IpEndpoint kA2P2 = *IpEndpoint::parse("192.0.2.2:3480");
const AddressMatrix kMatrix = AddressMatrix::of(kA1P1, kA2P2);
const AddressMatrix kTwoPorts = AddressMatrix::of(kA1P1, {kA1P1.address, kA2P2.port});

class DiscoveryTest : public testing::Test {
 protected:
  wire::MessageBuilder request() {
    return {request_, Method::kBinding, Class::kRequest, wire::TransactionId{std::byte{9}}};
  }
  Answer answer_to(wire::MessageBuilder& builder) {
    const Bytes message = builder.finish();
    const Outcome outcome = respond(message, arrival_, policy_, MutableBytes(room_).first(room_size_));
    stats_.count(message, outcome);
    const auto* answer = std::get_if<Answer>(&outcome);
    EXPECT_NE(answer, nullptr);
    return answer == nullptr ? Answer{} : *answer;
  }
  Answer answer_to(wire::MessageBuilder&& builder) { return answer_to(builder); }
  static wire::MessageView view(const Answer& answer) { return *wire::MessageView::parse(answer.bytes); }
  void expect_refused(wire::MessageBuilder& builder, ErrorCode code, std::vector<Attr> unknown = {}) {
    const Answer answer = answer_to(builder);
    EXPECT_EQ(answer.error, code);
    EXPECT_EQ(answer.to, kClient) << "a refusal goes where the request came from";
    EXPECT_EQ(answer.from, arrival_.position) << "and comes from where it went";
    EXPECT_EQ(view(answer).error_code(), code);
    EXPECT_EQ(answer.features, 0);
    const auto named = view(answer).find(Attr::kUnknownAttributes);
    ASSERT_EQ(named.has_value(), !unknown.empty());
    for (size_t i = 0; i < unknown.size(); ++i)
      EXPECT_EQ(load_be<uint16_t>(named->value.data() + 2 * i), static_cast<uint16_t>(unknown[i]));
  }

  Arrival arrival_{.client = kClient, .local = kA1P1, .matrix = &kMatrix};
  Policy policy_;
  std::vector<std::byte> request_ = std::vector<std::byte>(70000);
  std::vector<std::byte> room_ = std::vector<std::byte>(kAnswerMax);
  size_t room_size_ = kAnswerMax;
  Stats stats_;
};

TEST_F(DiscoveryTest, EveryAnswerNamesTheMappedAddressItsOriginAndTheOtherAddress) {
  // RFC 5780 §6.1: MAPPED-ADDRESS, XOR-MAPPED-ADDRESS, RESPONSE-ORIGIN and OTHER-ADDRESS are there without being asked
  // for.
  for (uint8_t position = 0; position < 4; ++position) {
    arrival_.position = position;
    const Answer answer = answer_to(request());
    EXPECT_EQ(answer.from, position);
    EXPECT_EQ(answer.to, kClient);
    EXPECT_EQ(view(answer).xor_address(Attr::kXorMappedAddress), kClient);
    EXPECT_EQ(view(answer).plain_address(Attr::kMappedAddress), kClient);
    EXPECT_EQ(view(answer).plain_address(Attr::kResponseOrigin), kMatrix.at[position]);
    EXPECT_EQ(view(answer).plain_address(Attr::kOtherAddress), kMatrix.at[3 - position]);
  }
}

TEST_F(DiscoveryTest, ChangeRequestChoosesTheSocketOfTableOne) {
  // RFC 5780 §6.1 table 1: each flag changes its half of the source; OTHER-ADDRESS stays what both would give.
  for (uint8_t position = 0; position < 4; ++position) {
    arrival_.position = position;
    for (const uint32_t flags : {0u, kChangeIp, kChangePort, kChangeIp | kChangePort}) {
      const Answer answer = answer_to(request().u32(Attr::kChangeRequest, flags));
      const IpEndpoint& arrived = kMatrix.at[position];
      const IpEndpoint& other = kMatrix.at[3 - position];
      const IpEndpoint source{(flags & kChangeIp) != 0 ? other.address : arrived.address,
                              (flags & kChangePort) != 0 ? other.port : arrived.port};
      EXPECT_EQ(kMatrix.at[answer.from], source) << +position << " flags " << flags;
      EXPECT_EQ(view(answer).plain_address(Attr::kResponseOrigin), source);
      EXPECT_EQ(view(answer).plain_address(Attr::kOtherAddress), other);
      EXPECT_EQ(answer.uses(Feature::kOtherAddress), (flags & kChangeIp) != 0);
      EXPECT_EQ(answer.uses(Feature::kOtherPort), (flags & kChangePort) != 0);
    }
  }
  EXPECT_EQ(stats_.features[Feature::kOtherAddress].value(), 8u);
  EXPECT_EQ(stats_.features[Feature::kOtherPort].value(), 8u);
}

TEST_F(DiscoveryTest, UnusedBitsOfChangeRequestAreIgnored) {
  // RFC 5780 §7.2: only bits A and B of CHANGE-REQUEST mean anything.
  EXPECT_EQ(answer_to(request().u32(Attr::kChangeRequest, ~(kChangeIp | kChangePort))).from, 0);
}

TEST_F(DiscoveryTest, AMalformedChangeRequestIs400) {
  // RFC 5780 §7.2: the value of CHANGE-REQUEST is 32 bits.
  expect_refused(request().text(Attr::kChangeRequest, ""), ErrorCode::kBadRequest);
  expect_refused(request().u64(Attr::kChangeRequest, kChangeIp), ErrorCode::kBadRequest);
  EXPECT_EQ(stats_.bad_requests.value(), 2u);
}

TEST_F(DiscoveryTest, OneAddressWithTwoPortsOffersNeitherOtherAddressNorChangeRequest) {
  // RFC 5780 §6: a server without the same ports on two addresses sends no OTHER-ADDRESS and refuses any CHANGE-REQUEST
  // with 420.
  arrival_.matrix = &kTwoPorts;
  for (uint8_t position = 0; position < 2; ++position) {
    arrival_.position = position;
    const Answer answer = answer_to(request());
    EXPECT_EQ(view(answer).plain_address(Attr::kResponseOrigin), kTwoPorts.at[position]);
    EXPECT_FALSE(view(answer).has(Attr::kOtherAddress));
    for (const uint32_t flags : {0u, kChangePort, kChangeIp})
      expect_refused(request().u32(Attr::kChangeRequest, flags), ErrorCode::kUnknownAttribute, {Attr::kChangeRequest});
  }
}

TEST_F(DiscoveryTest, WithoutAMatrixTheAttributesOfDiscoveryAreUnknown) {
  // RFC 5780 §6.1: a server without alternates answers CHANGE-REQUEST with 420; PADDING and RESPONSE-PORT mean nothing
  // to it either.
  arrival_.matrix = nullptr;
  policy_.response_port = true;
  expect_refused(
      request().u32(Attr::kChangeRequest, 0).text(Attr::kPadding, "xxxx").u32(Attr::kResponsePort, 5000 << 16),
      ErrorCode::kUnknownAttribute, {Attr::kChangeRequest, Attr::kPadding, Attr::kResponsePort});
  const Answer plain = answer_to(request());
  EXPECT_FALSE(view(plain).has(Attr::kResponseOrigin));
  EXPECT_FALSE(view(plain).has(Attr::kOtherAddress));
}

TEST_F(DiscoveryTest, PaddingIsAnsweredWithAsMuchUpToTheMtu) {
  // RFC 5780 §6.1, §7.6: a request with PADDING gets PADDING, here no longer than its own and than an Ethernet MTU.
  for (const size_t size : {0u, 1u, 4u, 1000u, 1500u, 1504u, 60000u}) {
    const Answer answer = answer_to(request().text(Attr::kPadding, std::string(size, 'x')));
    ASSERT_TRUE(view(answer).has(Attr::kPadding)) << size;
    EXPECT_EQ(view(answer).find(Attr::kPadding)->value.size(), std::min(size, kPaddingMax));
    EXPECT_TRUE(answer.uses(Feature::kPadding));
  }
}

TEST_F(DiscoveryTest, ThePaddedAnswerIsNeverMuchLargerThanItsRequest) {
  // RFC 5780 §7.6: PADDING is sized by the request, so that beyond the four addresses nothing amplifies.
  arrival_.client = *IpEndpoint::parse("[2001:db8::1]:1");
  const AddressMatrix matrix =
      AddressMatrix::of(*IpEndpoint::parse("[2001:db8::2]:3479"), *IpEndpoint::parse("[2001:db8::3]:3480"));
  arrival_.matrix = &matrix;
  for (size_t size = 0; size < 2000; size += 7) {
    auto padded = request();
    padded.text(Attr::kPadding, std::string(size, 'x')).fingerprint();
    const size_t asked = padded.finish().size();
    const Answer answer = answer_to(padded);
    EXPECT_LE(answer.bytes.size(), asked + 4 * 24);
    EXPECT_FALSE(answer.bytes.empty());
    EXPECT_EQ(wire::check_fingerprint(view(answer)), wire::Check::kValid);
  }
}

TEST_F(DiscoveryTest, ResponsePortIsUnknownUnlessConfigured) {
  // RFC 5780 §7.5: RESPONSE-PORT is optional to a server, and 420 says that it is not offered.
  expect_refused(request().u32(Attr::kResponsePort, 5000 << 16), ErrorCode::kUnknownAttribute, {Attr::kResponsePort});
}

TEST_F(DiscoveryTest, ResponsePortSendsTheAnswerToThatPortOfTheSameAddress) {
  // RFC 5780 §7.5: the answer goes to the source address of the request and the port of RESPONSE-PORT; the mapped
  // address stays.
  policy_.response_port = true;
  for (const bool padding_counted : {false, true}) {
    const std::string_view value("\x13\x88\0\0", padding_counted ? 4 : 2);
    const Answer answer = answer_to(request().text(Attr::kResponsePort, value).u32(Attr::kChangeRequest, kChangeIp));
    EXPECT_EQ(answer.to, (IpEndpoint{kClient.address, 5000}));
    EXPECT_EQ(answer.from, AddressMatrix::kOtherAddress);
    EXPECT_EQ(view(answer).xor_address(Attr::kXorMappedAddress), kClient);
    EXPECT_TRUE(answer.uses(Feature::kResponsePort));
  }
}

TEST_F(DiscoveryTest, AMalformedResponsePortIs400) {
  // RFC 5780 §7.5: RESPONSE-PORT is 16 bits and padding, and nothing can be sent to port 0.
  policy_.response_port = true;
  for (const std::string_view value : {std::string_view(), std::string_view("\x13"), std::string_view("\0\0\0\0", 4),
                                       std::string_view("\x13\x88\0\0\0", 5)})
    expect_refused(request().text(Attr::kResponsePort, value), ErrorCode::kBadRequest);
}

TEST_F(DiscoveryTest, PaddingWithResponsePortIs400) {
  // RFC 5780 §6.1, §7.5: a request with both PADDING and RESPONSE-PORT is refused with 400 and goes nowhere else.
  policy_.response_port = true;
  expect_refused(request().text(Attr::kPadding, "xxxx").u32(Attr::kResponsePort, 5000 << 16), ErrorCode::kBadRequest);
  expect_refused(request().u32(Attr::kResponsePort, 5000 << 16).u32(Attr::kChangeRequest, 6).text(Attr::kPadding, ""),
                 ErrorCode::kBadRequest);
}

TEST_F(DiscoveryTest, UnknownAttributesAreNamedBeforeAnythingElseIsLookedAt) {
  // RFC 8489 §6.3.1: unknown comprehension-required attributes come first, before RFC 5780's own checks.
  policy_.response_port = true;
  const auto unknown = static_cast<Attr>(0x7fff);
  expect_refused(
      request().text(Attr::kPadding, "").u32(Attr::kResponsePort, 5000 << 16).text(unknown, "").fingerprint(),
      ErrorCode::kUnknownAttribute, {unknown});
}

TEST_F(DiscoveryTest, OverAStreamTheAddressesAreOfferedAndNothingIsSentElsewhere) {
  // RFC 5780 §4.3, §7: mapping tests work over TCP; CHANGE-REQUEST, RESPONSE-PORT and PADDING are about datagrams and
  // are 420 there.
  arrival_.transport = Transport::kTcp;
  policy_.response_port = true;
  room_size_ = kStreamAnswerMax;
  const Answer answer = answer_to(request().fingerprint());
  EXPECT_EQ(view(answer).plain_address(Attr::kResponseOrigin), kA1P1);
  EXPECT_EQ(view(answer).plain_address(Attr::kOtherAddress), kA2P2);
  for (const Attr type : {Attr::kChangeRequest, Attr::kResponsePort, Attr::kPadding})
    expect_refused(request().u32(type, 2), ErrorCode::kUnknownAttribute, {type});
}

TEST_F(DiscoveryTest, AStreamsRoomHoldsTheLongestAnswers) {
  // RFC 8489 §14.13: a 420 with as many types as are ever named fits where the longest success does.
  arrival_.transport = Transport::kTcp;
  room_size_ = kStreamAnswerMax;
  auto full = request();
  for (uint16_t i = 0; i < 2 * wire::kUnknownAttributesMax; ++i) full.text(static_cast<Attr>(0x7f00 + i), "");
  full.fingerprint();
  EXPECT_FALSE(answer_to(full).bytes.empty());
  arrival_.client = *IpEndpoint::parse("[2001:db8::1]:1");
  const AddressMatrix matrix =
      AddressMatrix::of(*IpEndpoint::parse("[2001:db8::2]:3479"), *IpEndpoint::parse("[2001:db8::3]:3480"));
  arrival_.matrix = &matrix;
  EXPECT_EQ(answer_to(request().fingerprint()).bytes.size(), kStreamAnswerMax);
}

}  // namespace
}  // namespace noom::stun
