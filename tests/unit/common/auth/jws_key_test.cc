// RFC 7515 Appendix A, RFC 7518 §3, RFC 8037 Appendix A.
#include "common/auth/jws_key.h"

#include <gtest/gtest.h>

#include "common/auth/base64url.h"
#include "tests/vectors/jose.h"

namespace noom::auth {
namespace {

std::string decoded(std::string_view text) {
  return decode_base64url(text).value();
}
// The value of a member in a vector's key.
std::string member(std::string_view jwk, std::string_view name) {
  const std::string key = "\"" + std::string(name) + "\":\"";
  const size_t at = jwk.find(key) + key.size();
  return decoded(jwk.substr(at, jwk.find('"', at) - at));
}

JwsKey hmac() {
  return *JwsKey::hmac(Secret(member(vectors::kHs256Example.jwk, "k")));
}
JwsKey rsa() {
  const auto jwk = vectors::kRs256Example.jwk;
  return *JwsKey::rsa(as_bytes(member(jwk, "n")), as_bytes(member(jwk, "e")));
}
JwsKey p256() {
  const auto jwk = vectors::kEs256Example.jwk;
  return *JwsKey::p256(as_bytes(member(jwk, "x")), as_bytes(member(jwk, "y")));
}
JwsKey ed25519() {
  return *JwsKey::ed25519(as_bytes(member(vectors::kEd25519Example.jwk, "x")));
}

struct Case {
  JwsAlgorithm algorithm;
  JwsKey (*key)();
  const vectors::JoseExample& example;
};
const Case kCases[] = {
    {JwsAlgorithm::kHs256, hmac, vectors::kHs256Example},
    {JwsAlgorithm::kRs256, rsa, vectors::kRs256Example},
    {JwsAlgorithm::kEs256, p256, vectors::kEs256Example},
    {JwsAlgorithm::kEdDsa, ed25519, vectors::kEd25519Example},
};

class JwsKeyTest : public testing::TestWithParam<Case> {
 protected:
  static std::string input() {
    return std::string(GetParam().example.header) + "." + std::string(GetParam().example.payload);
  }
  static std::string signature() { return decoded(GetParam().example.signature); }
};

TEST_P(JwsKeyTest, VerifiesTheRfcsSignature) {
  const JwsKey key = GetParam().key();
  EXPECT_EQ(key.algorithm(), GetParam().algorithm);
  EXPECT_TRUE(key.verify(as_bytes(input()), as_bytes(signature())));
}

TEST_P(JwsKeyTest, RefusesAnyChangedBitOfSignatureOrInput) {
  const JwsKey key = GetParam().key();
  for (size_t i = 0; i < signature().size(); ++i) {
    std::string changed = signature();
    changed[i] = static_cast<char>(changed[i] ^ 1);
    EXPECT_FALSE(key.verify(as_bytes(input()), as_bytes(changed))) << i;
  }
  std::string changed = input();
  changed[3] = static_cast<char>(changed[3] ^ 1);
  EXPECT_FALSE(key.verify(as_bytes(changed), as_bytes(signature())));
}

TEST_P(JwsKeyTest, RefusesSignaturesOfAnyOtherLength) {
  const JwsKey key = GetParam().key();
  const std::string whole = signature();
  for (size_t size = 0; size < whole.size(); ++size)
    EXPECT_FALSE(key.verify(as_bytes(input()), as_bytes(whole).first(size))) << size;
  EXPECT_FALSE(key.verify(as_bytes(input()), as_bytes(whole + std::string(1, '\0'))));
  EXPECT_FALSE(key.verify(as_bytes(input()), as_bytes(std::string(1, '\0') + whole)));
}

TEST_P(JwsKeyTest, RefusesTheSignatureOfAnyOtherAlgorithm) {
  for (const Case& other : kCases) {
    if (other.algorithm == GetParam().algorithm) continue;
    const std::string text = std::string(other.example.header) + "." + std::string(other.example.payload);
    EXPECT_FALSE(GetParam().key().verify(as_bytes(text), as_bytes(decoded(other.example.signature))));
  }
}

INSTANTIATE_TEST_SUITE_P(Rfc, JwsKeyTest, testing::ValuesIn(kCases),
                         [](const auto& tested) { return std::string(to_string(tested.param.algorithm)); });

// RFC 7518 §3.4: the signature is R and S, not the DER that OpenSSL makes; zeros are in nobody's range.
TEST(JwsKeyShapeTest, Es256TakesNeitherDerNorZeros) {
  const std::string input =
      std::string(vectors::kEs256Example.header) + "." + std::string(vectors::kEs256Example.payload);
  const std::string raw = decoded(vectors::kEs256Example.signature);
  const std::string der =
      std::string("\x30\x45\x02\x20") + raw.substr(0, 32) + "\x02\x21" + std::string(1, '\0') + raw.substr(32);
  EXPECT_FALSE(p256().verify(as_bytes(input), as_bytes(der)));
  EXPECT_FALSE(p256().verify(as_bytes(input), as_bytes(std::string(64, '\0'))));
}

TEST(JwsKeyShapeTest, WeakKeysAreRefused) {
  EXPECT_FALSE(JwsKey::hmac(Secret(std::string(31, 'k'))).ok());
  EXPECT_TRUE(JwsKey::hmac(Secret(std::string(32, 'k'))).ok());
  const std::string modulus = member(vectors::kRs256Example.jwk, "n");
  const std::string e = {1, 0, 1};
  EXPECT_FALSE(JwsKey::rsa(as_bytes(modulus.substr(0, 255)), as_bytes(e)).ok());
  EXPECT_FALSE(JwsKey::rsa(as_bytes(std::string(1025, '\xff')), as_bytes(e)).ok());
  EXPECT_FALSE(JwsKey::rsa({}, as_bytes(e)).ok());
}

TEST(JwsKeyShapeTest, ExponentsThatMakeNoSignatureAreRefused) {
  const std::string modulus = member(vectors::kRs256Example.jwk, "n");
  for (const std::string& e :
       {std::string(), std::string(1, '\0'), std::string(1, '\1'), std::string(1, '\2'), std::string(9, '\1')})
    EXPECT_FALSE(JwsKey::rsa(as_bytes(modulus), as_bytes(e)).ok()) << e.size();
}

TEST(JwsKeyShapeTest, PointsOffTheCurveAndKeysOfOtherLengthsAreRefused) {
  const auto jwk = vectors::kEs256Example.jwk;
  const std::string x = member(jwk, "x");
  std::string y = member(jwk, "y");
  y.back() = static_cast<char>(y.back() ^ 1);
  EXPECT_FALSE(JwsKey::p256(as_bytes(x), as_bytes(y)).ok());
  EXPECT_FALSE(JwsKey::p256(as_bytes(x), as_bytes(x.substr(1))).ok());
  EXPECT_FALSE(JwsKey::p256(as_bytes(std::string(32, '\0')), as_bytes(std::string(32, '\0'))).ok());
  EXPECT_FALSE(JwsKey::ed25519(as_bytes(x.substr(1))).ok());
  EXPECT_FALSE(JwsKey::ed25519(as_bytes(x + "0")).ok());
}

// RFC 8725 §3.1, §2.1: "none" is no algorithm, and names are compared as they are.
TEST(JwsKeyShapeTest, OnlyTheFourAlgorithmsHaveNames) {
  for (const Case& known : kCases) EXPECT_EQ(parse_jws_algorithm(to_string(known.algorithm)), known.algorithm);
  for (const std::string_view name :
       {"", "none", "None", "hs256", "HS384", "HS512", "RS512", "PS256", "ES384", "Ed25519"})
    EXPECT_FALSE(parse_jws_algorithm(name)) << name;
}

}  // namespace
}  // namespace noom::auth
