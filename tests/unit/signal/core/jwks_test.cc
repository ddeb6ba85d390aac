// RFC 7517: which keys of a set are taken, and which sets are not.
#include "signal/core/jwks.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/vectors/jose.h"

namespace noom::signal {
namespace {

using testing::HasSubstr;

constexpr std::string_view kWeak = R"({"kty":"oct","kid":"old","k":"c2hvcnQ"})";

std::string set_of(const std::vector<std::string_view>& keys) {
  std::string text = "{\"keys\":[";
  for (const std::string_view key : keys) (text += text.ends_with('[') ? "" : ",") += key;
  return text + "]}\n";
}
// An example key with more members.
std::string with(std::string_view jwk, std::string_view members) {
  return "{" + std::string(members) + "," + std::string(jwk.substr(1));
}
std::string error_of(const std::string& set) {
  const auto keys = parse_jwks(set);
  return keys.ok() ? "" : std::string(keys.status().message());
}

TEST(JwksTest, KeysOfAllFourAlgorithmsAreTakenInTheirOrder) {
  const auto keys = parse_jwks(set_of({with(vectors::kHs256Example.jwk, R"("kid":"a")"), vectors::kRs256Example.jwk,
                                       vectors::kEs256Example.jwk, vectors::kEd25519Example.jwk}));
  ASSERT_TRUE(keys.ok()) << keys.status();
  ASSERT_EQ(keys->size(), 4u);
  EXPECT_EQ(keys->at(0).id, "a");
  EXPECT_EQ(keys->at(1).id, "");
  EXPECT_EQ(keys->at(0).key.algorithm(), auth::JwsAlgorithm::kHs256);
  EXPECT_EQ(keys->at(1).key.algorithm(), auth::JwsAlgorithm::kRs256);
  EXPECT_EQ(keys->at(2).key.algorithm(), auth::JwsAlgorithm::kEs256);
  EXPECT_EQ(keys->at(3).key.algorithm(), auth::JwsAlgorithm::kEdDsa);
}

// RFC 7517 §5, §4.2 to §4.4.
TEST(JwksTest, KeysForOtherPurposesArePassedOver) {
  const std::string_view rsa = vectors::kRs256Example.jwk;
  const auto keys = parse_jwks(
      set_of({R"({"kty":"EC","crv":"P-384","x":"AA","y":"AA"})", R"({"kty":"new"})", R"({})",
              R"({"kty":"OKP","crv":"X25519","x":"AA"})", with(rsa, R"("use":"enc")"), with(rsa, R"("alg":"RS512")"),
              with(rsa, R"("alg":"HS256")"), with(rsa, R"("key_ops":["wrapKey"])"), with(rsa, R"("key_ops":"verify")"),
              with(rsa, R"("kid":"1","use":"sig","alg":"RS256","key_ops":["verify"])")}));
  ASSERT_TRUE(keys.ok()) << keys.status();
  ASSERT_EQ(keys->size(), 1u);
  EXPECT_EQ(keys->at(0).id, "1");
}

TEST(JwksTest, AnErrorNamesTheKey) {
  const std::string_view rsa = vectors::kRs256Example.jwk;
  EXPECT_THAT(error_of(set_of({rsa, kWeak})), HasSubstr("key 2 (\"old\") an HS256 key must be at least 32 bytes"));
  EXPECT_THAT(error_of(set_of({with(rsa, R"("d":"AQ")")})), HasSubstr("key 1 is a private key"));
  EXPECT_THAT(error_of(set_of({R"({"kty":"RSA","n":"AQAB","e":"AQAB"})"})), HasSubstr("2048"));
  EXPECT_THAT(error_of(set_of({R"({"kty":"RSA","n":"!","e":"AQAB"})"})), HasSubstr("base64url"));
  EXPECT_THAT(error_of(set_of({R"({"kty":"oct"})"})), HasSubstr("\"k\""));
  EXPECT_THAT(error_of(set_of({R"({"kty":"EC","crv":"P-256","x":"AA","y":"AA"})"})), HasSubstr("32 bytes"));
  EXPECT_THAT(error_of(set_of({R"({"kty":"OKP","crv":"Ed25519","x":"AA"})"})), HasSubstr("32 bytes"));
  EXPECT_THAT(error_of(set_of({"17"})), HasSubstr("key 1 is not an object"));
  EXPECT_THAT(error_of(set_of({with(rsa, R"("kty":"oct")")})), HasSubstr("members are all different"));
}

TEST(JwksTest, OneKidNamesOneKeyOfAnAlgorithm) {
  const std::string rsa = with(vectors::kRs256Example.jwk, R"("kid":"1")");
  const std::string p256 = with(vectors::kEs256Example.jwk, R"("kid":"1")");
  EXPECT_THAT(error_of(set_of({rsa, rsa})), HasSubstr("key 2 (\"1\") has the \"kid\" of a key before it"));
  EXPECT_TRUE(parse_jwks(set_of({rsa, p256})).ok());
}

TEST(JwksTest, WhatIsNoSetOrHasNoKeyForUsIsRefused) {
  for (const std::string text : {"", "[]", "{}", R"({"keys":{}})", R"({"keys":[],"keys":[]})", "{\"keys\":[}"})
    EXPECT_THAT(error_of(text), HasSubstr("not a JWK Set")) << text;
  EXPECT_THAT(error_of(R"({"keys":[]})"), HasSubstr("no key for"));
}

TEST(JwksTest, ASetHoldsAtMost32Keys) {
  const std::vector<std::string_view> most(kJwtKeysMax, vectors::kEd25519Example.jwk);
  EXPECT_TRUE(parse_jwks(set_of(most)).ok());
  std::vector<std::string_view> more = most;
  more.push_back(vectors::kEd25519Example.jwk);
  EXPECT_THAT(error_of(set_of(more)), HasSubstr("one too many"));
}

}  // namespace
}  // namespace noom::signal
