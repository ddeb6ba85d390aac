#include "common/io/shard.h"

#include <gtest/gtest.h>
#include <pthread.h>

#include <boost/asio/steady_timer.hpp>

namespace noom::io {
namespace {

using namespace std::chrono_literals;

TEST(Shard, WorkRunsOnItsOwnNamedThread) {
  ShardGroup shards(3, "turn");
  shards.start();
  std::array<std::thread::id, 3> threads;
  std::array<std::string, 3> names;
  shards.run_on_all([&](Shard& shard) {
    threads[shard.index()] = std::this_thread::get_id();
    char name[16] = {};
    pthread_getname_np(pthread_self(), name, sizeof(name));
    names[shard.index()] = name;
  });
  EXPECT_NE(threads[0], threads[1]);
  EXPECT_NE(threads[1], threads[2]);
  EXPECT_EQ(names[0], "turn/0");
  EXPECT_EQ(names[2], "turn/2");
  shards.stop(1s);
}

TEST(Shard, WorkPostedBeforeTheStartRunsAfterIt) {
  ShardGroup shards(1, "t");
  int order = 0;
  shards[0].post([&] { EXPECT_EQ(order++, 0); });
  shards[0].post([&] { EXPECT_EQ(order++, 1); });
  shards.start();
  shards.stop(10s);
  EXPECT_EQ(order, 2);
}

TEST(Shard, StopWaitsForPendingWorkWithinTheGrace) {
  ShardGroup shards(1, "t");
  shards.start();
  bool fired = false;
  std::unique_ptr<boost::asio::steady_timer> timer;
  shards.run_on_all([&](Shard& shard) {
    timer = std::make_unique<boost::asio::steady_timer>(shard.context(), 20ms);
    timer->async_wait([&](boost::system::error_code error) { fired = !error; });
  });
  shards.stop(20s);
  EXPECT_TRUE(fired);
}

TEST(Shard, StopDoesNotWaitPastTheGrace) {
  ShardGroup shards(1, "t");
  shards.start();
  std::unique_ptr<boost::asio::steady_timer> timer;
  shards.run_on_all([&](Shard& shard) {
    timer = std::make_unique<boost::asio::steady_timer>(shard.context(), 1h);
    timer->async_wait([](boost::system::error_code) {});
  });
  const auto before = std::chrono::steady_clock::now();
  shards.stop(10ms);
  EXPECT_LT(std::chrono::steady_clock::now() - before, 30s);
}

TEST(Shard, ALoopThatIsHeldUpShowsInItsLag) {
  ShardGroup shards(1, "t");
  shards.start();
  // Whenever in the interval it begins, the timer is late by what this takes longer than the interval.
  constexpr Duration kOverdue = 50ms;
  shards.run_on_all([&](Shard&) {
    const Mono begun = read_clocks().mono;
    while (read_clocks().mono - begun < LoopLag::kInterval + kOverdue) {
    }
  });
  const Mono give_up = read_clocks().mono + 30s;
  while (shards[0].lag().sum() == 0 && read_clocks().mono < give_up) shards.run_on_all([](Shard&) {});
  EXPECT_GE(shards[0].lag().sum(), static_cast<uint64_t>(kOverdue.count()));
  shards.stop(1s);
}

TEST(ShardDeathTest, AnExceptionEndsTheProcess) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_DEATH(
      {
        ShardGroup shards(1, "t");
        shards.start();
        shards[0].post([] { throw 1; });
        shards.stop(10s);
      },
      "");
}

TEST(Clocks, BothAdvanceAndTheWallClockIsUnixTime) {
  const Now first = read_clocks();
  const Now second = read_clocks();
  EXPECT_LE(first.mono, second.mono);
  EXPECT_NEAR(static_cast<double>(unix_seconds(first.wall)), static_cast<double>(::time(nullptr)), 2.0);
}

}  // namespace
}  // namespace noom::io
