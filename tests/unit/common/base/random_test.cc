#include "common/base/random.h"

#include <gtest/gtest.h>

#include <array>

namespace noom {
namespace {

TEST(SeededRandom, RepeatsForTheSameSeedAndDiffersForAnother) {
  SeededRandom a(1), b(1), c(2);
  const uint64_t first = a.next_u64();
  EXPECT_EQ(first, b.next_u64());
  EXPECT_NE(first, c.next_u64());
}

TEST(Random, BelowStaysBelowAndReachesEveryValue) {
  SeededRandom random(3);
  std::array<int, 7> seen{};
  for (int i = 0; i < 1000; ++i) ++seen.at(random.below(7));
  for (const int count : seen) EXPECT_GT(count, 80);
}

}  // namespace
}  // namespace noom
