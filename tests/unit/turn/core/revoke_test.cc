#include "tests/unit/turn/core/script.h"

namespace noom::turn::test {
namespace {

// The script's settings with other users.
std::shared_ptr<const Settings> settings_with(Script& script, auth::CredentialStore users) {
  Settings settings = script.settings;
  users.add_realm(settings.realm);
  settings.credentials = std::make_shared<const auth::CredentialStore>(std::move(users));
  return std::make_shared<const Settings>(std::move(settings));
}
auth::CredentialStore only_bob() {
  auth::CredentialStore users;
  users.add_user("bob", Secret("builder"));
  return users;
}

TEST(Revoke, ARemovedUsersAllocationEndsAtOnceAndItsStreamIsClosed) {
  // RFC 8656 §21.1.6: a credential that is worth nothing any more relays nothing any more.
  Script script;
  script.client("198.51.100.7:4000").allocates();
  script.client("198.51.100.7:4001", Transport::kTcp).allocates();
  Client bob = script.client("198.51.100.8:4000", Transport::kUdp, "bob", "builder");
  bob.allocates();
  script.tells();
  script.server().on_settings(script.now(), settings_with(script, only_bob()), script.output());
  EXPECT_THAT(script.tells(), ElementsAre("ended alice revoked after 0 s, up 0/0, down 0/0",
                                          "ended alice revoked after 0 s, up 0/0, down 0/0"));
  EXPECT_THAT(script.says(), ElementsAre("close #0", "close #1", "close 198.51.100.7:4001"));
  bob.sends(refresh());
  EXPECT_THAT(script.says(), ElementsAre("198.51.100.8:4000 <- refresh success lifetime=600 integrity"));
  EXPECT_EQ(script.shared->quota.total(), 1u);
}

TEST(Revoke, AChangedPasswordRevokesWhatTheOldOneMade) {
  Script script;
  script.client("198.51.100.7:4000").allocates();
  auth::CredentialStore users;
  users.add_user("alice", Secret("another"));
  script.server().on_settings(script.now(), settings_with(script, std::move(users)), script.output());
  EXPECT_THAT(script.says(), ElementsAre("close #0"));
}

TEST(Revoke, WithoutItAllocationsOutliveTheirUser) {
  Script script;
  script.settings.end_at_revocation = false;
  script.client("198.51.100.7:4000").allocates();
  script.server().on_settings(script.now(), settings_with(script, only_bob()), script.output());
  EXPECT_THAT(script.says(), IsEmpty());
  Client again = script.client("198.51.100.7:4001");
  again.sends(allocate());
  EXPECT_EQ(script.refused(Reason::kUnknownUser), 1u);
}

TEST(Revoke, ARestSecretThatIsStillThereKeepsItsAllocationsAndOneTakenAwayDoesNot) {
  // draft-uberti-behave-turn-rest-00 §2.2: secrets rotate, the old beside the new.
  Script script;
  script.users.add_rest_secret(Secret("old"));
  script.users.add_rest_secret(Secret("new"));
  const Wall expires = script.now().wall + seconds(100);
  for (const char* secret : {"old", "new"}) {
    const auto minted = auth::mint_rest_credentials(Secret(secret), secret, expires, auth::RestHash::kSha256);
    script
        .client(std::string("198.51.100.7:") + (secret[0] == 'o' ? "4000" : "4001"), Transport::kUdp, minted.username,
                minted.password)
        .allocates();
  }
  auth::CredentialStore users;
  users.add_rest_secret(Secret("new"));
  script.server().on_settings(script.now(), settings_with(script, std::move(users)), script.output());
  EXPECT_THAT(script.says(), ElementsAre("close #0"));
}

TEST(Revoke, CredentialsThatExpiredAreNotRevokedByAReload) {
  Script script;
  script.settings.end_at_credential_expiry = false;
  script.users.add_rest_secret(Secret("north"));
  const auto minted = auth::mint_rest_credentials(Secret("north"), "carol", script.now().wall + seconds(100));
  script.client("198.51.100.7:4000", Transport::kUdp, minted.username, minted.password).allocates();
  script.when(seconds(200));
  auth::CredentialStore users;
  users.add_rest_secret(Secret("north"));
  script.server().on_settings(script.now(), settings_with(script, std::move(users)), script.output());
  EXPECT_THAT(script.says(), IsEmpty());
}

TEST(Revoke, APeerDeniedNowLosesPermissionAndChannelAtOnce) {
  // RFC 8656 §21.1.1: the policy is the operator's, and counts from when it is set.
  Script script;
  Client alice = script.client("198.51.100.7:4000");
  alice.allocates();
  alice.binds(0x4000, "192.0.2.9:99");
  alice.permits("192.0.2.10:1");
  Settings settings = *settings_with(script, only_bob());
  settings.end_at_revocation = false;
  settings.peer_policy = std::make_shared<const auth::PeerPolicy>(
      std::vector<auth::IpPrefix>{}, std::vector{auth::IpPrefix::parse("192.0.2.9").value()}, std::vector<IpAddress>{});
  script.server().on_settings(script.now(), std::make_shared<const Settings>(settings), script.output());
  EXPECT_EQ(script.stats().permissions_live.value(), 1u);
  EXPECT_EQ(script.stats().channels_live.value(), 0u);
  alice.sends(channel_data(0x4000, "hello"));
  EXPECT_EQ(script.dropped(Drop::kNoChannel), 1u);
  script.peer_sends(0, "192.0.2.9:99", "hello");
  EXPECT_EQ(script.dropped(Drop::kNoPermission), 1u);
}

TEST(Revoke, EndsEveryAllocationOfTheUserNamed) {
  Script script;
  script.users.add_rest_secret(Secret("north"));
  script.client("198.51.100.7:4000").allocates();
  script.client("198.51.100.7:4001").allocates();
  const auto minted = auth::mint_rest_credentials(Secret("north"), "carol", script.now().wall + seconds(100));
  script.client("198.51.100.9:4000", Transport::kUdp, minted.username, minted.password).allocates();
  EXPECT_EQ(script.server().on_revoke(script.now(), {"nobody"}, script.output()), 0u);
  EXPECT_EQ(script.server().on_revoke(script.now(), {"alice"}, script.output()), 2u);
  EXPECT_THAT(script.says(), ElementsAre("close #0", "close #1"));
  EXPECT_EQ(script.server().on_revoke(script.now(), {"carol"}, script.output()), 1u);
  EXPECT_EQ(script.stats().ended[EndReason::kRevoked].value(), 3u);
}

// A script whose clients have time-limited credentials, valid for 100 s.
struct RestScript : Script {
  RestScript() { users.add_rest_secret(Secret("north")); }
  Client rest_client(std::string_view from, std::string_view name, seconds lifetime = seconds(100)) {
    const auto minted = auth::mint_rest_credentials(Secret("north"), name, now().wall + lifetime);
    return client(from, Transport::kUdp, minted.username, minted.password);
  }
  size_t revoke(std::string name, seconds lifetime = seconds(100)) {
    return server().on_revoke(now(), {std::move(name), now().wall + lifetime}, output());
  }
};

TEST(Revocation, WhoWasThrownOutMayNotComeBackWithWhatHeHolds) {
  RestScript script;
  Client carol = script.rest_client("198.51.100.9:4000", "room.carol");
  carol.allocates();
  Client dave = script.rest_client("198.51.100.9:5000", "room.dave");
  dave.allocates();
  EXPECT_EQ(script.revoke("room.carol"), 1u);
  EXPECT_THAT(script.says(), ElementsAre("close #0"));
  carol.sends(refresh());
  carol.sends(allocate());
  EXPECT_THAT(script.says(), ElementsAre("198.51.100.9:4000 <- refresh error 401 realm=noom.test nonce algorithms",
                                         "198.51.100.9:4000 <- allocate error 401 realm=noom.test nonce algorithms"));
  EXPECT_EQ(script.refused(Reason::kCredentialsRevoked), 2u);
  dave.sends(refresh());
  EXPECT_THAT(script.says(), ElementsAre("198.51.100.9:5000 <- refresh success lifetime=600 integrity"));
  EXPECT_EQ(script.stats().revocations_live.value(), 1u);
}

TEST(Revocation, ADotAtTheEndTakesAllNamesThatBeginSo) {
  RestScript script;
  script.rest_client("198.51.100.9:4000", "room.carol").allocates();
  script.rest_client("198.51.100.9:4001", "room.dave").allocates();
  script.rest_client("198.51.100.9:4002", "roomy.dave").allocates();
  script.rest_client("198.51.100.9:4003", "other.room.dave").allocates();
  EXPECT_EQ(script.revoke("room."), 2u);
  EXPECT_THAT(script.says(), ElementsAre("close #0", "close #1"));
  script.rest_client("198.51.100.9:4004", "room.new").sends(allocate());
  EXPECT_EQ(script.refused(Reason::kCredentialsRevoked), 1u);
  script.says();
  script.rest_client("198.51.100.9:4005", "room").sends(allocate());
  EXPECT_THAT(script.says(), ElementsAre("open #1 on 203.0.113.1"));
}

TEST(Revocation, WithoutADotOnlyTheWholeNameCounts) {
  RestScript script;
  script.rest_client("198.51.100.9:4000", "room.carol").allocates();
  EXPECT_EQ(script.revoke("room"), 0u);
  EXPECT_EQ(script.revoke("room.car"), 0u);
  EXPECT_EQ(script.revoke("carol"), 0u);
  EXPECT_THAT(script.says(), IsEmpty());
}

TEST(Revocation, CredentialsMintedLaterAreGoodAndWhatTheyMadeStays) {
  RestScript script;
  Client later = script.rest_client("198.51.100.9:4000", "room.carol", seconds(101));
  later.allocates();
  EXPECT_EQ(script.revoke("room.carol", seconds(100)), 0u);
  later.sends(refresh());
  EXPECT_THAT(script.says(), ElementsAre("198.51.100.9:4000 <- refresh success lifetime=600 integrity"));
  script.rest_client("198.51.100.9:4001", "room.carol", seconds(100)).sends(allocate());
  EXPECT_EQ(script.refused(Reason::kCredentialsRevoked), 1u);
}

TEST(Revocation, IsForgottenOnceTheCredentialsHaveExpiredAnyway) {
  RestScript script;
  script.revoke("room.carol");
  Client carol = script.rest_client("198.51.100.9:4000", "room.carol");
  script.when(seconds(101));
  carol.sends(allocate());
  EXPECT_EQ(script.refused(Reason::kCredentialsExpired), 1u);
  script.rest_client("198.51.100.9:4001", "room.carol").sends(allocate());
  EXPECT_EQ(script.stats().revocations_live.value(), 0u);
  EXPECT_THAT(script.says(), testing::Contains("open #0 on 203.0.113.1"));
}

TEST(Revocation, AStaticUsersAllocationsEndAndHeMayComeBack) {
  RestScript script;
  script.users.add_user("room.alice", Secret("apple"));
  script.client("198.51.100.7:4000", Transport::kUdp, "room.alice", "apple").allocates();
  EXPECT_EQ(script.revoke("room."), 0u) << "a prefix is for time-limited names";
  EXPECT_EQ(script.revoke("room.alice"), 1u);
  EXPECT_THAT(script.says(), ElementsAre("close #0"));
  script.client("198.51.100.7:4001", Transport::kUdp, "room.alice", "apple").allocates();
}

TEST(Revocation, WrongCredentialsOfARevokedNameLearnNothing) {
  RestScript script;
  script.revoke("room.carol");
  const auto minted = auth::mint_rest_credentials(Secret("south"), "room.carol", script.now().wall + seconds(50));
  script.client("198.51.100.9:4000", Transport::kUdp, minted.username, minted.password).sends(allocate());
  EXPECT_EQ(script.refused(Reason::kBadIntegrity), 1u);
}

TEST(Revocations, AreBoundedAndTheFirstToEndGoFirst) {
  Revocations revocations(2);
  const Wall now(seconds(1000));
  EXPECT_EQ(revocations.add("a", now + seconds(30), now), 0u);
  EXPECT_EQ(revocations.add("b", now + seconds(10), now), 0u);
  EXPECT_EQ(revocations.add("b", now + seconds(20), now), 0u);
  EXPECT_EQ(revocations.add("b", now + seconds(5), now), 0u) << "the longer one counts";
  EXPECT_EQ(revocations.add("c", now + seconds(40), now), 1u);
  EXPECT_FALSE(revocations.contains("b", now + seconds(1), now));
  EXPECT_TRUE(revocations.contains("a", now + seconds(30), now));
  EXPECT_FALSE(revocations.contains("a", now + seconds(31), now));
  EXPECT_EQ(revocations.add("past", now, now), 0u);
  EXPECT_EQ(revocations.size(), 2u);
  EXPECT_FALSE(revocations.contains("a", now + seconds(31), now + seconds(31)));
  EXPECT_EQ(revocations.size(), 1u);
}

TEST(Revocations, OfAnyNameThatACredentialCanHave) {
  for (const char* good : {"a", "room.", "room.peer", "1700000000:carol"}) EXPECT_TRUE(is_revocable(good)) << good;
  EXPECT_FALSE(is_revocable(""));
  EXPECT_FALSE(is_revocable("."));
  EXPECT_TRUE(is_revocable(std::string(kUsernameBytesMax, 'a')));
  EXPECT_FALSE(is_revocable(std::string(kUsernameBytesMax + 1, 'a')));
}

TEST(UserLimits, AUsersOwnQuotaStandsInPlaceOfEverybodys) {
  // RFC 8656 §7.2: 486.
  Script script;
  script.settings.allocations_per_user_max = 1;
  script.users.add_user("dora", auth::User{.password = Secret("explorer"),
                                           .md5_key = {},
                                           .sha256_key = {},
                                           .limits = {.allocations_max = 2, .bits_per_second = {}}});
  for (const char* port : {"4000", "4001"})
    script.client(std::string("198.51.100.7:") + port, Transport::kUdp, "dora", "explorer").allocates();
  script.client("198.51.100.7:4002", Transport::kUdp, "dora", "explorer").sends(allocate());
  EXPECT_EQ(script.refused(Reason::kUserQuota), 1u);
  script.client("198.51.100.8:4000").allocates();
  script.client("198.51.100.8:4001").sends(allocate());
  EXPECT_EQ(script.refused(Reason::kUserQuota), 2u);
}

TEST(KeyedUser, IsServedByItsKeyAndOnlyItsAlgorithmIsOffered) {
  // RFC 8489 §9.2.4: what is offered must work for everybody.
  Script script;
  script.users.add_user("keyed", auth::User{.password = {},
                                            .md5_key = auth::long_term_key_md5("keyed", "noom.test", "secret"),
                                            .sha256_key = {},
                                            .limits = {}});
  Client keyed = script.client("198.51.100.7:4000", Transport::kUdp, "keyed", "secret");
  keyed.sends_unsigned(allocate());
  EXPECT_THAT(script.says(),
              ElementsAre("198.51.100.7:4000 <- allocate error 401 realm=noom.test nonce algorithms-other"));
  keyed.sends(allocate());
  EXPECT_THAT(script.says(), ElementsAre("open #0 on 203.0.113.1"));
}

}  // namespace
}  // namespace noom::turn::test
