// RFC 8489 §9.2, §14.10.
#include "common/auth/nonce.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace noom::auth {
namespace {

using namespace std::chrono_literals;

const IpAddress kClient = *IpAddress::parse("192.0.2.7");
constexpr Wall kStart = Wall(1'700'000'000s);

class NonceIssuerTest : public testing::Test {
 protected:
  NonceIssuer issuer_{Secret("sixteen byte key"), 600s};
};

TEST_F(NonceIssuerTest, AcceptsItsOwnUntilTheLifetimeEnds) {
  const std::string nonce = issuer_.issue(kStart, kClient);
  EXPECT_TRUE(issuer_.accept(nonce, kStart, kClient));
  EXPECT_TRUE(issuer_.accept(nonce, kStart + 600s, kClient));
  EXPECT_FALSE(issuer_.accept(nonce, kStart + 600s + 1ms, kClient));
}

TEST_F(NonceIssuerTest, RefusesNoncesFromTheFuture) {
  EXPECT_FALSE(issuer_.accept(issuer_.issue(kStart, kClient), kStart - 1ms, kClient));
}

TEST_F(NonceIssuerTest, AcceptsWhatItIssuedWithinTheSameMillisecond) {
  const std::string nonce = issuer_.issue(kStart + 999us, kClient);
  EXPECT_TRUE(issuer_.accept(nonce, kStart, kClient));
}

TEST_F(NonceIssuerTest, BindsTheAddressOfTheClient) {
  const std::string nonce = issuer_.issue(kStart, kClient);
  EXPECT_FALSE(issuer_.accept(nonce, kStart, *IpAddress::parse("192.0.2.8")));
  EXPECT_FALSE(issuer_.accept(nonce, kStart, *IpAddress::parse("2001:db8::1")));
  EXPECT_TRUE(issuer_.accept(nonce, kStart, *IpAddress::parse("::ffff:192.0.2.7")))
      << "seen through a dual-stack socket";
}

TEST_F(NonceIssuerTest, RefusesThoseOfAnotherKey) {
  const NonceIssuer other(Secret("another 16 bytes"), 600s);
  EXPECT_FALSE(issuer_.accept(other.issue(kStart, kClient), kStart, kClient));
}

TEST_F(NonceIssuerTest, RefusesEveryOtherSpelling) {
  const std::string nonce = issuer_.issue(kStart, kClient);
  for (size_t i = 0; i < nonce.size(); ++i) {
    std::string altered = nonce;
    altered[i] = altered[i] == 'A' ? 'B' : 'A';
    EXPECT_FALSE(issuer_.accept(altered, kStart + 1s, kClient)) << altered;
    EXPECT_FALSE(issuer_.accept(nonce.substr(0, i), kStart, kClient)) << i;
  }
  EXPECT_FALSE(issuer_.accept(nonce + "=", kStart, kClient));
  std::string upper = nonce;
  std::transform(upper.begin(), upper.begin() + 12, upper.begin(), [](unsigned char c) { return std::toupper(c); });
  EXPECT_NE(upper, nonce);
  EXPECT_FALSE(issuer_.accept(upper, kStart, kClient));
}

TEST_F(NonceIssuerTest, RefusesGarbage) {
  const std::string zeros(34, '\0');
  for (const std::string& garbage : {std::string(), std::string("x"), zeros, std::string(34, '-'), std::string(34, 'f'),
                                     "-" + std::string(33, '0'), std::string(34, '\xff'), std::string(70000, 'a')})
    EXPECT_FALSE(issuer_.accept(garbage, kStart, kClient));
}

TEST_F(NonceIssuerTest, IssuesShortPrintableText) {
  const std::string nonce = issuer_.issue(kStart, *IpAddress::parse("2001:db8::1"));
  EXPECT_EQ(nonce.size(), 34u);
  EXPECT_TRUE(std::ranges::all_of(nonce, [](unsigned char c) { return std::isalnum(c) || c == '-' || c == '_'; }))
      << nonce;
  EXPECT_FALSE(nonce.starts_with("obMatJos2")) << "the cookie of RFC 8489 §9.2 promises features";
}

}  // namespace
}  // namespace noom::auth
