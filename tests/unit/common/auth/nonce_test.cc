// RFC 8489 §9.2, §14.10.
#include "common/auth/nonce.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace noom::auth {
namespace {

using namespace std::chrono_literals;

const IpAddress kClient = *IpAddress::parse("192.0.2.7");
constexpr SecurityFeatures kFeatures = {.password_algorithms = {.md5 = true, .sha256 = true}};
constexpr Wall kStart = Wall(1'700'000'000s);

class NonceIssuerTest : public testing::Test {
 protected:
  NonceIssuer issuer_{Secret("sixteen byte key"), 600s};
};

TEST_F(NonceIssuerTest, AcceptsItsOwnUntilTheLifetimeEnds) {
  const std::string nonce = issuer_.issue(kStart, kClient, kFeatures);
  EXPECT_TRUE(issuer_.accept(nonce, kStart, kClient));
  EXPECT_TRUE(issuer_.accept(nonce, kStart + 600s, kClient));
  EXPECT_FALSE(issuer_.accept(nonce, kStart + 600s + 1ms, kClient));
}

TEST_F(NonceIssuerTest, RefusesNoncesFromTheFuture) {
  EXPECT_FALSE(issuer_.accept(issuer_.issue(kStart, kClient, kFeatures), kStart - 1ms, kClient));
}

TEST_F(NonceIssuerTest, AcceptsWhatItIssuedWithinTheSameMillisecond) {
  const std::string nonce = issuer_.issue(kStart + 999us, kClient, kFeatures);
  EXPECT_TRUE(issuer_.accept(nonce, kStart, kClient));
}

TEST_F(NonceIssuerTest, BindsTheAddressOfTheClient) {
  const std::string nonce = issuer_.issue(kStart, kClient, kFeatures);
  EXPECT_FALSE(issuer_.accept(nonce, kStart, *IpAddress::parse("192.0.2.8")));
  EXPECT_FALSE(issuer_.accept(nonce, kStart, *IpAddress::parse("2001:db8::1")));
  EXPECT_TRUE(issuer_.accept(nonce, kStart, *IpAddress::parse("::ffff:192.0.2.7")))
      << "seen through a dual-stack socket";
}

TEST_F(NonceIssuerTest, RefusesThoseOfAnotherKey) {
  const NonceIssuer other(Secret("another 16 bytes"), 600s);
  EXPECT_FALSE(issuer_.accept(other.issue(kStart, kClient, kFeatures), kStart, kClient));
}

TEST_F(NonceIssuerTest, RefusesEveryOtherSpelling) {
  const std::string nonce = issuer_.issue(kStart, kClient, kFeatures);
  for (size_t i = 0; i < nonce.size(); ++i) {
    std::string altered = nonce;
    altered[i] = altered[i] == 'A' ? 'B' : 'A';
    EXPECT_FALSE(issuer_.accept(altered, kStart + 1s, kClient)) << altered;
    EXPECT_FALSE(issuer_.accept(nonce.substr(0, i), kStart, kClient)) << i;
  }
  EXPECT_FALSE(issuer_.accept(nonce + "=", kStart, kClient));
  std::string upper = nonce;
  std::transform(upper.begin(), upper.end(), upper.begin(), [](unsigned char c) { return std::toupper(c); });
  EXPECT_NE(upper, nonce);
  EXPECT_FALSE(issuer_.accept(upper, kStart, kClient));
}

struct Claim {
  SecurityFeatures features;
  std::string_view prefix;
};
class NonceCookie : public NonceIssuerTest, public testing::WithParamInterface<Claim> {};
TEST_P(NonceCookie, CarriesTheFeaturesMostSignificantBitFirst) {
  // RFC 8489 §9.2, §18.1 and RFC 8656 §20, whose example shows the bit of password algorithms as "gAAA".
  const std::string nonce = issuer_.issue(kStart, kClient, GetParam().features);
  EXPECT_EQ(nonce.substr(0, GetParam().prefix.size()), GetParam().prefix);
  EXPECT_EQ(claimed_features(nonce), GetParam().features);
  EXPECT_TRUE(issuer_.accept(nonce, kStart, kClient));
}
INSTANTIATE_TEST_SUITE_P(
    Each, NonceCookie,
    testing::Values(Claim{{}, "obMatJos2AAAA"}, Claim{{.password_algorithms = {.md5 = true}}, "obMatJos2gAAA"},
                    Claim{{.password_algorithms = {.sha256 = true}}, "obMatJos2gAAA"},
                    Claim{{.password_algorithms = {.md5 = true, .sha256 = true}}, "obMatJos2gAAA"},
                    Claim{{.password_algorithms = {}, .username_anonymity = true}, "obMatJos2QAAA"},
                    Claim{{.password_algorithms = {.md5 = true, .sha256 = true}, .username_anonymity = true},
                          "obMatJos2wAAA"}));

TEST_F(NonceIssuerTest, BindsTheFeatures) {
  // RFC 8489 §9.2.4: what protects from bidding down is that nobody between can change the bits.
  std::string nonce = issuer_.issue(kStart, kClient, {.password_algorithms = {.md5 = true, .sha256 = true}});
  ASSERT_EQ(nonce.substr(0, 14), "obMatJos2gAAA3");
  EXPECT_FALSE(issuer_.accept("obMatJos2AAAA0" + nonce.substr(14), kStart, kClient));
  EXPECT_FALSE(issuer_.accept("obMatJos2gAAA1" + nonce.substr(14), kStart, kClient));
}

TEST(ClaimedFeatures, AreAbsentWithoutACookie) {
  // RFC 8489 §9.2: a nonce that does not start with the cookie claims nothing.
  for (const std::string_view nonce : {"", "obMatJos2", "obMatJos2gAAA", "obMatJos2g@AA3", "nonce-of-another-server"})
    EXPECT_EQ(claimed_features(nonce), std::nullopt) << nonce;
}

TEST_F(NonceIssuerTest, RefusesGarbage) {
  const std::string zeros(48, '\0');
  for (const std::string& garbage : {std::string(), std::string("x"), zeros, std::string(48, '-'), std::string(48, 'f'),
                                     "-" + std::string(47, '0'), std::string(48, '\xff'), std::string(70000, 'a')})
    EXPECT_FALSE(issuer_.accept(garbage, kStart, kClient));
}

TEST_F(NonceIssuerTest, IssuesShortPrintableText) {
  const std::string nonce = issuer_.issue(kStart, *IpAddress::parse("2001:db8::1"), kFeatures);
  EXPECT_EQ(nonce.size(), 48u);
  EXPECT_TRUE(std::ranges::all_of(nonce, [](unsigned char c) { return std::isalnum(c) || c == '-' || c == '_'; }))
      << nonce;
}

}  // namespace
}  // namespace noom::auth
