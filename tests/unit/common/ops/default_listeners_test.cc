#include "common/ops/default_listeners.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace noom::ops {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::StartsWith;

class DefaultListeners : public testing::Test {
 protected:
  DefaultListeners() {
    table_.endpoints("listen.udp", &udp_, "UDP.");
    table_.endpoints("listen.tcp", &tcp_, "TCP.");
  }
  std::vector<std::string> fit(bool has_ipv6) {
    std::vector<std::string> warnings;
    leave_out_ipv6(table_, {{"listen.udp", &udp_}, {"listen.tcp", &tcp_}}, has_ipv6, warnings);
    return warnings;
  }

  const IpEndpoint v4_ = *IpEndpoint::parse("0.0.0.0:1");
  const IpEndpoint v6_ = *IpEndpoint::parse("[::]:1");
  std::vector<IpEndpoint> udp_ = {v4_, v6_};
  std::vector<IpEndpoint> tcp_ = {v4_, v6_};
  ConfigTable table_;
};

TEST_F(DefaultListeners, LoseIpv6WhereThereIsNoneAndItIsSaidOnce) {
  EXPECT_THAT(fit(false), ElementsAre(StartsWith("listen.udp (default): the kernel has no IPv6")));
  EXPECT_THAT(udp_, ElementsAre(v4_));
  EXPECT_THAT(tcp_, ElementsAre(v4_));
}

TEST_F(DefaultListeners, StayWhereThereIsIpv6) {
  EXPECT_THAT(fit(true), IsEmpty());
  EXPECT_THAT(udp_, ElementsAre(v4_, v6_));
}

TEST_F(DefaultListeners, WhatTheOperatorWroteStays) {
  EXPECT_THAT(table_.load_toml("[listen]\nudp = [\"[::]:1\"]\n", "f.toml"), IsEmpty());
  EXPECT_THAT(fit(false), ElementsAre(StartsWith("listen.tcp (default): ")));
  EXPECT_THAT(udp_, ElementsAre(v6_));
}

}  // namespace
}  // namespace noom::ops
