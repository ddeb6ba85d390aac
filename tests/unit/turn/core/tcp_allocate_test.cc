// TCP allocations: what may be asked for, and what such an allocation does not do. RFC 6062 §5.1.
#include "tests/unit/turn/core/script.h"

namespace noom::turn::test {
namespace {

class TcpAllocate : public testing::Test {
 protected:
  // The answer to Alice's request, which asks for no relay.
  std::string refusal(const Ask& ask) {
    alice_.sends(ask);
    const auto said = script_.says();
    EXPECT_EQ(said.size(), 1u);
    EXPECT_EQ(script_.shared->quota.total(), 0u);
    return said.empty() ? "" : said.front();
  }
  Script script_;
  Client alice_ = script_.client("198.51.100.7:4000", Transport::kTcp);
};

TEST_F(TcpAllocate, IsMadeOverTcpAndOverTls) {
  // RFC 6062 §5.1: a TCP relayed transport address is allocated instead of a UDP one.
  alice_.sends(allocate_tcp());
  EXPECT_THAT(script_.says(), ElementsAre("open #0 on 203.0.113.1 tcp"));
  script_.opened(0);
  EXPECT_THAT(script_.says(), ElementsAre("198.51.100.7:4000 <- allocate success relayed=203.0.113.1:#0 lifetime=600 "
                                          "mapped=198.51.100.7:4000 integrity"));
  script_.client("198.51.100.8:4000", Transport::kTls).sends(allocate_tcp());
  EXPECT_THAT(script_.says(), ElementsAre("open #1 on 203.0.113.1 tcp"));
}

TEST_F(TcpAllocate, OverUdpOrDtlsIs400) {
  // RFC 6062 §5.1: TCP asked for over a transport other than TCP or TLS is 400.
  for (const Transport transport : {Transport::kUdp, Transport::kDtls}) {
    script_.client("198.51.100.7:4000", transport).sends(allocate_tcp());
    EXPECT_THAT(script_.says(), ElementsAre("198.51.100.7:4000 <- allocate error 400 integrity"));
  }
  EXPECT_EQ(script_.refused(Reason::kTcpOverDatagrams), 2u);
}

TEST_F(TcpAllocate, WithAnAttributeThatMakesNoSenseThereIs400) {
  // RFC 6062 §5.1: DONT-FRAGMENT, EVEN-PORT or RESERVATION-TOKEN with TCP is 400.
  EXPECT_THAT(refusal(allocate_tcp().raw(Attr::kDontFragment, "")), testing::HasSubstr("error 400"));
  EXPECT_THAT(refusal(allocate_tcp().even_port()), testing::HasSubstr("error 400"));
  EXPECT_THAT(refusal(allocate_tcp().token(7)), testing::HasSubstr("error 400"));
  EXPECT_EQ(script_.refused(Reason::kNotForTcp), 3u);
}

TEST_F(TcpAllocate, AnotherTransportIs442) {
  // RFC 6062 §5.1: REQUESTED-TRANSPORT other than UDP or TCP is 442.
  EXPECT_THAT(refusal(Ask(Method::kAllocate).transport(132)), testing::HasSubstr("error 442"));
}

TEST_F(TcpAllocate, SwitchedOffIs442) {
  // RFC 6062 §5.1: a server without TCP relays answers as RFC 8656 §7.2 has it, whatever else the request has.
  script_.settings.tcp_relays = false;
  EXPECT_THAT(refusal(allocate_tcp().even_port()), testing::HasSubstr("error 442"));
}

TEST_F(TcpAllocate, AUsedFiveTupleComesFirst) {
  // RFC 8656 §7.2: 437 comes before everything about the transport.
  alice_.allocates();
  alice_.sends(allocate_tcp().even_port().id(2));
  EXPECT_THAT(script_.says(), ElementsAre("198.51.100.7:4000 <- allocate error 437 integrity"));
}

TEST_F(TcpAllocate, BothFamiliesMayBeTcp) {
  // RFC 8656 §7.2: ADDITIONAL-ADDRESS-FAMILY goes with any relayed transport.
  alice_.sends(allocate_tcp().additional(2));
  EXPECT_THAT(script_.says(), ElementsAre("open #0 on 203.0.113.1 tcp", "open #1 on 2001:db8::1 tcp"));
}

TEST_F(TcpAllocate, ARefusedPortIsTriedAgainAsTcp) {
  // RFC 8656 §7.2: another port where the system refuses one.
  alice_.sends(allocate_tcp());
  script_.forget();
  script_.open_failed(0);
  EXPECT_THAT(script_.says(), ElementsAre("open #0 on 203.0.113.1 tcp"));
}

TEST_F(TcpAllocate, SharesThePortsOfUdp) {
  // RFC 8656 §7.2: relayed transport addresses are unique, whatever their transport.
  script_.settings.port_min = script_.settings.port_max = 50000;
  alice_.allocates(allocate_tcp());
  script_.client("198.51.100.8:4000").sends(allocate());
  EXPECT_THAT(script_.says(), ElementsAre("198.51.100.8:4000 <- allocate error 508 integrity"));
}

TEST_F(TcpAllocate, HasNoChannels) {
  // RFC 6062 §3: data has connections of its own, so a ChannelBind is 400 and ChannelData finds no channel.
  alice_.allocates(allocate_tcp());
  alice_.sends(channel_bind().channel(0x4000).peer("192.0.2.9:7000"));
  EXPECT_THAT(script_.says(), ElementsAre("198.51.100.7:4000 <- channel_bind error 400 integrity"));
  alice_.sends(channel_data(0x4000, "hello"));
  EXPECT_THAT(script_.says(), IsEmpty());
  EXPECT_EQ(script_.dropped(Drop::kNoChannel), 1u);
}

TEST_F(TcpAllocate, IgnoresSend) {
  // RFC 6062 §3: Send indications carry nothing to TCP peers.
  alice_.allocates(allocate_tcp());
  alice_.permits("192.0.2.9:7000");
  alice_.sends_unsigned(send().peer("192.0.2.9:7000").data("hello"));
  EXPECT_THAT(script_.says(), IsEmpty());
  EXPECT_EQ(script_.dropped(Drop::kTcpAllocation), 1u);
}

TEST_F(TcpAllocate, TakesNoDatagramFromAnotherRelay) {
  // RFC 6062 §5.3: its relayed address is one for TCP; a datagram sent there finds nobody.
  alice_.allocates(allocate_tcp());
  Client bob = script_.client("198.51.100.8:5000", Transport::kUdp, "bob", "builder");
  bob.allocates();
  bob.permits(script_.relayed(0).to_string());
  alice_.permits(script_.relayed(1).to_string());
  bob.sends_unsigned(send().peer(script_.relayed(0)).data("hello"));
  EXPECT_THAT(script_.says(), IsEmpty());
  EXPECT_EQ(script_.dropped(Drop::kRelayNotLive), 1u);
}

}  // namespace
}  // namespace noom::turn::test
