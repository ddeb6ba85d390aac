// ADDITIONAL-ADDRESS-FAMILY: an IPv4 and an IPv6 relayed address in one allocation.
#include "tests/unit/turn/core/script.h"

namespace noom::turn::test {
namespace {

class Dual : public testing::Test {
 protected:
  void begin() {
    alice_.sends(allocate().additional(2));
    script_.opened(0);
    script_.opened(1);
    script_.forget();
  }
  uint64_t live(Family family) { return script_.stats().allocations_of(Transport::kUdp, family).live.value(); }

  Script script_;
  Client alice_ = script_.client("198.51.100.7:4000");
};

TEST_F(Dual, OneSuccessCarriesBothAddressesOnceBothAreBound) {
  // RFC 8656 §7.2: ADDITIONAL-ADDRESS-FAMILY gives an IPv4 and an IPv6 relayed transport address.
  alice_.sends(allocate().additional(2));
  EXPECT_THAT(script_.says(), ElementsAre("open #0 on 203.0.113.1", "open #1 on 2001:db8::1"));
  script_.opened(1);
  EXPECT_THAT(script_.says(), IsEmpty());
  script_.opened(0);
  EXPECT_THAT(script_.tells(), ElementsAre("created alice 198.51.100.7:4000 203.0.113.1:#0 [2001:db8::1]:#1"));
  EXPECT_THAT(script_.says(),
              ElementsAre("198.51.100.7:4000 <- allocate success relayed=203.0.113.1:#0 relayed=[2001:db8::1]:#1 "
                          "lifetime=600 mapped=198.51.100.7:4000 integrity"));
  EXPECT_EQ(script_.shared->quota.total(), 1u);
}

TEST_F(Dual, AFamilyThatTheServerLacksIsNamedInASuccess) {
  // RFC 8656 §7.2: with one of two families the answer is success with ADDRESS-ERROR-CODE, 440 where it is unsupported.
  script_.settings.relay_addresses.pop_back();
  const auto request = allocate().additional(2).bytes(alice_.credentials());
  alice_.sends(request);
  script_.opened(0);
  EXPECT_THAT(script_.says(), ElementsAre("open #0 on 203.0.113.1",
                                          "198.51.100.7:4000 <- allocate success relayed=203.0.113.1:#0 ipv6=440 "
                                          "lifetime=600 mapped=198.51.100.7:4000 integrity"));
  alice_.sends(request);
  EXPECT_THAT(script_.says(), ElementsAre(testing::HasSubstr("ipv6=440")));  // §7.2: a retransmission is answered alike
}

TEST_F(Dual, AFamilyWithoutIpv4IsASuccessToo) {
  // RFC 8656 §7.2: the family that fails may be either.
  script_.settings.relay_addresses.erase(script_.settings.relay_addresses.begin());
  alice_.sends(allocate().additional(2));
  script_.opened(0);
  EXPECT_THAT(script_.says(), ElementsAre("open #0 on 2001:db8::1",
                                          "198.51.100.7:4000 <- allocate success ipv4=440 relayed=[2001:db8::1]:#0 "
                                          "lifetime=600 mapped=198.51.100.7:4000 integrity"));
}

TEST_F(Dual, AFamilyWithoutAPortIsNamedWith508) {
  // RFC 8656 §7.2: ADDRESS-ERROR-CODE 508 where there is no capacity.
  script_.settings.port_min = script_.settings.port_max = 50000;
  script_.client("198.51.100.9:1").allocates(allocate().family(2));
  alice_.sends(allocate().additional(2));
  script_.opened(1);
  EXPECT_THAT(script_.says(), ElementsAre("open #1 on 203.0.113.1", testing::HasSubstr("success relayed=203.0.113.1:#1 "
                                                                                       "ipv6=508")));
}

TEST_F(Dual, AFamilyThatTheSystemRefusesIsNamedWith508) {
  // RFC 8656 §7.2: ADDRESS-ERROR-CODE 508; the other family's success waits for it.
  script_.settings.port_min = script_.settings.port_max = 50000;
  alice_.sends(allocate().additional(2));
  script_.opened(1);
  script_.forget();
  script_.open_failed(0);
  EXPECT_THAT(script_.says(), ElementsAre("198.51.100.7:4000 <- allocate success ipv4=508 relayed=[2001:db8::1]:#1 "
                                          "lifetime=600 mapped=198.51.100.7:4000 integrity"));
  EXPECT_EQ(live(Family::kV4), 0u);
  EXPECT_EQ(live(Family::kV6), 1u);
}

TEST_F(Dual, NeitherFamilyIs508) {
  // RFC 8656 §7.2: without any relayed transport address 508.
  script_.settings.port_min = script_.settings.port_max = 50000;
  alice_.sends(allocate().additional(2));
  script_.forget();
  script_.open_failed(0);
  EXPECT_THAT(script_.says(), IsEmpty());
  script_.open_failed(1);
  EXPECT_THAT(script_.says(), ElementsAre("198.51.100.7:4000 <- allocate error 508 integrity"));
  EXPECT_EQ(script_.shared->quota.total(), 0u);
  EXPECT_EQ(script_.stats().relay_ports_free.value(), 2u);
}

TEST_F(Dual, BesideRequestedAddressFamilyIs400) {
  // RFC 8656 §7.2: REQUESTED-ADDRESS-FAMILY together with ADDITIONAL-ADDRESS-FAMILY is 400.
  alice_.sends(allocate().family(1).additional(2));
  EXPECT_THAT(script_.says(), ElementsAre("198.51.100.7:4000 <- allocate error 400 integrity"));
  EXPECT_EQ(script_.refused(Reason::kTwoFamilyAttributes), 1u);
}

TEST_F(Dual, WithAReservationIs400) {
  // RFC 8656 §7.2: EVEN-PORT with R = 1 together with ADDITIONAL-ADDRESS-FAMILY is 400.
  alice_.sends(allocate().even_port(true).additional(2));
  EXPECT_THAT(script_.says(), ElementsAre("198.51.100.7:4000 <- allocate error 400 integrity"));
  EXPECT_EQ(script_.refused(Reason::kReserveForTwoFamilies), 1u);
}

TEST_F(Dual, AnotherAdditionalFamilyThanIpv6Is400) {
  // RFC 8656 §7.2: ADDITIONAL-ADDRESS-FAMILY with IPv4, or malformed, is 400.
  alice_.sends(allocate().additional(1));
  alice_.sends(allocate().raw(Attr::kAdditionalAddressFamily, "x"));
  EXPECT_THAT(script_.says(), testing::Each("198.51.100.7:4000 <- allocate error 400 integrity"));
  EXPECT_EQ(script_.refused(Reason::kAdditionalFamily), 2u);
}

TEST_F(Dual, DataGoesThroughTheRelayOfItsFamilyBothWays) {
  // RFC 8656 §11, §12: permissions and channels belong to the relayed address of the peer's family.
  begin();
  alice_.permits("192.0.2.9:1");
  alice_.binds(0x4000, "[2001:db8:9::9]:99");
  alice_.sends(send().peer("192.0.2.9:99").data("four"));
  alice_.sends(channel_data(0x4000, "six"));
  script_.peer_sends(0, "192.0.2.9:99", "4 back");
  script_.peer_sends(1, "[2001:db8:9::9]:99", "6 back");
  EXPECT_THAT(script_.says(), ElementsAre("198.51.100.7:4000 <- data from 192.0.2.9:99 '4 back'",
                                          "198.51.100.7:4000 <- channel 0x4000 '6 back'", "#0 -> 192.0.2.9:99 'four'",
                                          "#1 -> [2001:db8:9::9]:99 'six'"));
}

TEST_F(Dual, RefreshWithAFamilyRefreshesThatOneAlone) {
  // RFC 8656 §8.2: REQUESTED-ADDRESS-FAMILY names the relayed address that a Refresh is about.
  begin();
  alice_.permits("192.0.2.9:1");
  script_.when(seconds(500));
  alice_.sends(refresh().family(2).lifetime(1000));
  EXPECT_THAT(script_.says(), ElementsAre("198.51.100.7:4000 <- refresh success lifetime=1000 integrity"));
  script_.when(seconds(600));
  EXPECT_THAT(script_.says(), ElementsAre("close #0"));
  EXPECT_EQ(live(Family::kV4), 0u);
  alice_.sends(create_permission().peer("192.0.2.9:1"));
  EXPECT_THAT(script_.says(), ElementsAre("198.51.100.7:4000 <- create_permission error 443 integrity"));
  alice_.binds(0x4000, "[2001:db8:9::9]:99");
  script_.when(seconds(1500));
  EXPECT_THAT(script_.says(), ElementsAre("close #1"));
  EXPECT_EQ(script_.server().next_deadline(), std::nullopt);
  EXPECT_EQ(script_.stats().permissions_live.value() + script_.stats().channels_live.value(), 0u);
}

TEST_F(Dual, AFamilyThatIsOverCarriesNothingEvenBeforeTheTimer) {
  // RFC 8656 §8.2: what is over is over.
  begin();
  alice_.sends(refresh().family(2).lifetime(1000));
  script_.forget();
  script_.when(seconds(500));
  alice_.binds(0x4000, "192.0.2.9:99");
  script_.jump(seconds(601));
  alice_.sends(channel_data(0x4000, "late"));
  alice_.sends(send().peer("192.0.2.9:99").data("late"));
  script_.peer_sends(0, "192.0.2.9:99", "late");
  EXPECT_THAT(script_.says(), IsEmpty());
  EXPECT_EQ(script_.dropped(Drop::kPeerFamily), 2u);
  EXPECT_EQ(script_.dropped(Drop::kRelayNotLive), 1u);
}

TEST_F(Dual, RefreshWithLifetimeZeroAndAFamilyDeletesThatOneAlone) {
  // RFC 8656 §8.2: LIFETIME 0 with REQUESTED-ADDRESS-FAMILY deletes one of two relayed addresses.
  begin();
  alice_.permits("192.0.2.9:1");
  alice_.binds(0x4000, "[2001:db8:9::9]:99");
  alice_.sends(refresh().family(1).lifetime(0));
  EXPECT_THAT(script_.tells(), IsEmpty());
  EXPECT_THAT(script_.says(), ElementsAre("close #0", "198.51.100.7:4000 <- refresh success lifetime=0 integrity"));
  EXPECT_EQ(script_.stats().permissions_live.value(), 1u);
  alice_.sends(channel_data(0x4000, "on"));
  EXPECT_THAT(script_.says(), ElementsAre("#1 -> [2001:db8:9::9]:99 'on'"));
  alice_.sends(refresh().family(1));
  EXPECT_THAT(script_.says(), ElementsAre("198.51.100.7:4000 <- refresh error 443 integrity"));
  alice_.sends(refresh().family(2).lifetime(0));
  EXPECT_THAT(script_.says(), ElementsAre("close #1", "198.51.100.7:4000 <- refresh success lifetime=0 integrity"));
  EXPECT_EQ(script_.shared->quota.total(), 0u);
}

TEST_F(Dual, RefreshWithoutAFamilyMeansBoth) {
  // RFC 8656 §8.2: without REQUESTED-ADDRESS-FAMILY a Refresh is about the whole allocation.
  begin();
  script_.when(seconds(500));
  alice_.sends(refresh());
  script_.forget();
  script_.when(seconds(1099));
  EXPECT_THAT(script_.says(), IsEmpty());
  alice_.sends(refresh().lifetime(0));
  EXPECT_THAT(script_.says(),
              ElementsAre("close #0", "close #1", "198.51.100.7:4000 <- refresh success lifetime=0 integrity"));
}

}  // namespace
}  // namespace noom::turn::test
