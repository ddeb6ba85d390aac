// RFC 8489 §6.3, §7.3: what noom-stun answers, and every reason for which it does not. What an answer holds is
// wire/binding_test.cc.
#include "stun/core/responder.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "common/base/random.h"
#include "common/wire/integrity.h"
#include "common/wire/message_builder.h"
#include "stun/core/stats.h"

namespace noom::stun {
namespace {

using wire::Attr;
using wire::Class;
using wire::Method;

constexpr size_t kHeadroom = 48;
constexpr size_t kTailroom = 4;
const IpEndpoint kClientV4 = *IpEndpoint::parse("192.0.2.1:1234");
const IpEndpoint kClientV6 = *IpEndpoint::parse("[2001:db8::1]:1234");

// A message in a slab as the pump delivers it; the answer is written over it.
class RespondTest : public testing::Test {
 protected:
  wire::MessageBuilder build(Method method = Method::kBinding, Class message_class = Class::kRequest) {
    return {std::span(slab_).subspan(kHeadroom), method, message_class, wire::TransactionId{std::byte{9}}};
  }
  Outcome respond_to(Bytes message, const IpEndpoint& client = kClientV4) {
    if (message.data() != slab_.data() + kHeadroom)
      std::copy(message.begin(), message.end(), slab_.begin() + kHeadroom);
    const MutableBytes room = std::span(slab_).first(kHeadroom + message.size() + kTailroom);
    const auto outcome = respond(Bytes(slab_).subspan(kHeadroom, message.size()), {.client = client}, {}, room);
    stats_.count(Bytes(slab_).subspan(kHeadroom, message.size()), outcome);
    return outcome;
  }
  Drop drop_of(Bytes message) {
    const auto outcome = respond_to(message);
    const auto* drop = std::get_if<Drop>(&outcome);
    return drop == nullptr ? Drop::kCount : *drop;
  }
  std::optional<wire::MessageView> answer_to(Bytes message, const IpEndpoint& client = kClientV4) {
    const auto outcome = respond_to(message, client);
    const auto* answer = std::get_if<Answer>(&outcome);
    return answer == nullptr ? std::nullopt : wire::MessageView::parse(answer->bytes);
  }

