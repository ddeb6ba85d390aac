#include "tests/unit/turn/core/script.h"

namespace noom::turn::test {
namespace {

struct Asked {
  std::optional<uint32_t> asked_s;
  uint32_t granted_s;
};
class GrantedLifetime : public testing::TestWithParam<Asked> {};
TEST_P(GrantedLifetime, IsBetweenTheDefaultAndTheMaximum) {
  // RFC 8656 §7.2, §8.2: max(600, min(asked, server's maximum)).
  Script script;
  Client alice = script.client("198.51.100.7:4000");
  Ask ask = allocate();
  if (GetParam().asked_s) ask.lifetime(*GetParam().asked_s);
  alice.sends(ask);
  script.forget();
  script.opened(0);
  EXPECT_THAT(script.says(), ElementsAre(testing::HasSubstr("lifetime=" + std::to_string(GetParam().granted_s) + " ")));
  script.when(seconds(GetParam().granted_s - 1));
  EXPECT_THAT(script.says(), IsEmpty());
  script.when(seconds(GetParam().granted_s));
  EXPECT_THAT(script.says(), ElementsAre("close #0"));
}
INSTANTIATE_TEST_SUITE_P(Asked, GrantedLifetime,
                         testing::Values(Asked{std::nullopt, 600}, Asked{0, 600}, Asked{599, 600}, Asked{601, 601},
                                         Asked{3600, 3600}, Asked{3601, 3600}, Asked{UINT32_MAX, 3600}));

TEST(Lifetime, AMalformedLifetimeIs400) {
  // RFC 8656 §18.2: four bytes.
  Script script;
  Client alice = script.client("198.51.100.7:4000");
  alice.sends(allocate().raw(Attr::kLifetime, "\x01"));
  EXPECT_THAT(script.says(), ElementsAre("198.51.100.7:4000 <- allocate error 400 integrity"));
  alice.allocates();
  alice.sends(refresh().raw(Attr::kLifetime, "\x01"));
  EXPECT_THAT(script.says(), ElementsAre("198.51.100.7:4000 <- refresh error 400 integrity"));
}

TEST(Lifetime, AnExpiredAllocationIsGoneBeforeTheTimerSaysSo) {
  // RFC 8656 §3.2: the shell's timer may be late, the core is not.
  Script script;
  Client alice = script.client("198.51.100.7:4000");
  alice.allocates();
  alice.permits("192.0.2.9:99");
  script.jump(seconds(600));
  alice.sends(send().peer("192.0.2.9:99").data("x"));
  EXPECT_THAT(script.says(), IsEmpty());
  EXPECT_EQ(script.dropped(Drop::kNoAllocation), 1u);
  script.peer_sends(0, "192.0.2.9:99", "x");
  EXPECT_EQ(script.dropped(Drop::kRelayNotLive), 1u);
  alice.sends(allocate());
  EXPECT_THAT(script.says(), ElementsAre("close #0", "open #0 on 203.0.113.1"));
}

TEST(Lifetime, TheEndTellsTrafficAndDuration) {
  Script script;
  Client alice = script.client("198.51.100.7:4000");
  alice.allocates();
  alice.permits("192.0.2.9:99");
  alice.sends(send().peer("192.0.2.9:99").data("12345"));
  script.peer_sends(0, "192.0.2.9:99", "123");
  script.peer_sends(0, "192.0.2.9:99", "1234");
  script.forget();
  script.when(seconds(600));
  EXPECT_THAT(script.tells(), ElementsAre("ended alice expired after 600 s, up 1/5, down 2/7"));
  EXPECT_EQ(script.stats().ended[EndReason::kExpired].value(), 1u);
  EXPECT_EQ(script.stats().permissions_live.value(), 0u);
}

TEST(Lifetime, AStreamThatClosesEndsItsAllocation) {
  // RFC 8656 §3.1: the five-tuple is gone.
  Script script;
  Client alice = script.client("198.51.100.7:4000", Transport::kTcp);
  alice.allocates();
  alice.closes();
  EXPECT_THAT(script.tells(), ElementsAre("ended alice client_closed after 0 s, up 0/0, down 0/0"));
  EXPECT_THAT(script.says(), ElementsAre("close #0"));
  alice.closes();
  EXPECT_THAT(script.says(), IsEmpty());
  EXPECT_EQ(script.server().next_deadline(), std::nullopt);
}

TEST(Lifetime, AConnectionWhoseAllocationExpiredIsClosed) {
  for (const Transport transport : {Transport::kTls, Transport::kDtls}) {
    Script script;
    Client alice = script.client("198.51.100.7:4000", transport);
    alice.allocates();
    script.when(seconds(600));
    EXPECT_THAT(script.says(), ElementsAre("close #0", "close 198.51.100.7:4000"));
  }
}

TEST(Lifetime, AnAllocationEndsWithItsTimeLimitedCredentials) {
  // Settings::end_at_credential_expiry.
  Script script;
  const Secret secret("shared with the signaling server");
  script.users.add_rest_secret(secret.clone());
  const auto minted = auth::mint_rest_credentials(secret, "carol", script.now().wall + seconds(100));
  Client carol = script.client("198.51.100.7:4000", Transport::kUdp, minted.username, minted.password);
  carol.allocates();
  carol.permits("192.0.2.9:99");
  script.when(seconds(99));
  EXPECT_THAT(script.says(), IsEmpty());
  script.jump(seconds(100));
  script.peer_sends(0, "192.0.2.9:99", "x");
  EXPECT_THAT(script.says(), IsEmpty());
  script.when(seconds(100));
  EXPECT_THAT(script.tells(),
              ElementsAre("ended " + minted.username + " credential_expired after 100 s, up 0/0, down 0/0"));
  EXPECT_THAT(script.says(), ElementsAre("close #0"));
}

TEST(Lifetime, ATickWithNothingDueDoesNothing) {
  Script script;
  script.client("198.51.100.7:4000").allocates();
  script.server().on_tick(script.now(), script.output());
  EXPECT_THAT(script.says(), IsEmpty());
  EXPECT_EQ(script.server().next_deadline(), Mono{seconds(1600)});
}

TEST(Refresh, StartsANewLifetime) {
  // RFC 8656 §8.2.
  Script script;
  Client alice = script.client("198.51.100.7:4000");
  alice.allocates();
  script.when(seconds(500));
  alice.sends(refresh().lifetime(1200));
  EXPECT_THAT(script.says(), ElementsAre("198.51.100.7:4000 <- refresh success lifetime=1200 integrity"));
  script.when(seconds(1699));
  EXPECT_THAT(script.says(), IsEmpty());
  script.when(seconds(1700));
  EXPECT_THAT(script.says(), ElementsAre("close #0"));
}

TEST(Refresh, WithLifetimeZeroDeletes) {
  // RFC 8656 §8.2.
  Script script;
  Client alice = script.client("198.51.100.7:4000", Transport::kTcp);
  alice.allocates();
  alice.sends(refresh().lifetime(0));
  EXPECT_THAT(script.tells(), ElementsAre("ended alice deleted after 0 s, up 0/0, down 0/0"));
  EXPECT_THAT(script.says(), ElementsAre("close #0", "198.51.100.7:4000 <- refresh success lifetime=0 integrity"));
  EXPECT_EQ(script.shared->quota.total(), 0u);
  alice.sends(refresh().lifetime(0));
  EXPECT_THAT(script.says(), ElementsAre("198.51.100.7:4000 <- refresh error 437 integrity"));
}

TEST(Refresh, WithoutAllocationIs437) {
  // RFC 8656 §8.2.
  Script script;
  script.client("198.51.100.7:4000").sends(refresh());
  EXPECT_THAT(script.says(), ElementsAre("198.51.100.7:4000 <- refresh error 437 integrity"));
  EXPECT_EQ(script.refused(Reason::kNoAllocation), 1u);
}

TEST(Refresh, ByAnotherUserIs441) {
  // RFC 8656 §5.
  Script script;
  script.client("198.51.100.7:4000").allocates();
  script.client("198.51.100.7:4000", Transport::kUdp, "bob", "builder").sends(refresh().lifetime(0));
  EXPECT_THAT(script.tells(), ElementsAre("refused bob refresh other_user"));
  EXPECT_THAT(script.says(), ElementsAre("198.51.100.7:4000 <- refresh error 441 integrity"));
  EXPECT_EQ(script.stats().allocations_of(Transport::kUdp, Family::kV4).live.value(), 1u);
}

TEST(Refresh, WithAnotherFamilyIs443) {
  // RFC 8656 §8.2.
  Script script;
  Client alice = script.client("198.51.100.7:4000");
  alice.allocates();
  alice.sends(refresh().family(2));
  EXPECT_THAT(script.says(), ElementsAre("198.51.100.7:4000 <- refresh error 443 integrity"));
  EXPECT_EQ(script.refused(Reason::kRelayFamilyMismatch), 1u);
  alice.sends(refresh().family(1));
  EXPECT_THAT(script.says(), ElementsAre("198.51.100.7:4000 <- refresh success lifetime=600 integrity"));
}

}  // namespace
}  // namespace noom::turn::test
