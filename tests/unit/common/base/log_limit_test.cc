#include "common/base/log_limit.h"

#include <gtest/gtest.h>

namespace noom {
namespace {

TEST(LogLimitTest, SuppressedLinesAreCountedOnTheNextOneAdmitted) {
  LogLimit limit({.per_second = 1, .burst = 2});
  const Mono start{std::chrono::seconds(100)};
  EXPECT_EQ(limit.admit(start), 0u);
  EXPECT_EQ(limit.admit(start), 0u);
  EXPECT_EQ(limit.admit(start), std::nullopt);
  EXPECT_EQ(limit.admit(start), std::nullopt);
  EXPECT_EQ(limit.admit(start + std::chrono::seconds(1)), 2u);
  EXPECT_EQ(limit.admit(start + std::chrono::seconds(2)), 0u);
}

}  // namespace
}  // namespace noom
