#include "stun/config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace noom::stun {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(StunConfigTest, DefaultsStayClearOfNoomTurn) {
  Config config;
  const ops::ConfigTable table = config_table(config);
  EXPECT_THAT(config.listen_udp, ElementsAre(*IpEndpoint::parse("0.0.0.0:3479"), *IpEndpoint::parse("[::]:3479")));
  EXPECT_EQ(config.listen_tcp, config.listen_udp);
  EXPECT_THAT(config.ops.metrics_listen, ElementsAre(*IpEndpoint::parse("127.0.0.1:9641")));
  EXPECT_THAT(check(config, table).errors, IsEmpty());
}

TEST(StunConfigTest, WithoutAnyListenerItDoesNotStart) {
  Config config;
  ops::ConfigTable table = config_table(config);
  EXPECT_THAT(table.load_toml("[listen]\nudp = []\ntcp = []\n", "f.toml"), IsEmpty());
  EXPECT_THAT(check(config, table).errors,
              ElementsAre("f.toml:2: listen.udp: no listener is left; give listen.udp or listen.tcp an address"));
}

}  // namespace
}  // namespace noom::stun
