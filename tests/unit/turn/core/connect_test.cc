// Connect: RFC 6062 §5.2.
#include "tests/unit/turn/core/script.h"

namespace noom::turn::test {
namespace {

constexpr char kPeer[] = "192.0.2.9:7000";
constexpr char kConnecting[] = "connect peer 0 from #0 to 192.0.2.9:7000";

class Connect : public testing::Test {
 protected:
  std::string says_one() {
    const auto said = script_.says();
    EXPECT_EQ(said.size(), 1u) << testing::PrintToString(said);
    return said.empty() ? "" : said.front();
  }
  std::string answer(const std::string& result) { return "198.51.100.7:4000 <- connect " + result + " integrity"; }
  uint64_t openings(PeerOpening result) { return script_.stats().peer_openings[result].value(); }

  Script script_;
  Client alice_ = script_.client("198.51.100.7:4000", Transport::kTcp);
};

TEST_F(Connect, IsAnsweredOnceThePeerHasAccepted) {
  // RFC 6062 §5.2: the server connects from the relayed transport address; success carries CONNECTION-ID.
  alice_.allocates(allocate_tcp());
  alice_.sends(connect(kPeer).id(9));
  EXPECT_THAT(script_.says(), ElementsAre(kConnecting));
  script_.when(seconds(29));
  EXPECT_THAT(script_.says(), IsEmpty());
  script_.connected(0);
  EXPECT_EQ(load_be<uint32_t>(script_.to_clients().back().bytes.data() + 8), 0x09090909u);  // its transaction
  EXPECT_THAT(script_.tells(), ElementsAre("peer out 192.0.2.9:7000 alice"));
  EXPECT_EQ(says_one(), answer("success id"));
  EXPECT_EQ(openings(PeerOpening::kConnected), 1u);
  EXPECT_EQ(script_.stats().peer_connections_unbound.value(), 1u);
}

TEST_F(Connect, NeedsNoPermission) {
  // RFC 6062 §5.2: permissions decide over the connections that peers make; a Connect installs none either.
  alice_.allocates(allocate_tcp());
  alice_.sends(connect(kPeer));
  script_.connected(0);
  EXPECT_EQ(script_.stats().permissions_live.value(), 0u);
  EXPECT_FALSE(script_.accepted(0, "192.0.2.9:7001"));
}

TEST_F(Connect, WithoutAnAllocationIs437) {
  // RFC 6062 §5.2: no allocation on this connection is 437.
  alice_.sends(connect(kPeer));
  EXPECT_EQ(says_one(), answer("error 437"));
}

TEST_F(Connect, OnAnAllocationForUdpIs437) {
  // RFC 6062 §5.2: what Connect needs is a TCP allocation.
  alice_.allocates();
  alice_.sends(connect(kPeer));
  EXPECT_EQ(says_one(), answer("error 437"));
  EXPECT_EQ(script_.refused(Reason::kNoTcpAllocation), 1u);
}

TEST_F(Connect, ByAnotherUserIs441) {
  // RFC 8656 §5: an allocation is managed with the username that made it.
  alice_.allocates(allocate_tcp());
  script_.client("198.51.100.7:4000", Transport::kTcp, "bob", "builder").sends(connect(kPeer));
  EXPECT_EQ(says_one(), answer("error 441"));
}

TEST_F(Connect, WithoutAPeerIs400) {
  // RFC 6062 §5.2: XOR-PEER-ADDRESS missing or invalid is 400.
  alice_.allocates(allocate_tcp());
  alice_.sends(Ask(Method::kConnect));
  EXPECT_EQ(says_one(), answer("error 400"));
  alice_.sends(Ask(Method::kConnect).raw(Attr::kXorPeerAddress, "short"));
  EXPECT_EQ(says_one(), answer("error 400"));
  EXPECT_EQ(script_.refused(Reason::kMissingPeer), 1u);
  EXPECT_EQ(script_.refused(Reason::kMalformedAttribute), 1u);
}

TEST_F(Connect, TwiceToOnePeerIs446) {
  // RFC 6062 §5.2: 446 while a Connect to the same XOR-PEER-ADDRESS is in progress, and while its connection lives.
  alice_.allocates(allocate_tcp());
  alice_.sends(connect(kPeer));
  EXPECT_EQ(says_one(), kConnecting);
  alice_.sends(connect(kPeer));
  EXPECT_EQ(says_one(), answer("error 446"));
  script_.connected(0);
  script_.forget();
  alice_.sends(connect(kPeer));
  EXPECT_EQ(says_one(), answer("error 446"));
  alice_.sends(connect("192.0.2.9:7001"));
  EXPECT_EQ(says_one(), "connect peer 1 from #0 to 192.0.2.9:7001");
}

TEST_F(Connect, ToAPeerThatIsConnectedAlreadyIs446) {
  // RFC 6062 §5.2: a connection that the peer made counts as well.
  alice_.allocates(allocate_tcp());
  alice_.permits(kPeer);
  EXPECT_TRUE(script_.accepted(0, kPeer));
  script_.forget();
  alice_.sends(connect(kPeer));
  EXPECT_EQ(says_one(), answer("error 446"));
}

TEST_F(Connect, AfterItsEndStartsAnew) {
  // RFC 6062 §5.2: 446 is for pending and active connections only.
  alice_.allocates(allocate_tcp());
  alice_.sends(connect(kPeer));
  script_.connect_failed(0);
  EXPECT_THAT(script_.says(), ElementsAre(kConnecting, answer("error 447")));
  alice_.sends(connect(kPeer));
  EXPECT_EQ(says_one(), kConnecting);
}

TEST_F(Connect, ToADeniedPeerIs403) {
  // RFC 6062 §5.2: forbidden by local policy is 403; the 446 of an existing connection comes first.
  alice_.allocates(allocate_tcp());
  alice_.sends(connect("10.0.0.1:7000"));
  EXPECT_EQ(says_one(), answer("error 403"));
  // This host itself, outside the relay ports.
  alice_.sends(connect("203.0.113.1:22"));
  EXPECT_EQ(says_one(), answer("error 403"));
}

TEST_F(Connect, ToTheOtherFamilyIs443) {
  // RFC 8656 §19: a peer of a family that the relayed address is not of is 443.
  alice_.allocates(allocate_tcp());
  alice_.sends(connect("[2600::9]:7000"));
  EXPECT_EQ(says_one(), answer("error 443"));
}

TEST_F(Connect, BeyondTheLimitIs508) {
  // RFC 8656 §19: what a client can grow is bounded, and told with 508.
  script_.settings.peer_connections_max = 2;
  alice_.allocates(allocate_tcp());
  alice_.sends(connect("192.0.2.9:1"));
  alice_.sends(connect("192.0.2.9:2"));
  script_.forget();
  alice_.sends(connect("192.0.2.9:3"));
  EXPECT_EQ(says_one(), answer("error 508"));
  script_.connect_failed(1);
  script_.forget();
  alice_.sends(connect("192.0.2.9:3"));
  EXPECT_EQ(says_one(), "connect peer 1 from #0 to 192.0.2.9:3");
}

TEST_F(Connect, ThatFailsIs447) {
  // RFC 6062 §5.2: a connection attempt that fails is 447.
  alice_.allocates(allocate_tcp());
  alice_.sends(connect(kPeer));
  script_.forget();
  script_.connect_failed(0);
  EXPECT_THAT(script_.tells(), ElementsAre("refused alice connect connect_failed peer=192.0.2.9:7000"));
  EXPECT_EQ(says_one(), answer("error 447"));
  EXPECT_EQ(openings(PeerOpening::kConnectFailed), 1u);
  script_.connected(0);  // too late: it is known no more
  EXPECT_THAT(script_.says(), IsEmpty());
}

TEST_F(Connect, ThatTakesTooLongIs447) {
  // RFC 6062 §5.2: time-out is 447, not before 30 seconds.
  alice_.allocates(allocate_tcp());
  alice_.sends(connect(kPeer));
  script_.forget();
  script_.when(seconds(29));
  EXPECT_THAT(script_.says(), IsEmpty());
  script_.when(seconds(30));
  EXPECT_THAT(script_.says(), ElementsAre("close peer 0", answer("error 447")));
  EXPECT_EQ(openings(PeerOpening::kConnectTimeout), 1u);
}

TEST_F(Connect, IsAnsweredWhenItsAllocationIsDeleted) {
  // RFC 6062 §5.5: connections end with the allocation; a request without an answer still gets one.
  alice_.allocates(allocate_tcp());
  alice_.sends(connect(kPeer));
  script_.forget();
  alice_.sends(refresh().lifetime(0));
  EXPECT_THAT(script_.says(), ElementsAre("close peer 0", "close #0", answer("error 447"),
                                          "198.51.100.7:4000 <- refresh success lifetime=0 integrity"));
  EXPECT_EQ(openings(PeerOpening::kConnectEnded), 1u);
  EXPECT_FALSE(script_.server().next_deadline());
}

TEST_F(Connect, OfAClientThatLeavesIsAbandoned) {
  // RFC 6062 §5.5: the control connection's end is the allocation's; there is nobody to answer.
  alice_.allocates(allocate_tcp());
  alice_.sends(connect(kPeer));
  script_.forget();
  alice_.closes();
  EXPECT_THAT(script_.says(), ElementsAre("close peer 0", "close #0"));
}

TEST_F(Connect, IsStoppedByAPolicyThatChanges) {
  // RFC 6062 §5.2: forbidden by local policy is 403, also when the policy comes later than the request.
  alice_.allocates(allocate_tcp());
  alice_.sends(connect(kPeer));
  script_.forget();
  Settings changed = script_.settings;
  changed.peer_policy = std::make_shared<const auth::PeerPolicy>(
      std::vector<auth::IpPrefix>{}, std::vector{auth::IpPrefix::parse("192.0.2.0/24").value()},
      std::vector{address("203.0.113.1")});
  script_.server().on_settings(script_.now(), std::make_shared<const Settings>(changed), script_.output());
  EXPECT_THAT(script_.says(), ElementsAre("close peer 0", answer("error 403")));
}

// Peers that are relays of this suite.
class ConnectToRelay : public Connect {
 protected:
  void begin() {
    alice_.allocates(allocate_tcp());
    bob_->allocates(allocate_tcp());
  }
  std::optional<Client> bob_ = script_.client("198.51.100.8:5000", Transport::kTls, "bob", "builder");
};

TEST_F(ConnectToRelay, GoesWhereTheRelayListens) {
  // RFC 6062 §5.2: another client's relayed address is a peer like any other, although it is this host's own.
  begin();
  alice_.sends(connect(script_.relayed(1).to_string()));
  EXPECT_EQ(says_one(), "connect peer 0 from #0 to 203.0.113.1:#1");
  bob_->permits(script_.relayed(0).to_string());
  EXPECT_TRUE(script_.accepted(1, script_.relayed(0).to_string()));
  EXPECT_EQ(says_one(), "198.51.100.8:5000 <- connection_attempt from 203.0.113.1:#0 id");
}

TEST_F(ConnectToRelay, BehindNatUsesTheLocalAddressAndNamesTheExternalOne) {
  // RFC 6062 §5.2, §5.3: clients know relays by their external addresses only.
  script_.settings.relay_addresses = {{address("10.1.1.1"), address("203.0.113.1")}};
  begin();
  alice_.sends(connect(script_.relayed(1).to_string()));
  const auto& command = std::get<ConnectPeer>(script_.commands().back());
  EXPECT_EQ(command.peer, (IpEndpoint{address("10.1.1.1"), script_.relayed(1).port}));
  script_.forget();
  bob_->permits(script_.relayed(0).to_string());
  EXPECT_TRUE(script_.accepted(1, IpEndpoint{address("10.1.1.1"), script_.relayed(0).port}.to_string()));
  EXPECT_EQ(says_one(), "198.51.100.8:5000 <- connection_attempt from 203.0.113.1:#0 id");
}

TEST_F(ConnectToRelay, WithoutATcpRelayThereIs447) {
  // RFC 6062 §5.2: nothing of this host but relays is reached over its relay ports.
  begin();
  bob_->sends(refresh().lifetime(0));
  script_.forget();
  alice_.sends(connect(script_.relayed(1).to_string()));
  EXPECT_EQ(says_one(), answer("error 447"));
  bob_->allocates(allocate().id(3));
  alice_.sends(connect(script_.relayed(1).to_string()));
  EXPECT_EQ(says_one(), answer("error 447"));
}

TEST_F(ConnectToRelay, ToItselfIs447) {
  // RFC 6062 §5.2: the kernel would connect such a socket with itself.
  begin();
  alice_.sends(connect(script_.relayed(0).to_string()));
  EXPECT_EQ(says_one(), answer("error 447"));
}

TEST_F(ConnectToRelay, OfAnotherShardIsLookedUpThere) {
  // RFC 6062 §5.2: the shard that owns the port knows whether a TCP relay listens.
  script_.settings.shard_count = 2;
  alice_.allocates(allocate_tcp());
  const auto there = static_cast<uint16_t>(script_.relayed(0).port ^ 2);
  const std::string peer = "203.0.113.1:" + std::to_string(there);
  alice_.sends(connect(peer));
  EXPECT_EQ(says_one(), "tell shard 1: looks for the TCP relay " + peer + " for peer 0");
  script_.told(TcpRelayAnswer{script_.connection_id(0), RelayPort{0, there}});
  EXPECT_EQ(says_one(), "connect peer 0 from #0 to " + peer);
  script_.connect_failed(0);
  script_.forget();
  alice_.sends(connect(peer));
  script_.forget();
  script_.told(TcpRelayAnswer{script_.connection_id(0), {}});
  EXPECT_EQ(says_one(), answer("error 447"));
  script_.told(TcpRelayAnswer{script_.connection_id(0), RelayPort{0, there}});  // of a connection known no more
  EXPECT_THAT(script_.says(), IsEmpty());
}

TEST_F(ConnectToRelay, IsFoundForAnotherShard) {
  // RFC 6062 §5.2: the other side of that.
  script_.settings.shard_count = 2;
  alice_.allocates(allocate_tcp());
  script_.told(FindTcpRelay{script_.relayed(0), 1, PeerConnectionId{5, 0}});
  EXPECT_EQ(says_one(), "tell shard 1: has a TCP relay for peer 5");
  script_.told(FindTcpRelay{{address("203.0.113.1"), 49152}, 1, PeerConnectionId{5, 0}});
  EXPECT_EQ(says_one(), "tell shard 1: has no TCP relay for peer 5");
}

}  // namespace
}  // namespace noom::turn::test
