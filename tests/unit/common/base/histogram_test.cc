#include "common/base/histogram.h"

#include <gtest/gtest.h>

namespace noom {
namespace {

constexpr std::array<uint64_t, 2> kBounds = {10, 100};

TEST(HistogramTest, BoundsAreInclusiveAndTheLastBucketIsOpen) {
  Histogram histogram(kBounds);
  for (const uint64_t value : {0, 10, 11, 100, 101, 5000}) histogram.observe(value);
  ASSERT_EQ(histogram.counts().size(), 3u);
  for (const Counter& count : histogram.counts()) EXPECT_EQ(count.value(), 2u);
  EXPECT_EQ(histogram.sum(), 0u + 10 + 11 + 100 + 101 + 5000);
}

}  // namespace
}  // namespace noom
