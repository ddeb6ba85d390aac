// ICMP errors on the way to a peer, told to the client.
#include <array>

#include "tests/unit/turn/core/script.h"

namespace noom::turn::test {
namespace {

class PeerIcmpTest : public testing::Test {
 protected:
  void SetUp() override {
    alice_.sends(allocate().additional(2));
    script_.opened(0);
    script_.opened(1);
    script_.forget();
  }
  Script script_;
  Client alice_ = script_.client("198.51.100.7:4000");
};

TEST_F(PeerIcmpTest, IsADataIndicationWithIcmpAndWithoutData) {
  // RFC 8656 §11.5: an ICMP error becomes a Data indication with XOR-PEER-ADDRESS and ICMP.
  alice_.permits("192.0.2.9:1");
  script_.icmp(0, "192.0.2.9:99", {.type = 3, .code = 3, .mtu = 77});
  EXPECT_THAT(script_.says(), ElementsAre("198.51.100.7:4000 <- data from 192.0.2.9:99 icmp type=3 code=3 data=0"));
  EXPECT_EQ(script_.stats().icmp_to_clients.value(), 1u);
}

TEST_F(PeerIcmpTest, AChannelMakesNoDifference) {
  // RFC 8656 §11.5: the Data indication is used whether or not a channel is bound.
  alice_.binds(0x4000, "192.0.2.9:99");
  script_.icmp(0, "192.0.2.9:99", {.type = 11, .code = 0, .mtu = 0});
  EXPECT_THAT(script_.says(), ElementsAre("198.51.100.7:4000 <- data from 192.0.2.9:99 icmp type=11 code=0 data=0"));
}

TEST_F(PeerIcmpTest, FragmentationNeededAndPacketTooBigCarryTheMtu) {
  // RFC 8656 §18.13: Error Data is the next hop's MTU for ICMPv4 3/4 and ICMPv6 2, else 0.
  alice_.permits("192.0.2.9:1");
  alice_.permits("[2001:db8:9::9]:1");
  script_.icmp(0, "192.0.2.9:99", {.type = 3, .code = 4, .mtu = 1400});
  script_.icmp(1, "[2001:db8:9::9]:99", {.type = 2, .code = 0, .mtu = 1280});
  script_.icmp(1, "[2001:db8:9::9]:99", {.type = 1, .code = 4, .mtu = 1280});
  EXPECT_THAT(script_.says(),
              ElementsAre("198.51.100.7:4000 <- data from 192.0.2.9:99 icmp type=3 code=4 data=1400",
                          "198.51.100.7:4000 <- data from [2001:db8:9::9]:99 icmp type=2 code=0 data=1280",
                          "198.51.100.7:4000 <- data from [2001:db8:9::9]:99 icmp type=1 code=4 data=0"));
}

TEST_F(PeerIcmpTest, OtherTypesAreDropped) {
  // RFC 8656 §11.5: ICMPv4 types 3 and 11, ICMPv6 types 1, 2 and 3, no other.
  alice_.permits("192.0.2.9:1");
  alice_.permits("[2001:db8:9::9]:1");
  for (const uint8_t type : std::to_array<uint8_t>({0, 1, 2, 4, 5, 12}))
    script_.icmp(0, "192.0.2.9:99", {.type = type, .code = 0, .mtu = 0});
  for (const uint8_t type : std::to_array<uint8_t>({0, 4, 128}))
    script_.icmp(1, "[2001:db8:9::9]:99", {.type = type, .code = 0, .mtu = 0});
  EXPECT_THAT(script_.says(), IsEmpty());
  EXPECT_EQ(script_.dropped(Drop::kIcmpType), 9u);
}

TEST_F(PeerIcmpTest, WithoutAPermissionForWhereTheDatagramWentItIsDropped) {
  // RFC 8656 §11.5: the permission is checked against the destination of the encapsulated datagram.
  alice_.permits("192.0.2.9:1");
  script_.icmp(0, "192.0.2.10:99", {.type = 3, .code = 3, .mtu = 0});
  EXPECT_EQ(script_.dropped(Drop::kNoPermission), 1u);
  script_.jump(seconds(301));
  script_.icmp(0, "192.0.2.9:99", {.type = 3, .code = 3, .mtu = 0});
  EXPECT_EQ(script_.dropped(Drop::kNoPermission), 2u);
  script_.jump(seconds(601));
  script_.icmp(0, "192.0.2.9:99", {.type = 3, .code = 3, .mtu = 0});
  EXPECT_EQ(script_.dropped(Drop::kRelayNotLive), 1u);
  EXPECT_THAT(script_.says(), IsEmpty());
}

}  // namespace
}  // namespace noom::turn::test
