// Sealed tokens: what opens, and for how long.
#include "common/auth/seal.h"

#include <gtest/gtest.h>

namespace noom::auth {
namespace {

using std::chrono::hours;
using std::chrono::seconds;

constexpr std::string_view kMaster = "0123456789abcdef0123456789abcdef";
// A whole number of hours since 1970: a key's first second.
constexpr Wall kNow{hours(500'000)};

class SealTest : public testing::Test {
 protected:
  std::vector<std::byte> sealed(std::string_view text, std::string_view associated = "") {
    return seal_.seal(kNow, random_, as_bytes(text), as_bytes(associated));
  }
  static std::optional<std::string> opened(const Seal& seal, Wall now, Bytes token, std::string_view associated = "") {
    const auto plain = seal.open(now, token, as_bytes(associated));
    if (!plain) return std::nullopt;
    return std::string(as_text(*plain));
  }

  SeededRandom random_{7};
  Seal seal_{Secret(kMaster), "test", hours(1)};
};

TEST_F(SealTest, WhatWasSealedOpensAndIsUnreadableMeanwhile) {
  const auto token = sealed("who and where", "bound to this");
  EXPECT_EQ(token.size(), std::string_view("who and where").size() + kSealOverhead);
  EXPECT_EQ(as_text(token).find("who"), std::string_view::npos);
  EXPECT_EQ(opened(seal_, kNow, token, "bound to this"), "who and where");
  EXPECT_EQ(opened(seal_, kNow, sealed("")), "");
}

TEST_F(SealTest, TwoTokensOfTheSameTextDiffer) {
  EXPECT_NE(sealed("text"), sealed("text"));
}

TEST_F(SealTest, AnotherProcessWithTheSameMasterKeyOpensIt) {
  const Seal other(Secret(kMaster), "test", hours(1));
  EXPECT_EQ(opened(other, kNow, sealed("text")), "text");
}

TEST_F(SealTest, AnotherKeyPurposeOrBindingOpensNothing) {
  const auto token = sealed("text", "a");
  EXPECT_FALSE(opened(Seal(Secret("x123456789abcdef0123456789abcdef"), "test", hours(1)), kNow, token, "a"));
  EXPECT_FALSE(opened(Seal(Secret(kMaster), "else", hours(1)), kNow, token, "a"));
  EXPECT_FALSE(opened(seal_, kNow, token, "b"));
}

TEST_F(SealTest, EveryChangedOrMissingByteIsNoticed) {
  const auto token = sealed("text");
  for (size_t i = 0; i < token.size(); ++i) {
    auto changed = token;
    changed[i] ^= std::byte{1};
    EXPECT_FALSE(opened(seal_, kNow, changed)) << i;
    EXPECT_FALSE(opened(seal_, kNow, Bytes(token).first(i))) << i;
  }
}

TEST_F(SealTest, ATokenOpensForAtLeastOneRotationAndAtMostTwo) {
  const auto token = sealed("text");
  EXPECT_TRUE(opened(seal_, kNow + hours(2) - seconds(1), token));
  EXPECT_FALSE(opened(seal_, kNow + hours(2), token));
  const auto late = seal_.seal(kNow + hours(1) - seconds(1), random_, as_bytes("text"));
  EXPECT_TRUE(opened(seal_, kNow + hours(2) - seconds(1), late));
}

TEST_F(SealTest, AHostWhoseClockIsBehindOpensItToo) {
  const auto token = sealed("text");
  EXPECT_TRUE(opened(seal_, kNow - hours(1), token));
  EXPECT_FALSE(opened(seal_, kNow - hours(1) - seconds(1), token));
}

}  // namespace
}  // namespace noom::auth
