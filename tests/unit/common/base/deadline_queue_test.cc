#include "common/base/deadline_queue.h"

#include <gtest/gtest.h>

#include <map>

#include "common/base/random.h"

namespace noom {
namespace {

Mono at(int64_t seconds) {
  return Mono(std::chrono::seconds(seconds));
}

TEST(DeadlineQueue, PopsInDeadlineThenKeyOrder) {
  DeadlineQueue queue;
  queue.set(7, at(2));
  queue.set(3, at(1));
  queue.set(5, at(1));
  EXPECT_EQ(queue.next(), at(1));
  EXPECT_EQ(queue.pop_due(at(0)), std::nullopt);
  EXPECT_EQ(queue.pop_due(at(2)), 3U);
  EXPECT_EQ(queue.pop_due(at(2)), 5U);
  EXPECT_EQ(queue.pop_due(at(2)), 7U);
  EXPECT_EQ(queue.next(), std::nullopt);
}

// The oracle is an ordered map, slow and obviously right.
TEST(DeadlineQueue, AgreesWithAnOrderedMapOnRandomOperations) {
  for (uint64_t seed = 1; seed <= 50; ++seed) {
    SeededRandom random(seed);
    DeadlineQueue queue;
    std::map<uint32_t, Mono> oracle;
    for (int step = 0; step < 500; ++step) {
      const uint32_t key = random.below(40);
      const Mono deadline = at(random.below(100));
      if (random.below(3) > 0) {
        queue.set(key, deadline);
        oracle[key] = deadline;
      } else {
        queue.clear(key);
        oracle.erase(key);
      }
      std::optional<Mono> earliest;
      for (const auto& [k, d] : oracle) earliest = earliest ? std::min(*earliest, d) : d;
      ASSERT_EQ(queue.next(), earliest) << "seed " << seed << " step " << step;
      ASSERT_EQ(queue.size(), oracle.size());
    }
    while (const auto key = queue.pop_due(at(1000))) {
      for (const auto& [k, d] : oracle)
        ASSERT_FALSE(std::pair(d, k) < std::pair(oracle.at(*key), *key)) << "seed " << seed;
      oracle.erase(*key);
    }
    ASSERT_TRUE(oracle.empty());
  }
}

}  // namespace
}  // namespace noom
