// RFC 7635 §6.2; the tokens by coturn's turnutils_oauth.
#include "common/auth/access_token.h"

#include <absl/strings/escaping.h>
#include <gtest/gtest.h>

namespace noom::auth {
namespace {

constexpr std::string_view kKey = "01234567890123456789012345678901";
constexpr std::string_view kMacKey = "ZksjpweoixXmvn67534m";
constexpr Wall kIssued{std::chrono::seconds(1'700'000'000)};

std::string decoded(std::string_view base64) {
  std::string bytes;
  EXPECT_TRUE(absl::Base64Unescape(absl::string_view(base64.data(), base64.size()), &bytes));
  return bytes;
}
TokenKeys keys(std::string_view key, std::string server = "turn.example.org") {
  TokenKeys keys(std::move(server));
  EXPECT_TRUE(keys.add("oldempire", Secret(key)));
  return keys;
}
std::string token_256() {
  return decoded("AAxhYmNkZWZnaGlqa2wnvW4J0ikdMIN4xZIxxnbzX0EtuNs4t2PU1xEfijIQtLiiGFM9tn12VdPdnS/v7fT26Q==");
}
std::string token_128() {
  return decoded("AAxhYmNkZWZnaGlqa2zNzNfKedZkbAQOyckFrLqE3vQLXpzKCHiPJFbtSmZxjOpy2y1E+eAHjxPUhpal2uZZYg==");
}

TEST(AccessToken, OfAnotherImplementationIsOpenedAndSealedAlike) {
  // RFC 7635 §6.2: AES-256-GCM and AES-128-GCM, the server's name as associated data.
  for (const auto& [key, bytes] : {std::pair(kKey, token_256()), std::pair(kKey.substr(0, 16), token_128())}) {
    const TokenKeys shared = keys(key);
    const auto token = shared.open("oldempire", as_bytes(bytes));
    ASSERT_TRUE(token);
    EXPECT_EQ(token->mac_key.reveal(), kMacKey);
    EXPECT_EQ(token->issued, kIssued);
    EXPECT_EQ(token->expires, kIssued + std::chrono::hours(1));
    EXPECT_EQ(as_text(shared.seal("oldempire", *token, as_bytes("abcdefghijkl"))), bytes);
  }
}

TEST(AccessToken, IsForOneServerUnderOneKey) {
  // RFC 7635 §6.2: authenticated by the key and bound to the server's name.
  const std::string bytes = token_256();
  EXPECT_FALSE(keys(kKey, "turn.example.net").open("oldempire", as_bytes(bytes)));
  EXPECT_FALSE(keys("another key of thirty-two bytes.").open("oldempire", as_bytes(bytes)));
  EXPECT_FALSE(keys(kKey).open("newempire", as_bytes(bytes)));
}

TEST(AccessToken, WithAnyBitChangedOrByteMissingIsRefused) {
  // RFC 7635 §6.2: everything is covered by the tag.
  const TokenKeys shared = keys(kKey);
  const std::string bytes = token_256();
  for (size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    std::string altered = bytes;
    altered[bit / 8] = static_cast<char>(altered[bit / 8] ^ (1 << bit % 8));
    EXPECT_FALSE(shared.open("oldempire", as_bytes(altered))) << bit;
  }
  for (size_t size = 0; size < bytes.size(); ++size)
    EXPECT_FALSE(shared.open("oldempire", as_bytes(std::string_view(bytes).substr(0, size)))) << size;
  EXPECT_FALSE(shared.open("oldempire", as_bytes(bytes + "x")));
}

TEST(AccessToken, KeysAreOfSixteenOrThirtyTwoBytes) {
  // RFC 7635 §6.2: AEAD_AES_128_GCM and AEAD_AES_256_GCM of RFC 5116.
  TokenKeys shared("turn.example.org");
  EXPECT_FALSE(shared.add("a", Secret("short")));
  EXPECT_FALSE(shared.add("a", Secret("twenty-four bytes of key")));
  EXPECT_FALSE(shared.contains("a"));
  EXPECT_TRUE(shared.add("a", Secret("sixteen byte key")));
  EXPECT_TRUE(shared.contains("a"));
}

TEST(AccessToken, KeysRotateById) {
  // RFC 7635 §4.1.1: the key id says which of several was used.
  TokenKeys shared("turn.example.org");
  shared.add("old", Secret("sixteen byte key"));
  shared.add("new", Secret(kKey));
  const AccessToken token{.mac_key = Secret(kMacKey), .issued = kIssued, .expires = kIssued + std::chrono::hours(1)};
  for (const char* id : {"old", "new"}) {
    const auto sealed = shared.seal(id, token, as_bytes("abcdefghijkl"));
    EXPECT_TRUE(shared.open(id, sealed));
    EXPECT_FALSE(shared.open(std::string_view(id) == "old" ? "new" : "old", sealed));
  }
}

}  // namespace
}  // namespace noom::auth
