#include "tests/unit/turn/core/script.h"

namespace noom::turn::test {
namespace {

TEST(Authenticate, WithoutIntegrityIs401WithRealmAndNonceAndNothingMore) {
  // RFC 8489 §9.2.4: no MESSAGE-INTEGRITY; no SOFTWARE for a UDP source that has proved nothing.
  Script script;
  script.settings.software = "noom";
  Client alice = script.client("198.51.100.7:4000");
  alice.sends_unsigned(allocate());
  EXPECT_THAT(script.tells(), IsEmpty());  // every client gets this first
  EXPECT_THAT(script.says(), ElementsAre("198.51.100.7:4000 <- allocate error 401 realm=noom.test nonce algorithms"));
  EXPECT_EQ(script.refused(Reason::kNoIntegrity), 1u);
}

TEST(Authenticate, TheChallengeMirrorsFingerprint) {
  // RFC 8489 §7.3.
  Script script;
  script.client("198.51.100.7:4000").sends_unsigned(allocate().fingerprint());
  EXPECT_THAT(script.says(),
              ElementsAre("198.51.100.7:4000 <- allocate error 401 realm=noom.test nonce algorithms fingerprint"));
}

TEST(Authenticate, AStreamIsAVerifiedSourceAndIsToldTheSoftware) {
  // RFC 8489 §14.14.
  Script script;
  script.settings.software = "noom";
  script.client("198.51.100.7:4000", Transport::kTcp).sends_unsigned(allocate());
  EXPECT_THAT(script.says(),
              ElementsAre("198.51.100.7:4000 <- allocate error 401 realm=noom.test nonce algorithms software=noom"));
}

TEST(Authenticate, TheNonceOfAChallengeIsAccepted) {
  // RFC 8489 §9.2.3.
  Script script;
  Client alice = script.client("198.51.100.7:4000");
  alice.sends_unsigned(allocate());
  const auto message = wire::MessageView::parse(script.to_clients().front().bytes).value();
  Credentials credentials = alice.credentials();
  credentials.nonce = message.text(Attr::kNonce).value();
  script.forget();
  alice.sends(allocate(), credentials);
  EXPECT_THAT(script.says(), ElementsAre("open #0 on 203.0.113.1"));
}

class MissingAttribute : public testing::TestWithParam<std::pair<std::string Credentials::*, Reason>> {};
TEST_P(MissingAttribute, BesideIntegrityIs400) {
  // RFC 8489 §9.2.4: integrity without USERNAME, REALM or NONCE; the answer carries none of them.
  Script script;
  Client alice = script.client("198.51.100.7:4000");
  Credentials credentials = alice.credentials();
  credentials.*GetParam().first = "";
  alice.sends(allocate(), credentials);
  EXPECT_THAT(script.says(), ElementsAre("198.51.100.7:4000 <- allocate error 400"));
  EXPECT_EQ(script.refused(GetParam().second), 1u);
}
INSTANTIATE_TEST_SUITE_P(Each, MissingAttribute,
                         testing::Values(std::pair(&Credentials::username, Reason::kMissingUsername),
                                         std::pair(&Credentials::realm, Reason::kMissingRealm),
                                         std::pair(&Credentials::nonce, Reason::kMissingNonce)));

TEST(Authenticate, UnknownUserIs401) {
  // RFC 8489 §9.2.4: USERNAME not valid; nothing signs the answer.
  Script script;
  script.client("198.51.100.7:4000", Transport::kUdp, "mallory", "x").sends(allocate());
  EXPECT_THAT(script.tells(), ElementsAre("refused mallory allocate unknown_user"));
  EXPECT_THAT(script.says(), ElementsAre("198.51.100.7:4000 <- allocate error 401 realm=noom.test nonce algorithms"));
}

TEST(Authenticate, ANameLongerThanTheRfcAllowsIsAnUnknownUser) {
  // RFC 8489 §14.3: less than 509 bytes.
  Script script;
  const std::string name(600, 'a');
  script.users.add_user(name, Secret("x"));
  script.client("198.51.100.7:4000", Transport::kUdp, name, "x").sends(allocate());
  EXPECT_THAT(script.says(), ElementsAre("198.51.100.7:4000 <- allocate error 401 realm=noom.test nonce algorithms"));
  EXPECT_EQ(script.refused(Reason::kUnknownUser), 1u);
}

TEST(Authenticate, WrongPasswordIs401) {
  // RFC 8489 §9.2.4: integrity that does not match.
  Script script;
  script.client("198.51.100.7:4000", Transport::kUdp, "alice", "wrong").sends(allocate());
  EXPECT_THAT(script.tells(), ElementsAre("refused alice allocate bad_integrity"));
  EXPECT_THAT(script.says(), ElementsAre("198.51.100.7:4000 <- allocate error 401 realm=noom.test nonce algorithms"));
}

TEST(Authenticate, ANonceThatIsTooOldIs438WithAFreshOne) {
  // RFC 8489 §9.2.4: NONCE no longer valid.
  Script script;
  Client alice = script.client("198.51.100.7:4000");
  const Credentials old = alice.credentials();
  script.when(seconds(3601));
  alice.sends(allocate(), old);
  EXPECT_THAT(script.says(),
              ElementsAre("198.51.100.7:4000 <- allocate error 438 realm=noom.test nonce algorithms integrity"));
  EXPECT_EQ(script.refused(Reason::kStaleNonce), 1u);
}

TEST(Authenticate, ANonceIssuedToAnotherAddressIs438) {
  // RFC 8489 §9.2: nonces are bound to their source here.
  Script script;
  const Credentials others = script.client("198.51.100.8:4000").credentials();
  script.client("198.51.100.7:4000").sends(allocate(), others);
  EXPECT_THAT(script.says(),
              ElementsAre("198.51.100.7:4000 <- allocate error 438 realm=noom.test nonce algorithms integrity"));
}

TEST(Authenticate, AStaleNonceUnderABadPasswordIs401) {
  // RFC 8489 §9.2.4: integrity is checked before the nonce's age.
  Script script;
  Client alice = script.client("198.51.100.7:4000", Transport::kUdp, "alice", "wrong");
  const Credentials old = alice.credentials();
  script.when(seconds(3601));
  alice.sends(allocate(), old);
  EXPECT_THAT(script.says(), ElementsAre("198.51.100.7:4000 <- allocate error 401 realm=noom.test nonce algorithms"));
}

TEST(Authenticate, ARequestProvedBySha256IsAnsweredWithSha256) {
  // RFC 8489 §14.6, §9.2.4.
  Script script;
  Client alice = script.client("198.51.100.7:4000");
  alice.allocates();
  Credentials credentials = alice.credentials();
  credentials.sha256 = true;
  alice.sends(refresh(), credentials);
  EXPECT_THAT(script.says(), ElementsAre("198.51.100.7:4000 <- refresh success lifetime=600 integrity-sha256"));
}

TEST(Authenticate, TimeLimitedCredentialsWorkUntilTheyExpire) {
  // draft-uberti-behave-turn-rest-00 §2.2.
  Script script;
  const Secret secret("shared with the signaling server");
  script.users.add_rest_secret(secret.clone());
  const auto minted = auth::mint_rest_credentials(secret, "carol", script.now().wall + seconds(100));
  Client carol = script.client("198.51.100.7:4000", Transport::kUdp, minted.username, minted.password);
  carol.sends(allocate());
  EXPECT_THAT(script.says(), ElementsAre("open #0 on 203.0.113.1"));

  script.jump(seconds(101));
  Client late = script.client("198.51.100.9:4000", Transport::kUdp, minted.username, minted.password);
  late.sends(allocate());
  EXPECT_EQ(script.refused(Reason::kCredentialsExpired), 1u);
}

TEST(Authenticate, ARefreshAfterTheCredentialsExpiredIs401) {
  // draft-uberti-behave-turn-rest-00 §2.2, with allocations that outlive their credentials.
  Script script;
  script.settings.end_at_credential_expiry = false;
  const Secret secret("shared with the signaling server");
  script.users.add_rest_secret(secret.clone());
  const auto minted = auth::mint_rest_credentials(secret, "carol", script.now().wall + seconds(100));
  Client carol = script.client("198.51.100.7:4000", Transport::kUdp, minted.username, minted.password);
  carol.allocates();
  script.when(seconds(99));
  carol.sends(refresh());
  EXPECT_THAT(script.says(), ElementsAre("198.51.100.7:4000 <- refresh success lifetime=600 integrity"));
  script.when(seconds(100));
  carol.sends(refresh());
  EXPECT_THAT(script.says(), ElementsAre("198.51.100.7:4000 <- refresh error 401 realm=noom.test nonce algorithms"));
  EXPECT_EQ(script.refused(Reason::kCredentialsExpired), 1u);
  carol.sends(channel_bind().channel(0x4000).peer("192.0.2.9:99"));
  EXPECT_THAT(script.says(),
              ElementsAre("198.51.100.7:4000 <- channel_bind error 401 realm=noom.test nonce algorithms"));
}

TEST(Authenticate, AnOwnersRequestUnderAnotherPasswordIs401) {
  // RFC 8656 §8: the credentials of the Allocate.
  Script script;
  Client alice = script.client("198.51.100.7:4000");
  alice.allocates();
  Credentials credentials = alice.credentials();
  credentials.key = "sixteen bytes 16";
  alice.sends(refresh(), credentials);
  EXPECT_THAT(script.says(), ElementsAre("198.51.100.7:4000 <- refresh error 401 realm=noom.test nonce algorithms"));
}

TEST(Authenticate, UnauthenticatedErrorsAreLimitedBySource) {
  // The limit is per IPv4 address; what exceeds it is silence.
  Script script;
  script.settings.challenges_per_source = {.per_second = 1, .burst = 2};
  Client alice = script.client("198.51.100.7:4000");
  for (int i = 0; i < 3; ++i) alice.sends_unsigned(allocate());
  EXPECT_EQ(script.says().size(), 2u);
  EXPECT_EQ(script.dropped(Drop::kChallengeLimit), 1u);
  script.client("198.51.100.7:4001").sends_unsigned(allocate());
  EXPECT_THAT(script.says(), IsEmpty());
  script.client("198.51.100.8:4000").sends_unsigned(allocate());
  EXPECT_EQ(script.says().size(), 1u);
  alice.sends(allocate());  // proving oneself is not limited
  EXPECT_EQ(script.says().size(), 1u);
  script.jump(seconds(1));
  script.client("198.51.100.7:4001").sends_unsigned(allocate());
  EXPECT_EQ(script.says().size(), 1u);
}

TEST(Authenticate, TheLimitTakesAnIpv6PrefixOf64AsOneSource) {
  Script script;
  script.settings.challenges_per_source = {.per_second = 1, .burst = 1};
  script.client_v6("[2001:db8:7::1]:4000").sends_unsigned(allocate());
  script.client_v6("[2001:db8:7::2]:4000").sends_unsigned(allocate());
  EXPECT_EQ(script.says().size(), 1u);
  script.client_v6("[2001:db8:7:1::1]:4000").sends_unsigned(allocate());
  EXPECT_EQ(script.says().size(), 1u);
}

TEST(Authenticate, UnauthenticatedBytesAreCountedBothWays) {
  Script script;
  Client alice = script.client("198.51.100.7:4000");
  alice.sends_unsigned(allocate());
  EXPECT_EQ(script.stats().unauthenticated_bytes_in.value(), 28u);
  EXPECT_EQ(script.stats().unauthenticated_bytes_out.value(), script.to_clients().front().bytes.size());
  alice.allocates();
  EXPECT_EQ(script.stats().unauthenticated_bytes_in.value(), 28u);
}

}  // namespace
}  // namespace noom::turn::test
