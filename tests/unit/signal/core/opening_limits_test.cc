#include "signal/core/opening_limits.h"

#include <gtest/gtest.h>

namespace noom::signal {
namespace {

using std::chrono::seconds;

IpAddress address(std::string_view text) {
  return *IpAddress::parse(text);
}

TEST(OpeningLimits, CountsIpv6ByItsFirst64Bits) {
  EXPECT_EQ(opening_key(address("2001:db8:1:2:3::4")), opening_key(address("2001:db8:1:2::9")));
  EXPECT_NE(opening_key(address("2001:db8:1:2::")), opening_key(address("2001:db8:1:3::")));
  EXPECT_EQ(opening_key(address("::ffff:192.0.2.1")), address("192.0.2.1"));
}

TEST(OpeningLimits, SurvivesTheTurnOfAGeneration) {
  OpeningLimits limits({.per_second = 0.1, .burst = 2}, 100);
  const Mono start = Mono{} + std::chrono::hours(1);
  EXPECT_TRUE(limits.take(start + seconds(19), address("192.0.2.1")));
  EXPECT_TRUE(limits.take(start + seconds(19), address("192.0.2.1")));
  EXPECT_FALSE(limits.take(start + seconds(21), address("192.0.2.1")));
  EXPECT_GT(limits.wait_s(address("192.0.2.1")), 0);
  EXPECT_TRUE(limits.take(start + seconds(30), address("192.0.2.1")));
  EXPECT_FALSE(limits.take(start + seconds(30), address("192.0.2.1")));
}

TEST(OpeningLimits, RemembersNoMoreAddressesThanItMay) {
  OpeningLimits limits({.per_second = 0.001, .burst = 1}, 8);
  const Mono now = Mono{} + std::chrono::hours(1);
  EXPECT_TRUE(limits.take(now, address("192.0.2.1")));
  for (uint8_t i = 0; i < 100; ++i) EXPECT_TRUE(limits.take(now, IpAddress::v4(198, 51, 100, i)));
  EXPECT_TRUE(limits.take(now, address("192.0.2.1")));  // forgotten, not blocked for ever
  EXPECT_FALSE(limits.take(now, address("192.0.2.1")));
}

}  // namespace
}  // namespace noom::signal