  std::vector<std::byte> slab_ = std::vector<std::byte>(70000);
  Stats stats_;
};

TEST_F(RespondTest, TheSmallestRequestIsAnsweredInItsOwnRoom) {
  for (const IpEndpoint& client : {kClientV4, kClientV6}) {
    for (const bool fingerprint : {false, true}) {
      auto request = build();
      if (fingerprint) request.fingerprint();
      const auto answer = answer_to(request.finish(), client);
      ASSERT_TRUE(answer);
      EXPECT_TRUE(answer->is(Method::kBinding, Class::kSuccess));
      EXPECT_EQ(answer->xor_address(Attr::kXorMappedAddress), client);
      EXPECT_EQ(wire::check_fingerprint(*answer), fingerprint ? wire::Check::kValid : wire::Check::kAbsent);
    }
  }
  EXPECT_EQ(stats_.successes.value(), 4u);
}

TEST_F(RespondTest, ARequestFullOfUnknownAttributesIsAnsweredInItsOwnRoom) {
  for (uint16_t count = 1; count <= 2 * wire::kUnknownAttributesMax; ++count) {
    auto request = build();
    for (uint16_t type = 0; type < count; ++type) request.text(static_cast<Attr>(0x7f00 + type), "");
    const auto answer = answer_to(request.fingerprint().finish());
    ASSERT_TRUE(answer) << count;
    EXPECT_EQ(answer->error_code(), wire::ErrorCode::kUnknownAttribute);
    EXPECT_EQ(answer->find(Attr::kUnknownAttributes)->value.size(),
              2 * std::min<size_t>(count, wire::kUnknownAttributesMax));
  }
  EXPECT_EQ(stats_.refusals.value(), 2 * wire::kUnknownAttributesMax);
}

// Bandwidth amplification over UDP, whose source is unverified: XOR-MAPPED-ADDRESS is the whole of it.
TEST_F(RespondTest, AnAnswerIsNeverMuchLargerThanItsRequest) {
  for (size_t count = 0; count < 40; ++count) {
    auto request = build();
    for (size_t type = 0; type < count; ++type) request.text(static_cast<Attr>(0x7f00 + type), "");
    const Bytes message = request.finish();
    const size_t size = message.size();
    EXPECT_LE(answer_to(message, kClientV6)->bytes().size(), size + 24);
  }
}

TEST_F(RespondTest, IndicationsAndResponsesAreUnanswered) {
  for (const Class unanswered : {Class::kIndication, Class::kSuccess, Class::kError})
    EXPECT_EQ(drop_of(build(Method::kBinding, unanswered).finish()), Drop::kUnexpectedClass);
}

TEST_F(RespondTest, OtherMethodsAreUnanswered) {
  for (const Method method :
       {Method::kAllocate, Method::kRefresh, static_cast<Method>(0x002), static_cast<Method>(0x0FF)})
    EXPECT_EQ(drop_of(build(method).finish()), Drop::kUnknownMethod);
}

TEST_F(RespondTest, AWrongMagicCookieIsUnanswered) {
  const Bytes message = build().finish();
  slab_[kHeadroom + 4] ^= std::byte{1};
  EXPECT_EQ(drop_of(message), Drop::kMalformed);
}

TEST_F(RespondTest, ABadFingerprintIsUnanswered) {
  const Bytes message = build().fingerprint().finish();
  slab_[kHeadroom + message.size() - 1] ^= std::byte{1};
  EXPECT_EQ(drop_of(message), Drop::kBadFingerprint);
}

TEST_F(RespondTest, AFingerprintThatIsNotLastIsUnanswered) {
  EXPECT_EQ(drop_of(build().fingerprint().text(Attr::kSoftware, "x").finish()), Drop::kBadFingerprint);
}

TEST_F(RespondTest, EveryTruncationIsUnanswered) {
  const Bytes whole = build().text(Attr::kSoftware, "abc").fingerprint().finish();
  const std::vector<std::byte> copy(whole.begin(), whole.end());
  for (size_t size = 1; size < copy.size(); ++size)
    EXPECT_EQ(drop_of(Bytes(copy).first(size)), Drop::kMalformed) << size;
  EXPECT_EQ(drop_of({}), Drop::kNotStun);
}

TEST_F(RespondTest, WhatIsNotStunIsUnanswered) {
  const std::vector<std::byte> message(100, std::byte{0x40});
  for (const int first : {4, 20, 22, 63, 64, 79, 128, 255}) {
    auto other = message;
    other[0] = static_cast<std::byte>(first);
    EXPECT_EQ(drop_of(other), Drop::kNotStun) << first;
  }
}

TEST_F(RespondTest, EveryMessageIsAccountedForOnce) {
  SeededRandom random(8489);
  for (int round = 0; round < 20000; ++round) {
    auto builder = build(static_cast<Method>(random.below(4)), static_cast<Class>(random.below(4)));
    if (random.below(2) == 0) builder.text(static_cast<Attr>(random.below(0x10000)), "abcd");
    if (random.below(2) == 0) builder.fingerprint();
    const Bytes built = builder.finish();
    std::vector<std::byte> message(built.begin(), built.end());
    for (uint32_t flips = random.below(3); flips > 0; --flips)
      message[random.below(static_cast<uint32_t>(message.size()))] ^= static_cast<std::byte>(1u << random.below(8));
    message.resize(message.size() - random.below(2) * random.below(8));
    respond_to(message, random.below(2) == 0 ? kClientV4 : kClientV6);
  }
  EXPECT_EQ(stats_.received.value(), 20000u);
  EXPECT_EQ(stats_.received.value(),
            stats_.successes.value() + stats_.refusals.value() + stats_.bad_requests.value() + stats_.drops.sum());
  for (const Drop drop :
       {Drop::kNotStun, Drop::kMalformed, Drop::kUnknownMethod, Drop::kUnexpectedClass, Drop::kBadFingerprint})
    EXPECT_GT(stats_.drops[drop].value(), 0u) << to_string(drop);
  EXPECT_GT(stats_.successes.value(), 0u);
  EXPECT_GT(stats_.refusals.value(), 0u);
}

}  // namespace
}  // namespace noom::stun
