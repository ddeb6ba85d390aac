#include "turn/core/port_pool.h"

#include <gtest/gtest.h>

#include <map>
#include <set>

namespace noom::turn {
namespace {

const IpAddress kAddress = IpAddress::v4(203, 0, 113, 1);
constexpr RelayId kHolder{3, 4};

TEST(PortPool, GivesEveryPortOfItsShardOnceAndNoOther) {
  // RFC 8656 §7.2: unique. The slices of the shards are the range.
  SeededRandom random(1);
  for (const uint32_t shard_count : {1u, 2u, 3u, 7u}) {
    std::set<uint16_t> all;
    for (uint32_t shard = 0; shard < shard_count; ++shard) {
      PortPool pool(kAddress, 50001, 50100, shard, shard_count);
      const size_t size = pool.free();
      for (size_t taken = 1; const auto port = pool.take(random, false, kHolder); ++taken) {
        EXPECT_TRUE(all.insert(*port).second) << *port;
        EXPECT_EQ(shard_of_port(*port, shard_count), shard);
        EXPECT_EQ(pool.used(), taken);
        EXPECT_EQ(pool.used() + pool.free(), size);
      }
    }
    EXPECT_EQ(all.size(), 100u);
    EXPECT_EQ(*all.begin(), 50001);
    EXPECT_EQ(*all.rbegin(), 50100);
  }
}

TEST(PortPool, EvenTakesAreEvenUntilNoneIsLeft) {
  // RFC 8656 §7.2, EVEN-PORT.
  SeededRandom random(1);
  PortPool pool(kAddress, 50000, 50009, 0, 1);
  for (int i = 0; i < 5; ++i) EXPECT_EQ(pool.take(random, true, kHolder).value() % 2, 0);
  EXPECT_EQ(pool.take(random, true, kHolder), std::nullopt);
  EXPECT_EQ(pool.take(random, false, kHolder).value() % 2, 1);
}

TEST(PortPool, KnowsWhoHoldsAPort) {
  SeededRandom random(1);
  PortPool pool(kAddress, 50000, 50001, 0, 1);
  const uint16_t port = pool.take(random, true, kHolder).value();
  EXPECT_EQ(pool.holder(port), kHolder);
  EXPECT_FALSE(pool.holder(50001).valid());
  EXPECT_FALSE(pool.holder(49999).valid());
  EXPECT_FALSE(pool.holder(50002).valid());
  pool.release(port);
  EXPECT_FALSE(pool.holder(port).valid());
  EXPECT_EQ(pool.free(), 2u);
}

TEST(PortPool, IsSpreadOverTheRange) {
  // RFC 8656 §7.2, RFC 6056: not guessable. Each port of ten is expected 1,000 times; 800 to 1,200 is 6 standard
  // deviations.
  SeededRandom random(1);
  PortPool pool(kAddress, 50000, 50009, 0, 1);
  std::map<uint16_t, int> seen;
  for (int i = 0; i < 10'000; ++i) {
    const uint16_t port = pool.take(random, false, kHolder).value();
    ++seen[port];
    pool.release(port);
  }
  ASSERT_EQ(seen.size(), 10u);
  for (const auto& [port, times] : seen) EXPECT_TRUE(times > 800 && times < 1200) << port << " " << times;
}

TEST(PortPool, ASliceMayBeEmpty) {
  SeededRandom random(1);
  PortPool pool(kAddress, 50000, 50001, 1, 2);
  EXPECT_EQ(pool.free(), 0u);
  EXPECT_EQ(pool.take(random, false, kHolder), std::nullopt);
}

TEST(PortPool, PairsAreEvenAndTheNextAndTakenTogether) {
  // RFC 8656 §7.2: EVEN-PORT with R = 1 reserves the port after the even one.
  SeededRandom random(1);
  for (const uint32_t shard_count : {1u, 3u}) {
    PortPool pool(kAddress, 50001, 50030, shard_count - 1, shard_count);
    const size_t size = pool.free();
    std::set<uint16_t> all;
    while (const auto port = pool.take_pair(random, kHolder)) {
      EXPECT_EQ(*port % 2, 0);
      EXPECT_EQ(pool.holder(*port), kHolder);
      EXPECT_NE(pool.holder(static_cast<uint16_t>(*port + 1)), kHolder);
      all.insert(*port);
      all.insert(static_cast<uint16_t>(*port + 1));
    }
    EXPECT_EQ(pool.used(), all.size());
    while (const auto port = pool.take(random, false, kHolder)) EXPECT_TRUE(all.insert(*port).second);
    EXPECT_EQ(all.size(), size);
    EXPECT_FALSE(all.contains(50031));
  }
}

TEST(PortPool, AnEvenPortWithoutItsNextIsNoPair) {
  // RFC 8656 §7.2.
  SeededRandom random(1);
  PortPool pool(kAddress, 50000, 50001, 0, 1);
  const uint16_t pair = pool.take_pair(random, kHolder).value();
  pool.release(pair);
  EXPECT_EQ(pool.take_pair(random, kHolder), std::nullopt);
  pool.release(static_cast<uint16_t>(pair + 1));
  EXPECT_EQ(pool.take_pair(random, kHolder), pair);
}

}  // namespace
}  // namespace noom::turn
