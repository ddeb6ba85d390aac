#include "common/base/endpoint.h"

#include <absl/hash/hash_testing.h>
#include <gtest/gtest.h>

namespace noom {
namespace {

TEST(IpAddress, ParsesAndPrintsBothFamilies) {
  EXPECT_EQ(IpAddress::parse("192.0.2.1")->to_string(), "192.0.2.1");
  EXPECT_EQ(IpAddress::parse("2001:DB8:0:0::1")->to_string(), "2001:db8::1");
  for (const char* bad : {"", "192.0.2", "192.0.2.256", "[::1]", "::1%eth0", "fe80::/10", "example.org"})
    EXPECT_EQ(IpAddress::parse(bad), std::nullopt) << bad;
}

TEST(IpAddress, UnmapsOnlyV4MappedAddresses) {
  EXPECT_EQ(IpAddress::parse("::ffff:10.0.0.1")->unmapped(), IpAddress::v4(10, 0, 0, 1));
  EXPECT_EQ(IpAddress::parse("::10.0.0.1")->unmapped(), *IpAddress::parse("::10.0.0.1"));
}

TEST(IpAddress, ZeroOfEachFamilyDiffers) {
  EXPECT_NE(*IpAddress::parse("0.0.0.0"), *IpAddress::parse("::"));
}

TEST(IpEndpoint, ParsesAndPrints) {
  EXPECT_EQ(IpEndpoint::parse("192.0.2.1:3478")->to_string(), "192.0.2.1:3478");
  EXPECT_EQ(IpEndpoint::parse("[2001:db8::1]:65535")->to_string(), "[2001:db8::1]:65535");
  for (const char* bad :
       {"192.0.2.1", "192.0.2.1:", "192.0.2.1:65536", "192.0.2.1:+1", "2001:db8::1:80", "[192.0.2.1]:80"})
    EXPECT_EQ(IpEndpoint::parse(bad), std::nullopt) << bad;
}

TEST(FiveTuple, HashAgreesWithEquality) {
  const IpEndpoint a = *IpEndpoint::parse("192.0.2.1:1");
  const IpEndpoint b = *IpEndpoint::parse("[2001:db8::1]:1");
  EXPECT_TRUE(absl::VerifyTypeImplementsAbslHashCorrectly({
      FiveTuple{a, b, Transport::kUdp, 0},
      FiveTuple{b, a, Transport::kUdp, 0},
      FiveTuple{a, b, Transport::kTcp, 0},
  }));
}

}  // namespace
}  // namespace noom
