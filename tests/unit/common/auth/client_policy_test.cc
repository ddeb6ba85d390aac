#include "common/auth/client_policy.h"

#include <gtest/gtest.h>

namespace noom::auth {
namespace {

std::vector<IpPrefix> prefixes(std::initializer_list<std::string_view> texts) {
  std::vector<IpPrefix> parsed;
  for (const std::string_view text : texts) parsed.push_back(IpPrefix::parse(text).value());
  return parsed;
}
IpAddress address(std::string_view text) {
  return IpAddress::parse(text).value();
}

TEST(ClientPolicy, WithoutRulesEverybodyIsServed) {
  const ClientPolicy policy({}, {});
  EXPECT_EQ(policy.denial(address("192.0.2.1")), "");
  EXPECT_EQ(policy.denial(address("2001:db8::1")), "");
}

TEST(ClientPolicy, DenyRulesAloneLeaveTheRestServed) {
  const ClientPolicy policy({}, prefixes({"192.0.2.0/24", "2001:db8::/32"}));
  EXPECT_EQ(policy.denial(address("192.0.2.1")), "deny 192.0.2.0/24");
  EXPECT_EQ(policy.denial(address("2001:db8::1")), "deny 2001:db8::/32");
  EXPECT_EQ(policy.denial(address("198.51.100.1")), "");
}

TEST(ClientPolicy, AnAllowListSaysThatNobodyElseIsServed) {
  const ClientPolicy policy(prefixes({"10.0.0.0/8"}), {});
  EXPECT_EQ(policy.denial(address("10.1.2.3")), "");
  EXPECT_EQ(policy.denial(address("192.0.2.1")), "default: not in the allow list");
  EXPECT_EQ(policy.denial(address("2001:db8::1")), "default: not in the allow list");
}

TEST(ClientPolicy, TheLongestPrefixWins) {
  const ClientPolicy policy(prefixes({"0.0.0.0/0", "10.1.0.0/16"}), prefixes({"10.0.0.0/8", "10.1.2.0/24"}));
  EXPECT_EQ(policy.denial(address("192.0.2.1")), "");
  EXPECT_EQ(policy.denial(address("10.2.0.1")), "deny 10.0.0.0/8");
  EXPECT_EQ(policy.denial(address("10.1.0.1")), "");
  EXPECT_EQ(policy.denial(address("10.1.2.1")), "deny 10.1.2.0/24");
}

TEST(ClientPolicy, DenyWinsAgainstAnEqualAllow) {
  const ClientPolicy policy(prefixes({"10.0.0.0/8"}), prefixes({"10.0.0.0/8"}));
  EXPECT_EQ(policy.denial(address("10.1.2.3")), "deny 10.0.0.0/8");
}

TEST(ClientPolicy, AV4MappedClientIsTheV4One) {
  const ClientPolicy policy({}, prefixes({"10.0.0.0/8"}));
  EXPECT_EQ(policy.denial(address("::ffff:10.1.2.3")), "deny 10.0.0.0/8");
}

}  // namespace
}  // namespace noom::auth
