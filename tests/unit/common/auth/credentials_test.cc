#include "common/auth/credentials.h"

#include <gtest/gtest.h>

#include "tests/vectors/hex.h"

namespace noom::auth {
namespace {

using vectors::to_hex;

constexpr Wall at(int64_t seconds) {
  return Wall(std::chrono::seconds(seconds));
}
constexpr std::string_view kRealm = "example.org";
constexpr auto kMd5 = PasswordAlgorithm::kMd5;
constexpr auto kSha256 = PasswordAlgorithm::kSha256;

TEST(LongTermKey, IsTheDigestOfUserRealmAndPassword) {
  // RFC 8489 §9.2.2, §18.5.1.2; the values by md5sum and sha256sum of "user:realm:pass".
  EXPECT_EQ(to_hex(long_term_key_md5("user", "realm", "pass").bytes()), "8493fbc53ba582fb4c044c456bdc40eb");
  EXPECT_EQ(to_hex(long_term_key_sha256("user", "realm", "pass").bytes()),
            "07e934117abd40836e7c6329b54731b2b2d2a5f9a71f544922d75e0730d8251b");
}

TEST(RestCredentials, AreWhatCoturnExpects) {
  // draft-uberti-behave-turn-rest-00 §2.2; the password by openssl dgst -sha1 -hmac.
  const RestCredentials minted = mint_rest_credentials(Secret("north"), "alice", at(1433895918));
  EXPECT_EQ(minted.username, "1433895918:alice");
  EXPECT_EQ(minted.password, "RqMvcGPYTJMGThVLSi4amT4zFtI=");
  EXPECT_EQ(minted.expires, at(1433895918));
}

TEST(RestCredentials, MayBeMadeWithSha256) {
  // draft-uberti-behave-turn-rest-00 §2.2 with another hash; the password by openssl dgst -sha256 -hmac.
  EXPECT_EQ(mint_rest_credentials(Secret("north"), "alice", at(1433895918), RestHash::kSha256).password,
            "gItEyWczeVF30g5PsXd43+urZgExD+g0JRczuDCJ9OM=");
}

TEST(RestCredentials, WithoutANameAreJustTheExpiry) {
  EXPECT_EQ(mint_rest_credentials(Secret("north"), "", at(1433895918)).username, "1433895918");
}

TEST(RestCredentials, EndAtTheSecondTheUsernameSays) {
  const Wall expires = at(1433895918) + std::chrono::milliseconds(999);
  EXPECT_EQ(mint_rest_credentials(Secret("north"), "alice", expires).expires, at(1433895918));
}

TEST(RestExpiry, IsReadFromTheFrontOfTheUsername) {
  EXPECT_EQ(rest_expiry("1433895918"), at(1433895918));
  EXPECT_EQ(rest_expiry("1433895918:"), at(1433895918));
  EXPECT_EQ(rest_expiry("1433895918:alice:2"), at(1433895918));
  EXPECT_EQ(rest_expiry("0:alice"), at(0));
}

TEST(RestExpiry, BeyondTheClocksRangeIsTheFarFuture) {
  EXPECT_EQ(rest_expiry("9223372037"), Wall::max());
  EXPECT_EQ(rest_expiry("1433895918000000:milliseconds"), Wall::max());
}

TEST(RestExpiry, IsAbsentFromOtherUsernames) {
  for (const std::string_view username :
       {"", ":", ":alice", "alice", "alice:1433895918", "-1:alice", "+1:alice", " 1:alice", "0x10:alice", "1e9:alice",
        "14338959a8:alice", "99999999999999999999:alice"})
    EXPECT_EQ(rest_expiry(username), std::nullopt) << username;
}

class CredentialStoreTest : public testing::Test {
 protected:
  std::vector<std::string> keys(std::string_view username, Wall now = at(1000)) const {
    std::vector<std::string> keys;
    for (const Account& account : store_.accounts(username, kRealm, kMd5, now))
      keys.push_back(to_hex(account.key.bytes()));
    return keys;
  }
  static std::string key(std::string_view username, std::string_view password) {
    return to_hex(long_term_key_md5(username, kRealm, password).bytes());
  }
  CredentialStore store_;
};

TEST_F(CredentialStoreTest, KnowsNobodyAtFirst) {
  EXPECT_TRUE(store_.empty());
  EXPECT_TRUE(keys("alice").empty());
  EXPECT_TRUE(keys("2000:alice").empty());
}

TEST_F(CredentialStoreTest, FindsStaticUsersWhichNeverExpire) {
  store_.add_user("alice", Secret("apple"));
  store_.add_user("bob", Secret("berry"));
  EXPECT_FALSE(store_.empty());
  EXPECT_EQ(keys("alice"), std::vector{key("alice", "apple")});
  EXPECT_EQ(keys("bob"), std::vector{key("bob", "berry")});
  EXPECT_TRUE(keys("Alice").empty());
  EXPECT_EQ(store_.accounts("alice", kRealm, kMd5, at(1000))[0].expires, std::nullopt);
}

TEST_F(CredentialStoreTest, TriesEveryRestSecretInTheOrderGiven) {
  store_.add_rest_secret(Secret("new"));
  store_.add_rest_secret(Secret("old"));
  const std::string username = "2000:alice";
  const auto password = [](std::string_view secret, RestHash hash) {
    return mint_rest_credentials(Secret(secret), "alice", at(2000), hash).password;
  };
  EXPECT_EQ(keys(username),
            (std::vector{
                key(username, password("new", RestHash::kSha1)), key(username, password("new", RestHash::kSha256)),
                key(username, password("old", RestHash::kSha1)), key(username, password("old", RestHash::kSha256))}));
  EXPECT_EQ(store_.accounts(username, kRealm, kMd5, at(1000))[1].expires, at(2000));
}

TEST_F(CredentialStoreTest, RefusesRestCredentialsFromTheirExpiryOn) {
  store_.add_rest_secret(Secret("north"));
  EXPECT_EQ(keys("2000:alice", at(2000) - Duration(1)).size(), 2u);
  EXPECT_TRUE(keys("2000:alice", at(2000)).empty());
  EXPECT_TRUE(keys("2000", at(3000)).empty());
}

TEST_F(CredentialStoreTest, PrefersTheStaticUserOfTheSameName) {
  store_.add_rest_secret(Secret("north"));
  store_.add_user("500:alice", Secret("apple"));
  EXPECT_EQ(keys("500:alice"), std::vector{key("500:alice", "apple")});
  EXPECT_EQ(keys("2000:alice").size(), 2u);
}

TEST_F(CredentialStoreTest, MakesTheKeyOfTheAlgorithmAskedFor) {
  // RFC 8489 §9.2.2: the key of SHA-256 is made from the same three.
  store_.add_user("alice", Secret("apple"));
  EXPECT_EQ(to_hex(store_.accounts("alice", kRealm, kSha256, at(1000))[0].key.bytes()),
            to_hex(long_term_key_sha256("alice", kRealm, "apple").bytes()));
}

TEST(Userhash, IsTheHashOfTheRfcsExample) {
  // RFC 8489 §14.4: SHA-256 of name, colon and realm; the value of appendix B.1.
  EXPECT_EQ(to_hex(userhash("\u30de\u30c8\u30ea\u30c3\u30af\u30b9", "example.org")),
            "4a3cf38fef6992bda952c6780417da0f24819415569e60b205c46e41407f1704");
}

TEST_F(CredentialStoreTest, FindsStaticUsersByTheirHashInTheRealmsAdded) {
  // RFC 8489 §14.4: whether the realm comes before the user or after.
  store_.add_user("alice", Secret("apple"));
  store_.add_realm("example.org");
  store_.add_user("bob", Secret("berry"));
  store_.add_realm("example.net");
  EXPECT_EQ(store_.user_of_hash(userhash("alice", "example.org")), "alice");
  EXPECT_EQ(store_.user_of_hash(userhash("bob", "example.net")), "bob");
  EXPECT_EQ(store_.user_of_hash(userhash("bob", "example.com")), std::nullopt);
  EXPECT_EQ(store_.user_of_hash(userhash("eve", "example.org")), std::nullopt);
  EXPECT_EQ(store_.user_of_hash({}), std::nullopt);
}

TEST_F(CredentialStoreTest, PromisesHashesOnlyWhereEveryNameHasOne) {
  // RFC 8489 §14.4: the name of time-limited credentials cannot be known from its hash.
  EXPECT_FALSE(store_.every_name_has_a_hash());
  store_.add_user("alice", Secret("apple"));
  EXPECT_TRUE(store_.every_name_has_a_hash());
  store_.add_rest_secret(Secret("north"));
  EXPECT_FALSE(store_.every_name_has_a_hash());
}

TEST_F(CredentialStoreTest, OffersTheAlgorithmsThatEveryUserHasAKeyFor) {
  // RFC 8489 §9.2.4: a client takes the first algorithm it knows, so each must work.
  const auto keyed = [](bool md5, bool sha256) {
    return User{.password = {},
                .md5_key = md5 ? Secret("sixteen bytes...") : Secret(),
                .sha256_key = sha256 ? Secret("thirty-two bytes of key material") : Secret(),
                .limits = {}};
  };
  store_.add_user("alice", Secret("apple"));
  store_.add_user("bob", keyed(true, true));
  EXPECT_EQ(store_.algorithms(), (wire::PasswordAlgorithmSet{.md5 = true, .sha256 = true}));
  store_.add_user("carol", keyed(true, false));
  EXPECT_EQ(store_.algorithms(), (wire::PasswordAlgorithmSet{.md5 = true, .sha256 = false}));
  EXPECT_EQ(store_.accounts("carol", kRealm, kMd5, at(1000))[0].key.reveal(), "sixteen bytes...");
  EXPECT_TRUE(store_.accounts("carol", kRealm, kSha256, at(1000)).empty());
  store_.add_user("dave", keyed(false, true));
  EXPECT_TRUE(store_.algorithms().empty());
}

TEST_F(CredentialStoreTest, KeepsTheLastPasswordOfAName) {
  store_.add_user("alice", Secret("apple"));
  store_.add_user("alice", Secret("avocado"));
  EXPECT_EQ(keys("alice"), std::vector{key("alice", "avocado")});
}

}  // namespace
}  // namespace noom::auth
