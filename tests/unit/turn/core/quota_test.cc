#include "tests/unit/turn/core/script.h"

namespace noom::turn::test {
namespace {

TEST(Quota, BeyondTheUsersIs486) {
  // RFC 8656 §7.2: Allocation Quota Reached.
  Script script;
  script.settings.allocations_per_user_max = 1;
  Client first = script.client("198.51.100.7:4000");
  Client second = script.client("198.51.100.7:4001");
  first.allocates();
  second.sends(allocate());
  EXPECT_THAT(script.tells(), ElementsAre("refused alice allocate user_quota rule=limits.allocations_per_user"));
  EXPECT_THAT(script.says(), ElementsAre("198.51.100.7:4001 <- allocate error 486 integrity"));
  script.client("198.51.100.7:4002", Transport::kUdp, "bob", "builder").allocates();
  first.sends(refresh().lifetime(0));
  script.forget();
  second.allocates();
}

TEST(Quota, BeyondEverybodysIs508) {
  // RFC 8656 §7.2: Insufficient Capacity.
  Script script;
  script.settings.allocations_max = 1;
  script.client("198.51.100.7:4000").allocates();
  script.client("198.51.100.7:4001", Transport::kUdp, "bob", "builder").sends(allocate());
  EXPECT_THAT(script.says(), ElementsAre("198.51.100.7:4001 <- allocate error 508 integrity"));
  EXPECT_EQ(script.refused(Reason::kServerFull), 1u);
}

TEST(Quota, TimeLimitedCredentialsCountByTheNameThatStays) {
  // Renewed credentials are the same user's.
  Script script;
  script.settings.allocations_per_user_max = 1;
  const Secret secret("shared with the signaling server");
  script.users.add_rest_secret(secret.clone());
  const auto old = auth::mint_rest_credentials(secret, "carol", script.now().wall + seconds(100));
  const auto renewed = auth::mint_rest_credentials(secret, "carol", script.now().wall + seconds(200));
  script.client("198.51.100.7:4000", Transport::kUdp, old.username, old.password).allocates();
  script.client("198.51.100.7:4001", Transport::kUdp, renewed.username, renewed.password).sends(allocate());
  EXPECT_THAT(script.says(), ElementsAre("198.51.100.7:4001 <- allocate error 486 integrity"));
}

TEST(Quota, IsSharedByShards) {
  // One user, two shards, one quota.
  Script one;
  Script other;
  for (Script* script : {&one, &other}) {
    script->settings.shard_count = 2;
    script->settings.allocations_per_user_max = 1;
  }
  other.shard = 1;
  other.shared = one.shared;
  one.client("198.51.100.7:4000").allocates();
  other.client("198.51.100.8:4000").sends(allocate());
  EXPECT_THAT(other.says(), ElementsAre("198.51.100.8:4000 <- allocate error 486 integrity"));
}

TEST(Quota, ForgetsUsersWithoutAllocations) {
  Quota quota;
  EXPECT_EQ(quota.acquire("alice", 1, 2), Quota::Verdict::kGranted);
  EXPECT_EQ(quota.acquire("alice", 1, 2), Quota::Verdict::kUserQuotaReached);
  EXPECT_EQ(quota.acquire("bob", 1, 2), Quota::Verdict::kGranted);
  EXPECT_EQ(quota.acquire("carol", 1, 2), Quota::Verdict::kTotalReached);
  EXPECT_EQ(quota.total(), 2u);
  quota.release("alice");
  EXPECT_EQ(quota.total(), 1u);
  EXPECT_EQ(quota.acquire("alice", 1, 2), Quota::Verdict::kGranted);
}

}  // namespace
}  // namespace noom::turn::test
