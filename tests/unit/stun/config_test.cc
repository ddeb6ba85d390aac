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

std::vector<std::string> errors_of(std::string_view toml) {
  Config config;
  ops::ConfigTable table = config_table(config);
  EXPECT_THAT(table.load_toml(toml, "f.toml"), IsEmpty());
  return check(config, table).errors;
}

TEST(StunConfigTest, BehaviourDiscoveryTakesRealAddressesOfEachFamilyItServes) {
  // RFC 5780 §6: two addresses and two ports.
  EXPECT_THAT(
      errors_of("[listen]\nudp = ['192.0.2.1:3479', '[2001:db8::1]:3479']\ntcp = ['192.0.2.1:3479', '[::]:3479']\n"
                "alternate_addresses = ['192.0.2.2']\n"),
      IsEmpty());
  Config config;
  config.alternate_addresses = {IpAddress::v4(192, 0, 2, 2)};
  EXPECT_EQ(config.alternate_of(*IpEndpoint::parse("192.0.2.1:3479")), IpEndpoint::parse("192.0.2.2:3480"));
  EXPECT_EQ(config.alternate_of(*IpEndpoint::parse("[2001:db8::1]:3479")), std::nullopt);
}

TEST(StunConfigTest, AWildcardListenerHasNoOtherAddress) {
  EXPECT_THAT(errors_of("[listen]\nudp = ['0.0.0.0:3479']\ntcp = []\nalternate_addresses = ['192.0.2.2']\n"),
              ElementsAre("f.toml:2: listen.udp: 0.0.0.0:3479 stands for every address, and listen.alternate_addresses "
                          "needs to know which; give the address that clients are told"));
  EXPECT_THAT(errors_of("[listen]\nudp = ['192.0.2.1:3479']\ntcp = []\nalternate_addresses = ['0.0.0.0']\n"),
              ElementsAre("f.toml:4: listen.alternate_addresses: an answer cannot leave from every address at once; "
                          "give an address of this host"));
}

TEST(StunConfigTest, AnAlternateAddressIsOfTheFamilyOfAListener) {
  EXPECT_THAT(errors_of("[listen]\nudp = ['192.0.2.1:3479']\ntcp = []\nalternate_addresses = ['2001:db8::2']\n"),
              ElementsAre("f.toml:4: listen.alternate_addresses: listen.udp has no IPv6 address to be the other one; "
                          "add one to listen.udp, or give an address of its family"));
}

TEST(StunConfigTest, AlternatesAreNotShared) {
  EXPECT_THAT(
      errors_of("[listen]\nudp = ['192.0.2.1:1', '192.0.2.3:1']\ntcp = []\nalternate_addresses = ['192.0.2.2']\n"),
      ElementsAre("f.toml:2: listen.udp: two IPv4 listeners would share one alternate address; leave one, or "
                  "take the address out of listen.alternate_addresses"));
  EXPECT_THAT(
      errors_of("[listen]\nudp = ['192.0.2.1:1']\ntcp = []\nalternate_addresses = ['192.0.2.2', '192.0.2.3']\n"),
      ElementsAre("f.toml:4: listen.alternate_addresses: more than one IPv4 address; give one of each family"));
}

TEST(StunConfigTest, TheTwoPortsDiffer) {
  EXPECT_THAT(errors_of("[listen]\nudp = ['192.0.2.1:3480']\ntcp = []\nalternate_addresses = ['192.0.2.2']\n"),
              ElementsAre("listen.alternate_port (default): it is the port of listen.udp 192.0.2.1:3480; give another "
                          "port: behaviour discovery takes two"));
}

TEST(StunConfigTest, ResponsePortIsPartOfBehaviourDiscovery) {
  EXPECT_THAT(errors_of("[binding]\nresponse_port = true\n"),
              ElementsAre("f.toml:2: binding.response_port: behaviour discovery is off; give "
                          "listen.alternate_addresses, or leave this off"));
}

}  // namespace
}  // namespace noom::stun
