// RFC 7635 in noom-turn.
#include "common/wire/integrity.h"
#include "tests/unit/turn/core/script.h"

namespace noom::turn::test {
namespace {

constexpr std::string_view kMacKey = "twenty bytes of key!";

class AccessToken : public testing::Test {
 protected:
  AccessToken() {
    keys_->add("kid-1", Secret("sixteen byte key"));
    script_.settings.token_keys = keys_;
  }
  // As an authorisation server hands it out, and signed with what is inside.
  Credentials with_token(const Client& client, seconds lifetime, std::string_view mac_key = kMacKey) {
    const Wall now = script_.now().wall;
    Credentials credentials = client.credentials();
    credentials.username = "kid-1";
    credentials.key = mac_key;
    credentials.token = as_text(keys_->seal(
        "kid-1", {.mac_key = Secret(mac_key), .issued = now, .expires = now + lifetime}, as_bytes("twelve bytes")));
    return credentials;
  }
  // Whether the last answer is signed with that key.
  bool signed_with(std::string_view mac_key) {
    const auto message = wire::MessageView::parse(script_.to_clients().back().bytes).value();
    return wire::check_message_integrity(message, as_bytes(mac_key)) == wire::Check::kValid;
  }

  std::shared_ptr<auth::TokenKeys> keys_ = std::make_shared<auth::TokenKeys>("turn.example.org");
  Script script_;
  Client alice_ = script_.client("198.51.100.7:4000");
};

TEST_F(AccessToken, IsAskedForInTheChallenge) {
  // RFC 7635 §4.1: THIRD-PARTY-AUTHORIZATION with the server's name in the 401.
  alice_.sends_unsigned(allocate());
  EXPECT_THAT(script_.says(), ElementsAre("198.51.100.7:4000 <- allocate error 401 realm=noom.test nonce algorithms "
                                          "third-party=turn.example.org"));
}

TEST_F(AccessToken, GrantsAnAllocationThatEndsWithIt) {
  // RFC 7635 §9: the key inside proves the request and signs the answer; nothing outlives the token's lifetime.
  alice_.sends(allocate(), with_token(alice_, seconds(300)));
  EXPECT_THAT(script_.says(), ElementsAre("open #0 on 203.0.113.1"));
  script_.opened(0);
  EXPECT_TRUE(signed_with(kMacKey));
  script_.forget();
  script_.when(seconds(299));
  EXPECT_THAT(script_.says(), IsEmpty());
  script_.when(seconds(300));
  EXPECT_THAT(script_.says(), ElementsAre("close #0"));
}

TEST_F(AccessToken, NeedNotBeRepeatedByTheAllocationsOwner) {
  // RFC 7635 §9: further requests are signed with the same key.
  alice_.sends(allocate(), with_token(alice_, seconds(300)));
  script_.opened(0);
  script_.forget();
  Credentials credentials = with_token(alice_, seconds(300));
  credentials.token.clear();
  alice_.sends(create_permission().peer("192.0.2.9:99"), credentials);
  EXPECT_TRUE(signed_with(kMacKey));
  EXPECT_EQ(script_.stats().permissions_live.value(), 1u);
}

TEST_F(AccessToken, ANewerOneProlongsTheAllocation) {
  // RFC 7635 §9: a Refresh with a fresh token, another key inside.
  alice_.sends(allocate(), with_token(alice_, seconds(300)));
  script_.opened(0);
  script_.forget();
  script_.when(seconds(200));
  alice_.sends(refresh(), with_token(alice_, seconds(300), "another key inside.."));
  EXPECT_TRUE(signed_with("another key inside.."));
  script_.forget();
  script_.when(seconds(499));
  EXPECT_THAT(script_.says(), IsEmpty());
  script_.when(seconds(500));
  EXPECT_THAT(script_.says(), ElementsAre("close #0"));
}

TEST_F(AccessToken, ANewerOneMayComeUnderAnotherKeyId) {
  // RFC 7635 §4.1.1: the id names the key of the authorisation server, which rotates.
  keys_->add("kid-2", Secret("another sixteen."));
  alice_.sends(allocate(), with_token(alice_, seconds(300)));
  script_.opened(0);
  script_.forget();
  Credentials credentials = with_token(alice_, seconds(600));
  const Wall now = script_.now().wall;
  credentials.username = "kid-2";
  credentials.token = as_text(keys_->seal(
      "kid-2", {.mac_key = Secret(kMacKey), .issued = now, .expires = now + seconds(600)}, as_bytes("twelve bytes")));
  alice_.sends(refresh(), credentials);
  EXPECT_TRUE(signed_with(kMacKey));
  EXPECT_EQ(script_.refused(Reason::kOtherUser), 0u);
  EXPECT_EQ(script_.shared->quota.total(), 1u);
  script_.forget();
  alice_.sends(refresh().lifetime(0), credentials);
  EXPECT_EQ(script_.shared->quota.total(), 0u);
}

TEST_F(AccessToken, ThatCannotBeOpenedIs401) {
  // RFC 7635 §4.1.1: sealed under another key, under another id, or garbage.
  for (const bool other_id : {true, false}) {
    Credentials credentials = with_token(alice_, seconds(300));
    if (other_id)
      credentials.username = "kid-2";
    else
      credentials.token.back() ^= 1;
    alice_.sends(allocate(), credentials);
  }
  EXPECT_EQ(script_.refused(Reason::kBadToken), 2u);
  EXPECT_EQ(script_.shared->quota.total(), 0u);
}

TEST_F(AccessToken, ThatIsOverIs401) {
  // RFC 7635 §4.1.1: the lifetime counts from the timestamp.
  const Credentials credentials = with_token(alice_, seconds(300));
  script_.when(seconds(300));
  alice_.sends(allocate(), credentials);
  EXPECT_EQ(script_.refused(Reason::kCredentialsExpired), 1u);
}

TEST_F(AccessToken, OfSomebodyElseIs401) {
  // RFC 7635 §4.1.1: whoever has the token but not the key inside proves nothing.
  Credentials credentials = with_token(alice_, seconds(300));
  credentials.key = "a key of one's own..";
  alice_.sends(allocate(), credentials);
  EXPECT_EQ(script_.refused(Reason::kBadIntegrity), 1u);
}

TEST_F(AccessToken, MayBeSignedWithThePartOfItsKeyThatCoturnTakes) {
  // RFC 7635 §6.2: the whole key; coturn 4.6's client takes the first 16 bytes.
  Credentials credentials = with_token(alice_, seconds(300));
  credentials.key.resize(16);
  alice_.sends(allocate(), credentials);
  EXPECT_THAT(script_.says(), ElementsAre("open #0 on 203.0.113.1"));
}

TEST_F(AccessToken, StandsBesideStaticUsers) {
  // RFC 7635 §4: a client that knows nothing of tokens uses the long-term credentials it has.
  alice_.sends(allocate());
  EXPECT_THAT(script_.says(), ElementsAre("open #0 on 203.0.113.1"));
}

TEST_F(AccessToken, KeyTakenAwayRevokesWhatItGranted) {
  // RFC 7635 §6.2: keys are rotated by id.
  alice_.sends(allocate(), with_token(alice_, seconds(300)));
  script_.opened(0);
  script_.forget();
  Settings settings = script_.settings;
  settings.credentials = std::make_shared<const auth::CredentialStore>();
  settings.token_keys = nullptr;
  script_.server().on_settings(script_.now(), std::make_shared<const Settings>(settings), script_.output());
  EXPECT_THAT(script_.says(), ElementsAre("close #0"));
}

}  // namespace
}  // namespace noom::turn::test
