#include <set>

#include "tests/unit/turn/core/script.h"

namespace noom::turn::test {
namespace {

TEST(Allocate, OpensARelayAndAnswersOnceItIsBound) {
  // RFC 8656 §7.2: relayed address, lifetime, mapped address.
  Script script;
  script.settings.software = "noom";
  Client alice = script.client("198.51.100.7:4000");
  alice.sends(allocate());
  EXPECT_THAT(script.says(), ElementsAre("open #0 on 203.0.113.1"));
  script.opened(0);
  EXPECT_THAT(script.tells(), ElementsAre("created alice 198.51.100.7:4000 203.0.113.1:#0"));
  EXPECT_THAT(script.says(), ElementsAre("198.51.100.7:4000 <- allocate success relayed=203.0.113.1:#0 lifetime=600 "
                                         "mapped=198.51.100.7:4000 software=noom integrity"));
  EXPECT_GE(script.relayed(0).port, 49152);
}

TEST(Allocate, TellsTheExternalAddressAndOpensTheLocalOne) {
  // RFC 8656 §7.2 behind 1:1 NAT.
  Script script;
  script.settings.relay_addresses = {{address("10.0.0.5"), address("203.0.113.9")}};
  Client alice = script.client("198.51.100.7:4000");
  alice.sends(allocate().fingerprint());
  EXPECT_THAT(script.says(), ElementsAre("open #0 on 10.0.0.5"));
  script.opened(0);
  EXPECT_THAT(script.says(), ElementsAre("198.51.100.7:4000 <- allocate success relayed=203.0.113.9:#0 lifetime=600 "
                                         "mapped=198.51.100.7:4000 integrity fingerprint"));
}

TEST(Allocate, TwiceOnTheSameFiveTupleIs437) {
  // RFC 8656 §7.2, step 2.
  Script script;
  Client alice = script.client("198.51.100.7:4000");
  alice.allocates();
  alice.sends(allocate().id(2));
  EXPECT_THAT(script.says(), ElementsAre("198.51.100.7:4000 <- allocate error 437 integrity"));
  EXPECT_EQ(script.refused(Reason::kAllocationExists), 1u);
}

TEST(Allocate, ByAnotherUserOnAUsedFiveTupleIs437) {
  // RFC 8656 §7.2, step 2.
  Script script;
  script.client("198.51.100.7:4000").allocates();
  script.client("198.51.100.7:4000", Transport::kUdp, "bob", "builder").sends(allocate());
  EXPECT_THAT(script.says(), ElementsAre("198.51.100.7:4000 <- allocate error 437 integrity"));
}

TEST(Allocate, ARetransmissionGetsTheSameSuccess) {
  // RFC 8656 §7.2, step 2 and RFC 8489 §6.3.1: same five-tuple and transaction id.
  Script script;
  Client alice = script.client("198.51.100.7:4000");
  const auto request = allocate().bytes(alice.credentials());
  alice.sends(request);
  script.forget();
  alice.sends(request);  // not open yet: one answer is on its way
  EXPECT_THAT(script.says(), IsEmpty());
  script.opened(0);
  const auto first = script.says();
  script.when(seconds(30));
  alice.sends(request);
  EXPECT_THAT(script.says(), testing::ElementsAreArray(first));
  EXPECT_EQ(script.stats().allocations_of(Transport::kUdp, Family::kV4).live.value(), 1u);
}

TEST(Allocate, WithoutRequestedTransportIs400) {
  // RFC 8656 §7.2, step 3.
  Script script;
  script.client("198.51.100.7:4000").sends(Ask(Method::kAllocate));
  EXPECT_THAT(script.says(), ElementsAre("198.51.100.7:4000 <- allocate error 400 integrity"));
  EXPECT_EQ(script.refused(Reason::kMissingTransport), 1u);
}

TEST(Allocate, WithAMalformedRequestedTransportIs400) {
  // RFC 8656 §7.2, step 3.
  Script script;
  script.client("198.51.100.7:4000").sends(Ask(Method::kAllocate).raw(Attr::kRequestedTransport, "\x11"));
  EXPECT_THAT(script.says(), ElementsAre("198.51.100.7:4000 <- allocate error 400 integrity"));
}

TEST(Allocate, ForATransportNeitherUdpNorTcpIs442) {
  // RFC 8656 §7.2, step 3.
  Script script;
  script.client("198.51.100.7:4000").sends(Ask(Method::kAllocate).transport(132));
  EXPECT_THAT(script.says(), ElementsAre("198.51.100.7:4000 <- allocate error 442 integrity"));
}

TEST(Allocate, WithDontFragmentSucceedsAndSoLearnsThatItIsSupported) {
  // RFC 8656 §7.2: DONT-FRAGMENT is refused with 420 only where it is not supported.
  Script script;
  script.client("198.51.100.7:4000").sends(allocate().raw(Attr::kDontFragment, ""));
  EXPECT_THAT(script.says(), ElementsAre("open #0 on 203.0.113.1"));
}

TEST(Allocate, WithAnUnknownRequiredAttributeIs420NamingEachOnce) {
  // RFC 8489 §6.3.1, §14.13.
  Script script;
  const auto unknown = static_cast<Attr>(0x7001);
  script.client("198.51.100.7:4000").sends(allocate().u32(unknown, 1).u32(unknown, 2).u32(Attr::kPriority, 3));
  EXPECT_THAT(script.says(), ElementsAre("198.51.100.7:4000 <- allocate error 420 unknown=28673,36 integrity"));
  EXPECT_EQ(script.refused(Reason::kUnknownAttribute), 1u);
}

TEST(Allocate, IgnoresUnknownOptionalAttributes) {
  // RFC 8489 §14: attribute types of 0x8000 and above may be ignored.
  Script script;
  script.client("198.51.100.7:4000").sends(allocate().u32(static_cast<Attr>(0xbeef), 1));
  EXPECT_THAT(script.says(), ElementsAre("open #0 on 203.0.113.1"));
}

TEST(Allocate, NoFamilyMeansIpv4AlsoOverIpv6) {
  // RFC 8656 §7.2.
  Script script;
  Client alice = script.client_v6("[2001:db8:7::1]:4000");
  alice.sends(allocate());
  EXPECT_THAT(script.says(), ElementsAre("open #0 on 203.0.113.1"));
}

TEST(Allocate, NoFamilyMeansWhatIsConfigured) {
  // RFC 8656 §7.2: IPv4 unless the operator says otherwise: IPv6, or the family of the client's address.
  for (const bool follow : {false, true}) {
    Script script;
    script.settings.family_when_unasked = follow ? std::nullopt : std::optional(Family::kV6);
    script.client("198.51.100.7:4000").sends(allocate());
    script.client_v6("[2001:db8::7]:4000").sends(allocate());
    EXPECT_THAT(script.says(),
                ElementsAre(follow ? "open #0 on 203.0.113.1" : "open #0 on 2001:db8::1", "open #1 on 2001:db8::1"));
  }
}

TEST(Allocate, OpensAnIpv6RelayWhenAsked) {
  // RFC 8656 §7.2, REQUESTED-ADDRESS-FAMILY.
  Script script;
  Client alice = script.client("198.51.100.7:4000");
  alice.sends(allocate().family(2));
  EXPECT_THAT(script.says(), ElementsAre("open #0 on 2001:db8::1"));
  script.opened(0);
  EXPECT_THAT(script.says(), ElementsAre("198.51.100.7:4000 <- allocate success relayed=[2001:db8::1]:#0 lifetime=600 "
                                         "mapped=198.51.100.7:4000 integrity"));
}

TEST(Allocate, IgnoresOriginAndOtherOptionalAttributes) {
  // RFC 8489 §6.3.1, §14: what may be ignored is: ORIGIN (0x802f) of any content, and types nobody knows yet.
  Script script;
  Client alice = script.client("198.51.100.7:4000");
  alice.sends(allocate()
                  .raw(static_cast<Attr>(0x802f), "https://example.org\0\xff")
                  .raw(static_cast<Attr>(0x802f), "")
                  .raw(static_cast<Attr>(0xfffe), "?"));
  EXPECT_THAT(script.says(), ElementsAre("open #0 on 203.0.113.1"));
}

TEST(Allocate, AFamilyWithoutRelayAddressIs440) {
  // RFC 8656 §7.2.
  Script script;
  script.settings.relay_addresses.pop_back();
  Client alice = script.client("198.51.100.7:4000");
  alice.sends(allocate().family(2));
  EXPECT_THAT(script.says(), ElementsAre("198.51.100.7:4000 <- allocate error 440 integrity"));
  alice.sends(allocate().family(9));
  EXPECT_THAT(script.says(), ElementsAre("198.51.100.7:4000 <- allocate error 440 integrity"));
}

TEST(Allocate, AMalformedFamilyIs400) {
  // RFC 8656 §18.8: four bytes.
  Script script;
  script.client("198.51.100.7:4000").sends(allocate().raw(Attr::kRequestedAddressFamily, "\x02"));
  EXPECT_THAT(script.says(), ElementsAre("198.51.100.7:4000 <- allocate error 400 integrity"));
}

TEST(Allocate, EvenPortGetsAnEvenPort) {
  // RFC 8656 §7.2, EVEN-PORT with R = 0.
  Script script;
  for (uint16_t port = 4000; port < 4020; ++port) {
    script.client("198.51.100.7:" + std::to_string(port)).sends(allocate().raw(Attr::kEvenPort, std::string(1, '\0')));
    EXPECT_EQ(std::get<OpenRelay>(script.commands().back()).local.port % 2, 0);
  }
}

TEST(Allocate, AMalformedEvenPortIs400) {
  // RFC 8656 §18.6: one byte.
  Script script;
  script.client("198.51.100.7:4000").sends(allocate().raw(Attr::kEvenPort, "long"));
  EXPECT_THAT(script.says(), ElementsAre("198.51.100.7:4000 <- allocate error 400 integrity"));
}

TEST(Allocate, PrefersTheAddressThatTheClientCameTo) {
  // Of several relay addresses of a family.
  Script script;
  script.settings.relay_addresses = {{address("203.0.113.2"), address("203.0.113.2")},
                                     {address("203.0.113.1"), address("203.0.113.1")},
                                     {address("203.0.113.3"), address("203.0.113.3")}};
  for (uint16_t port = 4000; port < 4010; ++port) {
    script.client("198.51.100.7:" + std::to_string(port)).sends(allocate());
    EXPECT_EQ(std::get<OpenRelay>(script.commands().back()).local.address, address("203.0.113.1"));
  }
}

TEST(Allocate, UsesAnotherAddressOfTheFamilyWhenOneIsExhausted) {
  Script script;
  script.settings.relay_addresses = {{address("203.0.113.1"), address("203.0.113.1")},
                                     {address("203.0.113.2"), address("203.0.113.2")}};
  script.settings.port_min = script.settings.port_max = 50000;
  script.client("198.51.100.7:4000").sends(allocate());
  script.client("198.51.100.7:4001").sends(allocate());
  EXPECT_THAT(script.says(), ElementsAre("open #0 on 203.0.113.1", "open #1 on 203.0.113.2"));
}

TEST(Allocate, RelayedAddressesAreUnique) {
  // RFC 8656 §7.2.
  Script script;
  script.settings.port_min = 50000;
  script.settings.port_max = 50099;
  std::set<uint16_t> ports;
  for (uint16_t port = 4000; port < 4100; ++port) {
    script.client("198.51.100.7:" + std::to_string(port)).sends(allocate());
    ports.insert(std::get<OpenRelay>(script.commands().back()).local.port);
  }
  EXPECT_EQ(ports.size(), 100u);
  EXPECT_EQ(*ports.begin(), 50000);
  EXPECT_EQ(*ports.rbegin(), 50099);
}

TEST(Allocate, WithoutAFreePortIs508) {
  // RFC 8656 §7.2.
  Script script;
  script.settings.port_min = script.settings.port_max = 50000;
  script.client("198.51.100.7:4000").allocates();
  script.client("198.51.100.7:4001").sends(allocate());
  EXPECT_THAT(script.says(), ElementsAre("198.51.100.7:4001 <- allocate error 508 integrity"));
  EXPECT_EQ(script.refused(Reason::kNoFreePort), 1u);
  EXPECT_EQ(script.shared->quota.total(), 1u);
}

}  // namespace
}  // namespace noom::turn::test
