#include "common/base/token_bucket.h"

#include <gtest/gtest.h>

namespace noom {
namespace {

Mono at_ms(int64_t ms) {
  return Mono(std::chrono::milliseconds(ms));
}

TEST(TokenBucket, AllowsTheBurstThenTheRate) {
  const BucketLimit limit{.per_second = 2, .burst = 3};
  TokenBucket bucket;
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(bucket.take(limit, at_ms(1000)));
  EXPECT_FALSE(bucket.take(limit, at_ms(1000)));
  EXPECT_NEAR(bucket.wait_s(limit), 0.5, 0.01);
  EXPECT_TRUE(bucket.take(limit, at_ms(1500)));
  EXPECT_FALSE(bucket.take(limit, at_ms(1500)));
}

TEST(TokenBucket, NeverHoldsMoreThanTheBurst) {
  const BucketLimit limit{.per_second = 2, .burst = 3};
  TokenBucket bucket;
  EXPECT_TRUE(bucket.take(limit, at_ms(0)));
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(bucket.take(limit, at_ms(3'600'000)));
  EXPECT_FALSE(bucket.take(limit, at_ms(3'600'000)));
}

TEST(TokenBucket, ZeroRateIsUnlimited) {
  TokenBucket bucket;
  for (int i = 0; i < 1000; ++i) EXPECT_TRUE(bucket.take({}, at_ms(0)));
}

}  // namespace
}  // namespace noom
