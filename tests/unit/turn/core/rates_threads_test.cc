// A user's bucket as shards share it: from several threads at once. Run with the tsan preset too.
#include <gtest/gtest.h>

#include <atomic>
#include <barrier>
#include <thread>
#include <vector>

#include "turn/core/quota.h"

namespace noom::turn {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

TEST(SharedRates, SeveralThreadsTogetherPassTheLimitAndNoMore) {
  constexpr int kThreads = 4;
  constexpr int kSteps = 1000;  // of a millisecond
  Quota quota;
  const Rate rate = make_rate(100'000, milliseconds(20), 1);
  std::atomic<uint64_t> passed{0};
  std::barrier together(kThreads);
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&] {
      EXPECT_EQ(quota.acquire("alice", 0, 0), Quota::Verdict::kGranted);
      const auto buckets = quota.buckets_of("alice", Mono(seconds(1000)));
      for (int step = 0; step < kSteps; ++step) {
        together.arrive_and_wait();
        for (int k = 0; k < 50; ++k)
          if (buckets->bits[0].take(rate, Mono(seconds(1000)) + milliseconds(step), 1)) passed.fetch_add(1);
      }
      quota.release("alice");
    });
  }
  for (std::thread& thread : threads) thread.join();
  // 100 a millisecond over 999 of them, and a burst of 2000.
  EXPECT_LE(passed.load(), 99'900u + 2'000u);
  EXPECT_GE(passed.load(), 99'900u);
}

TEST(SharedRates, UsersComeAndGoWhileOthersAskForTheirBuckets) {
  Quota quota;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&quota, i] {
      const Rate rate = make_rate(1'000, milliseconds(1), 1);
      for (int step = 0; step < 2000; ++step) {
        const std::string user = "user" + std::to_string((step + i) % 7);
        ASSERT_EQ(quota.acquire(user, 0, 0), Quota::Verdict::kGranted);
        quota.buckets_of(user, Mono(milliseconds(step)))->packets[0].take(rate, Mono(milliseconds(step)), 1);
        quota.release(user);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(quota.total(), 0u);
}

}  // namespace
}  // namespace noom::turn
