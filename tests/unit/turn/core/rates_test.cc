// Limits on bits, packets and new peers: the bucket against its definition, then what each limit does to a call.
#include "turn/core/rates.h"

#include <deque>

#include "tests/unit/turn/core/script.h"

namespace noom::turn::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;

constexpr Mono kBegin{seconds(1000)};

TEST(RateBucket, PassesItsBurstAtOnceAndThenTheRate) {
  RateBucket bucket;
  const Rate rate = make_rate(1000, seconds(1), 1);
  EXPECT_TRUE(bucket.take(rate, kBegin, 1000));
  EXPECT_FALSE(bucket.take(rate, kBegin, 1));
  EXPECT_FALSE(bucket.take(rate, kBegin + nanoseconds(998'000), 1));
  EXPECT_TRUE(bucket.take(rate, kBegin + milliseconds(1), 1));
  EXPECT_FALSE(bucket.take(rate, kBegin + milliseconds(1), 1));
  EXPECT_TRUE(bucket.take(rate, kBegin + seconds(10), 1000));
  EXPECT_FALSE(bucket.take(rate, kBegin + seconds(10), 1));
}

TEST(RateBucket, WithoutALimitPassesEverything) {
  RateBucket bucket;
  for (int i = 0; i < 1000; ++i) EXPECT_TRUE(bucket.take(Rate{}, kBegin, UINT32_MAX));
  EXPECT_EQ(bucket.charge(Rate{}, kBegin, UINT32_MAX), Duration::zero());
}

TEST(RateBucket, ADatagramPassesHoweverSlowTheRate) {
  RateBucket bucket;
  const Rate rate = make_limits({.bits_per_second = 1}, {.data = milliseconds(1)}).bits;
  EXPECT_TRUE(bucket.take(rate, kBegin, 8 * 1500));
  EXPECT_FALSE(bucket.take(rate, kBegin + seconds(7), 8));
  EXPECT_TRUE(bucket.take(rate, kBegin + seconds(8), 8));
}

TEST(RateBucket, TheHighestRateThatAnEntryCanNameHolds) {
  RateBucket bucket;
  const Rate rate = make_rate(UINT64_MAX, seconds(60), 1);
  for (int i = 0; i < 1000; ++i) EXPECT_TRUE(bucket.take(rate, kBegin, 8 * 65535));
}

TEST(RateBucket, WhatIsGivenBackWasNeverTaken) {
  RateBucket bucket;
  const Rate rate = make_rate(1000, seconds(1), 1);
  EXPECT_TRUE(bucket.take(rate, kBegin, 600));
  EXPECT_TRUE(bucket.take(rate, kBegin, 400));
  bucket.give_back(rate, 400);
  EXPECT_FALSE(bucket.take(rate, kBegin, 401));
  EXPECT_TRUE(bucket.take(rate, kBegin, 400));
}

TEST(RateBucket, ChargesStreamsInDebtAndSaysHowLongItLasts) {
  RateBucket bucket;
  const Rate rate = make_rate(1000, seconds(1), 1);
  EXPECT_EQ(bucket.charge(rate, kBegin, 1000), Duration::zero());
  const Duration wait = bucket.charge(rate, kBegin, 500);
  EXPECT_GE(wait, milliseconds(499));
  EXPECT_LE(wait, milliseconds(500));
  EXPECT_FALSE(bucket.take(rate, kBegin + milliseconds(500), 1));
  EXPECT_EQ(bucket.charge(rate, kBegin + seconds(10), 1), Duration::zero());
}

TEST(RateBucket, AClockThatLagsBehindAnotherShardsMakesNoTokens) {
  RateBucket bucket;
  const Rate rate = make_rate(1000, seconds(1), 1);
  EXPECT_TRUE(bucket.take(rate, kBegin, 1000));
  EXPECT_FALSE(bucket.take(rate, kBegin - milliseconds(5), 1));
  EXPECT_FALSE(bucket.take(rate, kBegin, 1));
}

// Over any span between two moments, at most rate × span + burst; and what was refused would have been too much.
TEST(RateBucket, NeverPassesMoreThanItsLimitOverAnySpanNorMuchLess) {
  for (uint64_t seed = 1; seed <= 60; ++seed) {
    SeededRandom random(seed);
    const Rate rate =
        make_rate(1 + random.below(2'000'000), milliseconds(1 + random.below(3000)), 1 + random.below(9000));
    const double per_ns = static_cast<double>(rate.per_second) / 1e9;
    const double burst = static_cast<double>(rate.burst.count()) * per_ns;
    RateBucket bucket;
    struct Passed {
      Mono at;
      double sum;  // of all that passed up to then, this included
    };
    std::vector<Passed> passed;
    double sum = 0;
    double tokens = burst;  // the definition: a bucket that fills by the rate, up to the burst
    Mono now = kBegin;
    Mono before = now;
    for (int i = 0; i < 400; ++i) {
      now += nanoseconds(random.below(4) == 0 ? random.below(1'000'000'000) : random.below(3'000'000));
      tokens = std::min(burst, tokens + static_cast<double>((now - before).count()) * per_ns);
      before = now;
      const uint64_t cost = 1 + random.below(12'000);
      const double slack = 400 * per_ns + 1;  // a nanosecond's tokens for each take
      if (bucket.take(rate, now, cost)) {
        ASSERT_LE(static_cast<double>(cost), tokens + slack) << "seed " << seed;
        tokens -= static_cast<double>(cost);
        passed.push_back({now, sum += static_cast<double>(cost)});
      } else {
        ASSERT_GT(static_cast<double>(cost), tokens - slack) << "seed " << seed;
      }
    }
    for (size_t from = 0; from < passed.size(); ++from) {
      const double earlier = from == 0 ? 0 : passed[from - 1].sum;
      for (size_t to = from; to < passed.size(); ++to) {
        const double span = static_cast<double>((passed[to].at - passed[from].at).count()) * per_ns;
        ASSERT_LE(passed[to].sum - earlier, span + burst + 0.001) << "seed " << seed;
      }
    }
  }
}

std::string bits(size_t count) {
  return std::string(count / 8, 'x');
}

// A call of alice with a channel to 192.0.2.9:99.
class Rates : public testing::Test {
 protected:
  Client call(std::string_view from = "198.51.100.7:4000", std::string user = "alice",
              std::string password = "wonderland") {
    Client client = script_.client(from, Transport::kUdp, std::move(user), std::move(password));
    client.allocates();
    client.binds(0x4000, "192.0.2.9:99");
    return client;
  }
  uint64_t dropped(Drop reason) { return script_.dropped(reason); }

  Script script_;
};

TEST_F(Rates, WithoutLimitsNothingIsHeldBack) {
  Client alice = call();
  for (int i = 0; i < 1000; ++i) alice.sends(channel_data(0x4000, bits(8000)));
  EXPECT_EQ(script_.stats().to_peers.packets.value(), 1000u);
}

TEST_F(Rates, AnAllocationsBitsAreLimitedInEachDirectionByItself) {
  script_.settings.allocation_rates.bits_per_second = 80'000;
  Client alice = call();
  for (int i = 0; i < 12; ++i) alice.sends(channel_data(0x4000, bits(8000)));
  EXPECT_EQ(script_.stats().to_peers.packets.value(), 10u);
  EXPECT_EQ(dropped(Drop::kAllocationBitRate), 2u);
  for (int i = 0; i < 12; ++i) script_.peer_sends(0, "192.0.2.9:99", bits(8000));
  EXPECT_EQ(script_.stats().to_clients.packets.value(), 10u);
  EXPECT_EQ(dropped(Drop::kAllocationBitRate), 4u);
  script_.when(seconds(1));
  for (int i = 0; i < 12; ++i) alice.sends(channel_data(0x4000, bits(8000)));
  EXPECT_EQ(script_.stats().to_peers.packets.value(), 20u);
}

TEST_F(Rates, AnAllocationsPacketsAreLimitedHoweverSmall) {
  script_.settings.allocation_rates.packets_per_second = 5;
  Client alice = call();
  for (int i = 0; i < 8; ++i) alice.sends(channel_data(0x4000, ""));
  for (int i = 0; i < 8; ++i) alice.sends(send().peer("192.0.2.9:99").data(""));
  EXPECT_EQ(script_.stats().to_peers.packets.value(), 5u);
  EXPECT_EQ(dropped(Drop::kAllocationPacketRate), 11u);
  for (int i = 0; i < 8; ++i) script_.peer_sends(0, "192.0.2.9:99", "");
  EXPECT_EQ(dropped(Drop::kAllocationPacketRate), 14u);
}

TEST_F(Rates, AUsersAllocationsShareOneLimitAndOtherUsersHaveTheirOwn) {
  script_.settings.user_rates.bits_per_second = 80'000;
  Client first = call("198.51.100.7:4000");
  Client second = call("198.51.100.7:4001");
  Client bob = call("198.51.100.8:4000", "bob", "builder");
  for (int i = 0; i < 6; ++i) first.sends(channel_data(0x4000, bits(8000)));
  for (int i = 0; i < 6; ++i) second.sends(channel_data(0x4000, bits(8000)));
  EXPECT_EQ(script_.stats().to_peers.packets.value(), 10u);
  EXPECT_EQ(dropped(Drop::kUserBitRate), 2u);
  for (int i = 0; i < 6; ++i) bob.sends(channel_data(0x4000, bits(8000)));
  EXPECT_EQ(script_.stats().to_peers.packets.value(), 16u);
}

TEST_F(Rates, AUsersPacketsAreLimitedOverShards) {
  // Two shards are two cores over one Shared.
  script_.settings.user_rates.packets_per_second = 6;
  Script other;
  other.shared = script_.shared;
  other.settings.user_rates = script_.settings.user_rates;
  Client here = call();
  Client there = other.client("198.51.100.7:4001");
  there.allocates();
  there.binds(0x4000, "192.0.2.9:99");
  for (int i = 0; i < 4; ++i) here.sends(channel_data(0x4000, "x"));
  for (int i = 0; i < 4; ++i) there.sends(channel_data(0x4000, "x"));
  EXPECT_EQ(script_.stats().to_peers.packets.value(), 4u);
  EXPECT_EQ(other.stats().to_peers.packets.value(), 2u);
  EXPECT_EQ(other.dropped(Drop::kUserPacketRate), 2u);
}

TEST_F(Rates, WhatTheUsersLimitHoldsBackCostsTheAllocationNothing) {
  script_.settings.allocation_rates.packets_per_second = 4;
  script_.settings.user_rates.packets_per_second = 2;
  Client alice = call();
  for (int i = 0; i < 10; ++i) alice.sends(channel_data(0x4000, "x"));
  EXPECT_EQ(dropped(Drop::kUserPacketRate), 8u);
  EXPECT_EQ(dropped(Drop::kAllocationPacketRate), 0u);
}

TEST_F(Rates, AUsersOwnRateStandsInPlaceOfBoth) {
  script_.settings.allocation_rates.packets_per_second = 2;
  script_.settings.user_rates.packets_per_second = 3;
  script_.users.add_user("dora", auth::User{.password = Secret("explorer"), .limits = {.packets_per_second = 5}});
  Client first = call("198.51.100.7:4000", "dora", "explorer");
  Client second = call("198.51.100.7:4001", "dora", "explorer");
  for (int i = 0; i < 4; ++i) first.sends(channel_data(0x4000, "x"));
  for (int i = 0; i < 4; ++i) second.sends(channel_data(0x4000, "x"));
  EXPECT_EQ(script_.stats().to_peers.packets.value(), 5u);
  EXPECT_EQ(dropped(Drop::kUserPacketRate), 3u);
}

TEST_F(Rates, AUserWithZeroHasNoLimit) {
  script_.settings.allocation_rates.packets_per_second = 2;
  script_.users.add_user("dora", auth::User{.password = Secret("explorer"), .limits = {.packets_per_second = 0}});
  Client dora = call("198.51.100.7:4000", "dora", "explorer");
  for (int i = 0; i < 50; ++i) dora.sends(channel_data(0x4000, "x"));
  EXPECT_EQ(script_.stats().to_peers.packets.value(), 50u);
}

TEST_F(Rates, AllocatingAnewRefillsNoUsersBucket) {
  script_.settings.user_rates.packets_per_second = 3;
  for (int i = 0; i < 4; ++i) {
    Client alice = call();
    for (int k = 0; k < 3; ++k) alice.sends(channel_data(0x4000, "x"));
    alice.sends(refresh().lifetime(0));
    script_.forget();
  }
  EXPECT_EQ(script_.stats().to_peers.packets.value(), 3u);
  script_.when(seconds(1));
  Client bob = call("198.51.100.8:4000", "bob", "builder");  // sweeps what is full again
  Client alice = call();
  for (int k = 0; k < 9; ++k) alice.sends(channel_data(0x4000, "x"));
  EXPECT_EQ(script_.stats().to_peers.packets.value(), 6u);
}

TEST_F(Rates, BetweenRelaysSenderAndReceiverAreLimitedAsElsewhere) {
  // What never leaves the process is no way around a limit.
  script_.users.add_user("slow", auth::User{.password = Secret("sloth"), .limits = {.packets_per_second = 2}});
  Client fast = script_.client("198.51.100.7:4000");
  Client slow = script_.client("198.51.100.9:4000", Transport::kUdp, "slow", "sloth");
  fast.allocates();
  slow.allocates();
  fast.permits(script_.relayed(1).to_string());
  slow.permits(script_.relayed(0).to_string());
  for (int i = 0; i < 5; ++i) slow.sends(send().peer(script_.relayed(0)).data("x"));
  EXPECT_EQ(script_.stats().relay_to_relay.packets.value(), 2u);
  for (int i = 0; i < 5; ++i) fast.sends(send().peer(script_.relayed(1)).data("x"));
  EXPECT_EQ(script_.stats().relay_to_relay.packets.value(), 4u);
  EXPECT_EQ(dropped(Drop::kUserPacketRate), 6u);
}

TEST_F(Rates, NewLimitsHoldForLivingAllocations) {
  Client alice = call();
  for (int i = 0; i < 9; ++i) alice.sends(channel_data(0x4000, "x"));
  auth::CredentialStore users;
  users.add_user("alice", auth::User{.password = Secret("wonderland"), .limits = {.packets_per_second = 2}});
  Settings settings = script_.settings;
  settings.credentials = std::make_shared<const auth::CredentialStore>(std::move(users));
  script_.server().on_settings(script_.now(), std::make_shared<const Settings>(settings), script_.output());
  for (int i = 0; i < 9; ++i) alice.sends(channel_data(0x4000, "x"));
  EXPECT_EQ(script_.stats().to_peers.packets.value(), 11u);
  script_.server().on_settings(script_.now(), std::make_shared<const Settings>(script_.settings), script_.output());
  for (int i = 0; i < 9; ++i) alice.sends(channel_data(0x4000, "x"));
  EXPECT_EQ(script_.stats().to_peers.packets.value(), 20u);
}

TEST_F(Rates, IsToldOnceASecondWithWhatWasDropped) {
  script_.settings.allocation_rates.packets_per_second = 1;
  Client alice = call();
  script_.tells();
  for (int i = 0; i < 5; ++i) alice.sends(channel_data(0x4000, "x"));
  EXPECT_THAT(script_.tells(), ElementsAre("limited alice allocation_packet_rate up at 1, dropped 1"));
  script_.when(seconds(2));
  for (int i = 0; i < 3; ++i) alice.sends(channel_data(0x4000, "x"));
  EXPECT_THAT(script_.tells(), ElementsAre("limited alice allocation_packet_rate up at 1, dropped 4"));
}

TEST_F(Rates, NewPeersBeyondTheRateAre508AndNothingIsPermitted) {
  // RFC 8656 §10.2: insufficient capacity, 508; all peers of a request or none.
  script_.settings.allocation_rates.new_peers_per_second = 1;
  script_.settings.rate_burst.new_peers = 3;
  Client alice = script_.client("198.51.100.7:4000");
  alice.allocates();
  alice.permits("192.0.2.1:1");
  alice.permits("192.0.2.2:1");
  alice.permits("192.0.2.1:2");  // not new
  script_.tells();
  alice.sends(create_permission().peer("192.0.2.3:1").peer("192.0.2.4:1"));
  EXPECT_THAT(script_.tells(),
              ElementsAre("refused alice create_permission allocation_peer_rate rule=limits.new_peers_per_second"));
  EXPECT_THAT(script_.says(), ElementsAre("198.51.100.7:4000 <- create_permission error 508 integrity"));
  EXPECT_EQ(script_.stats().permissions_live.value(), 2u);
  alice.permits("192.0.2.3:1");
  script_.when(seconds(1));
  alice.permits("192.0.2.4:1");
}

TEST_F(Rates, NewPeersOfAChannelCountToo) {
  // RFC 8656 §12.2: insufficient capacity, 508.
  script_.settings.user_rates.new_peers_per_second = 1;
  script_.settings.rate_burst.new_peers = 1;
  Client alice = call();
  alice.binds(0x4001, "192.0.2.9:100");  // another port of the same peer
  script_.tells();
  alice.sends(channel_bind().channel(0x4002).peer("192.0.2.10:1"));
  EXPECT_THAT(
      script_.tells(),
      ElementsAre("refused alice channel_bind user_peer_rate peer=192.0.2.10:1 rule=limits.user_new_peers_per_second"));
  EXPECT_THAT(script_.says(), ElementsAre("198.51.100.7:4000 <- channel_bind error 508 integrity"));
  EXPECT_EQ(script_.stats().channels_live.value(), 2u);
}

}  // namespace
}  // namespace noom::turn::test
