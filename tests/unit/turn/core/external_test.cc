// External addresses that change, and those of single listeners: what clients are told, and which relays are
// recognised.
#include "tests/unit/turn/core/script.h"

namespace noom::turn::test {
namespace {

class External : public testing::Test {
 protected:
  External() { carry_over(nullptr, script_.settings); }
  // The first relay address is known by another one from now on.
  void change_to(std::string_view external) {
    Settings next = script_.settings;
    next.relay_addresses[0].external = address(external);
    carry_over(&script_.settings, next);
    script_.settings = next;
    script_.server().on_settings(script_.now(), std::make_shared<const Settings>(next), script_.output());
  }
  std::string told_to(Client client) {
    client.sends(allocate());
    script_.opened(std::get<OpenRelay>(script_.commands().back()).relay.index);
    const auto lines = script_.says();
    const std::string& line = lines.back();
    const size_t from = line.find("relayed=") + 8;
    return line.substr(from, line.find(':', from) - from);
  }

  Script script_;
};

TEST_F(External, NewAllocationsGetTheNewAddressAndOldOnesKeepTheirs) {
  // RFC 8656 §7.2: the relayed transport address is the allocation's for its whole life.
  Client old = script_.client("198.51.100.7:4000");
  EXPECT_EQ(told_to(old), "203.0.113.1");
  change_to("203.0.113.77");
  EXPECT_EQ(told_to(script_.client("198.51.100.7:4001")), "203.0.113.77");
  EXPECT_EQ(told_to(script_.client("198.51.100.7:4002")), "203.0.113.77");
  old.sends(refresh());
  EXPECT_THAT(script_.says(), ElementsAre("198.51.100.7:4000 <- refresh success lifetime=600 integrity"));
}

TEST_F(External, RelaysReachEachOtherByOldAndNewAddressAsLongAsTheyLive) {
  // RFC 8656 §2.2: a relayed address is a peer like any other, also that of an allocation older than the change.
  Client old = script_.client("198.51.100.7:4000");
  told_to(old);
  const IpEndpoint old_relay{address("203.0.113.1"), script_.relayed(0).port};
  change_to("203.0.113.77");
  Client young = script_.client("198.51.100.7:4001");
  told_to(young);
  const IpEndpoint young_relay = script_.relayed(1);
  young.permits(old_relay.to_string());
  old.permits(young_relay.to_string());
  young.sends(send().peer(old_relay).data("hello"));
  old.sends(send().peer(young_relay).data("hello"));
  EXPECT_EQ(script_.stats().relay_to_relay.packets.value(), 2u);
  EXPECT_EQ(script_.stats().to_peers.packets.value(), 0u);
  script_.forget();

  // The port alone is not the relay: nobody has it by its new address.
  young.permits("203.0.113.77:1");
  young.sends(send().peer({address("203.0.113.77"), old_relay.port}).data("hello"));
  EXPECT_EQ(script_.dropped(Drop::kRelayNotLive), 1u);
}

TEST_F(External, TheOldAddressIsSomebodyElsesOnceNoRelayHasIt) {
  // RFC 8656 §21.1.1: what is the suite's own is a legal peer as long as it is.
  script_.settings.relay_addresses[0].local = address("10.1.1.1");
  Client old = script_.client("198.51.100.7:4000");
  told_to(old);
  const IpEndpoint old_relay{address("203.0.113.1"), script_.relayed(0).port};
  change_to("203.0.113.77");
  Client young = script_.client("198.51.100.7:4001");
  told_to(young);
  old.sends(refresh().lifetime(0));
  script_.forget();
  young.permits(old_relay.to_string());
  young.sends(send().peer(old_relay).data("hello"));
  EXPECT_EQ(script_.stats().to_peers.packets.value(), 1u) << "an address of the Internet";
}

TEST_F(External, AnAddressThatComesBackIsTheSameAddress) {
  Client old = script_.client("198.51.100.7:4000");
  told_to(old);
  const IpEndpoint old_relay{address("203.0.113.1"), script_.relayed(0).port};
  change_to("203.0.113.77");
  change_to("203.0.113.1");
  Client young = script_.client("198.51.100.7:4001");
  EXPECT_EQ(told_to(young), "203.0.113.1");
  young.permits(old_relay.to_string());
  old.permits(old_relay.to_string());
  young.sends(send().peer(old_relay).data("hello"));
  EXPECT_EQ(script_.stats().relay_to_relay.packets.value(), 1u);
}

TEST_F(External, WithoutAKnownAddressAnAllocateIs508) {
  // RFC 8656 §7.2: no relayed transport address to give, 508.
  script_.settings.relay_addresses[0].external = IpAddress();
  carry_over(nullptr, script_.settings);
  Client alice = script_.client("198.51.100.7:4000");
  alice.sends(allocate());
  EXPECT_THAT(script_.says(), ElementsAre("198.51.100.7:4000 <- allocate error 508 integrity"));
  EXPECT_EQ(script_.refused(Reason::kExternalUnknown), 1u);
  EXPECT_EQ(script_.shared->quota.total(), 0u);
  change_to("203.0.113.77");
  EXPECT_EQ(told_to(alice), "203.0.113.77");
}

TEST_F(External, TheClientsOfAListenerGetItsAddresses) {
  script_.settings.relay_addresses = {{address("203.0.113.1"), address("203.0.113.1")},
                                      {address("203.0.113.2"), address("198.51.100.2")}};
  script_.settings.listener_relays = {{}, {{address("203.0.113.2"), address("192.0.2.200")}}};
  carry_over(nullptr, script_.settings);
  Client plain = script_.client("198.51.100.7:4000");
  FiveTuple tuple = script_.client("198.51.100.7:4001").tuple();
  tuple.listener = 1;
  Client special(script_, tuple, "alice", "wonderland");
  EXPECT_EQ(told_to(plain), "203.0.113.1");
  EXPECT_EQ(told_to(special), "192.0.2.200");
  // Both are recognised by all.
  plain.permits("192.0.2.200:1");
  special.permits("203.0.113.1:1");
  plain.sends(send().peer({address("192.0.2.200"), script_.relayed(1).port}).data("hello"));
  EXPECT_EQ(script_.stats().relay_to_relay.packets.value(), 1u);
  // It has no relay of the other family.
  special.sends(refresh().lifetime(0));
  special.sends(allocate().u32(Attr::kRequestedAddressFamily, 0x02000000));
  EXPECT_EQ(script_.refused(Reason::kFamilyUnavailable), 1u);
}

}  // namespace
}  // namespace noom::turn::test
