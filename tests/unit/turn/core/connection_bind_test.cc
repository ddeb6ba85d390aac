// Connections that peers make, ConnectionBind, and how connections end: RFC 6062 §5.3-§5.5.
#include "tests/unit/turn/core/script.h"

namespace noom::turn::test {
namespace {

constexpr char kPeer[] = "192.0.2.9:7000";

class TcpData : public testing::Test {
 protected:
  void begin() {
    alice_.allocates(allocate_tcp());
    alice_.permits(kPeer);
  }
  // A connection from the peer, waiting for its ConnectionBind.
  void offered() {
    begin();
    ASSERT_TRUE(script_.accepted(0, kPeer));
    script_.forget();
  }
  void bound() {
    offered();
    data_.sends(connection_bind(script_.number()));
    script_.forget();
  }
  uint64_t openings(PeerOpening result) { return script_.stats().peer_openings[result].value(); }
  uint64_t ends(PeerEnd reason) { return script_.stats().peer_ends[reason].value(); }
  uint64_t live() {
    return script_.stats().peer_connections_unbound.value() + script_.stats().peer_connections_bound.value();
  }
  std::string answer(const std::string& result) {
    return "198.51.100.7:4001 <- connection_bind " + result + " integrity";
  }

  Script script_;
  Client alice_ = script_.client("198.51.100.7:4000", Transport::kTcp);
  Client data_ = script_.client("198.51.100.7:4001", Transport::kTcp);
};

TEST_F(TcpData, APeerWithAPermissionIsAnnounced) {
  // RFC 6062 §5.3: ConnectionAttempt with XOR-PEER-ADDRESS and CONNECTION-ID over the control connection.
  begin();
  EXPECT_TRUE(script_.accepted(0, kPeer));
  EXPECT_THAT(script_.tells(), ElementsAre("peer in 192.0.2.9:7000 alice"));
  EXPECT_THAT(script_.says(), ElementsAre("198.51.100.7:4000 <- connection_attempt from 192.0.2.9:7000 id"));
  EXPECT_EQ(openings(PeerOpening::kAccepted), 1u);
}

TEST_F(TcpData, APeerWithoutAPermissionIsClosed) {
  // RFC 6062 §5.3: without a permission the connection is closed at once, and nothing is said.
  begin();
  EXPECT_FALSE(script_.accepted(0, "192.0.2.10:7000"));
  script_.when(seconds(300));  // of the permission
  script_.forget();
  EXPECT_FALSE(script_.accepted(0, kPeer));
  EXPECT_THAT(script_.says(), IsEmpty());
  EXPECT_EQ(openings(PeerOpening::kNoPermission), 2u);
}

TEST_F(TcpData, PeersBeyondTheLimitAreClosed) {
  // RFC 6062 §5.3: the server is not obliged to accept; what peers can grow is bounded.
  script_.settings.peer_connections_max = 1;
  begin();
  EXPECT_TRUE(script_.accepted(0, kPeer));
  EXPECT_FALSE(script_.accepted(0, "192.0.2.9:7001"));
  EXPECT_EQ(openings(PeerOpening::kConnectionLimit), 1u);
}

TEST_F(TcpData, APeerOfARelayThatHasEndedIsClosed) {
  // RFC 6062 §5.5: nothing is accepted for an allocation that is over.
  begin();
  script_.jump(seconds(600));
  EXPECT_FALSE(script_.accepted(0, kPeer));
  script_.when(seconds(600));
  EXPECT_FALSE(script_.accepted(0, kPeer));
  EXPECT_EQ(openings(PeerOpening::kRelayNotLive), 2u);
}

TEST_F(TcpData, BindJoinsTheTwoConnections) {
  // RFC 6062 §5.4: the connection of the ConnectionBind becomes the client data connection, after its success.
  offered();
  data_.sends(connection_bind(script_.number()));
  EXPECT_THAT(script_.says(), ElementsAre("bind peer 0 to 198.51.100.7:4001", answer("success")));
  EXPECT_EQ(script_.stats().peer_connections_bound.value(), 1u);
  script_.server().on_stream_relayed(script_.now(), script_.connection_id(0), Towards::kPeer, 10);
  script_.server().on_stream_relayed(script_.now(), script_.connection_id(0), Towards::kClient, 3);
  script_.when(seconds(31));  // no deadline any more
  EXPECT_THAT(script_.says(), IsEmpty());
  script_.peer_closed(0);
  EXPECT_THAT(script_.tells(), ElementsAre("peer ended 192.0.2.9:7000 alice closed after 31 s, up 10, down 3"));
  EXPECT_THAT(script_.says(), IsEmpty());
  EXPECT_EQ(script_.stats().stream_bytes_to_peers.value(), 10u);
  EXPECT_EQ(script_.stats().stream_bytes_to_clients.value(), 3u);
  EXPECT_EQ(live(), 0u);
}

TEST_F(TcpData, AStreamBeyondItsBitRateIsToWait) {
  // Nothing of a stream is dropped: ten seconds' worth of bits less what may go at once is what it has to wait.
  script_.settings.allocation_rates.bits_per_second = 80'000;
  script_.settings.rate_burst.data = seconds(1);
  offered();
  data_.sends(connection_bind(script_.number()));
  const auto relayed = [&](Towards towards, size_t bytes) {
    return script_.server().on_stream_relayed(script_.now(), script_.connection_id(0), towards, bytes);
  };
  EXPECT_EQ(relayed(Towards::kPeer, 10'000), Duration::zero());
  const Duration wait = relayed(Towards::kPeer, 90'000);
  EXPECT_GT(wait, std::chrono::milliseconds(8'900));
  EXPECT_LE(wait, seconds(9));
  EXPECT_EQ(relayed(Towards::kClient, 10'000), Duration::zero()) << "each direction by itself";
}

TEST_F(TcpData, BindOfAConnectIsTheSame) {
  // RFC 6062 §5.4: whichever side made the connection.
  alice_.allocates(allocate_tcp());
  alice_.sends(connect(kPeer));
  script_.connected(0);
  script_.forget();
  data_.sends(connection_bind(script_.number()));
  EXPECT_THAT(script_.says(), ElementsAre("bind peer 0 to 198.51.100.7:4001", answer("success")));
}

TEST_F(TcpData, BindWithoutCredentialsIsChallenged) {
  // RFC 6062 §4.3: a ConnectionBind is authenticated like the control connection's requests.
  offered();
  data_.sends_unsigned(connection_bind(script_.number()));
  EXPECT_THAT(script_.says(), ElementsAre(StartsWith("198.51.100.7:4001 <- connection_bind error 401")));
}

TEST_F(TcpData, BindByAnotherUserIs441) {
  // RFC 6062 §4.3: with the credentials of the control connection, else 441; the connection goes on waiting.
  offered();
  script_.client("198.51.100.7:4001", Transport::kTcp, "bob", "builder").sends(connection_bind(script_.number()));
  EXPECT_THAT(script_.says(), ElementsAre(answer("error 441")));
  data_.sends(connection_bind(script_.number()));
  EXPECT_THAT(script_.says(), ElementsAre("bind peer 0 to 198.51.100.7:4001", answer("success")));
}

TEST_F(TcpData, BindOverDatagramsIs400) {
  // RFC 6062 §5.4: a transport other than TCP or TLS is 400.
  offered();
  script_.client("198.51.100.7:4001").sends(connection_bind(script_.number()));
  EXPECT_THAT(script_.says(), ElementsAre(answer("error 400")));
  EXPECT_EQ(script_.refused(Reason::kTcpOverDatagrams), 1u);
}

TEST_F(TcpData, BindOnAControlConnectionIs400) {
  // RFC 6062 §4.3: data needs a new connection.
  offered();
  alice_.sends(connection_bind(script_.number()));
  EXPECT_THAT(script_.says(), ElementsAre("198.51.100.7:4000 <- connection_bind error 400 integrity"));
  EXPECT_EQ(script_.refused(Reason::kBindOnControl), 1u);
}

TEST_F(TcpData, BindWithoutAConnectionIdIs400) {
  // RFC 6062 §5.4: CONNECTION-ID missing or malformed is 400.
  offered();
  data_.sends(Ask(Method::kConnectionBind));
  EXPECT_THAT(script_.says(), ElementsAre(answer("error 400")));
  data_.sends(Ask(Method::kConnectionBind).raw(Attr::kConnectionId, "abc"));
  EXPECT_THAT(script_.says(), ElementsAre(answer("error 400")));
  EXPECT_EQ(script_.refused(Reason::kMissingConnectionId), 1u);
}

TEST_F(TcpData, BindOfAnUnknownConnectionIs400) {
  // RFC 6062 §5.4: a CONNECTION-ID that does not refer to a pending connection is 400; so is one bound already.
  bound();
  data_.closes();
  Client again = script_.client("198.51.100.7:4001", Transport::kTcp);
  again.sends(connection_bind(script_.number()));
  EXPECT_THAT(script_.says(), ElementsAre(answer("error 400")));
  again.sends(connection_bind(script_.number() ^ 1));
  EXPECT_THAT(script_.says(), ElementsAre(answer("error 400")));
  again.sends(connection_bind(0xff000001));  // no such shard
  EXPECT_THAT(script_.says(), ElementsAre(answer("error 400")));
  EXPECT_EQ(script_.refused(Reason::kUnknownConnection), 3u);
}

TEST_F(TcpData, BindOnAnotherShardTakesTheStreamThere) {
  // RFC 6062 §5.4: the CONNECTION-ID names the shard; who has proved nothing is not moved.
  script_.settings.shard_count = 2;
  data_.sends_unsigned(connection_bind(1u << 24));
  EXPECT_THAT(script_.says(), ElementsAre(StartsWith("198.51.100.7:4001 <- connection_bind error 401")));
  data_.sends(connection_bind(1u << 24));
  EXPECT_THAT(script_.says(), ElementsAre("move 198.51.100.7:4001 to shard 1 with connection_bind"));
}

TEST_F(TcpData, TheConnectionIdNamesItsShard) {
  // RFC 6062 §6.2.1: it identifies the peer data connection uniquely, over all shards.
  script_.settings.shard_count = 2;
  script_.shard = 1;
  offered();
  EXPECT_EQ(script_.number() >> 24, 1u);
}

TEST_F(TcpData, AnUnboundConnectionIsClosedAfter30Seconds) {
  // RFC 6062 §5.3: no ConnectionBind within 30 seconds closes the peer data connection.
  offered();
  script_.when(seconds(29));
  EXPECT_THAT(script_.says(), IsEmpty());
  script_.when(seconds(30));
  EXPECT_THAT(script_.says(), ElementsAre("close peer 0"));
  EXPECT_EQ(ends(PeerEnd::kUnbound), 1u);
  data_.sends(connection_bind(script_.number()));
  EXPECT_THAT(script_.says(), ElementsAre(answer("error 400")));
}

TEST_F(TcpData, ALateBindFindsNothingEvenBeforeTheTimer) {
  // RFC 6062 §5.3: what is over is not found by a request that precedes the shell's timer.
  offered();
  script_.jump(seconds(30));
  data_.sends(connection_bind(script_.number()));
  EXPECT_THAT(script_.says(), ElementsAre("close peer 0", answer("error 400")));
}

TEST_F(TcpData, AnEndedPermissionLeavesWhatIsConnected) {
  // RFC 6062 §5.3: the permission is asked for when the connection is accepted.
  bound();
  script_.when(seconds(301));
  EXPECT_EQ(script_.stats().permissions_live.value(), 0u);
  EXPECT_EQ(live(), 1u);
}

TEST_F(TcpData, RefreshToZeroClosesEverything) {
  // RFC 6062 §5.5: when the allocation ends, its data connections do.
  bound();
  EXPECT_TRUE(script_.accepted(0, "192.0.2.9:7001"));
  script_.forget();
  alice_.sends(refresh().lifetime(0));
  EXPECT_THAT(script_.says(), ElementsAre("close peer 0", "close peer 1", "close #0",
                                          "198.51.100.7:4000 <- refresh success lifetime=0 integrity"));
  EXPECT_EQ(ends(PeerEnd::kAllocationEnded), 2u);
  EXPECT_EQ(live(), 0u);
  EXPECT_FALSE(script_.server().next_deadline());
}

TEST_F(TcpData, ExpiryClosesEverything) {
  // RFC 6062 §5.5: likewise when the allocation expires.
  bound();
  script_.when(seconds(600));
  EXPECT_THAT(script_.says(), ElementsAre("close peer 0", "close #0", "close 198.51.100.7:4000"));
}

TEST_F(TcpData, TheControlConnectionsEndClosesEverything) {
  // RFC 6062 §5.5: the allocation does not outlive its control connection.
  bound();
  alice_.closes();
  EXPECT_THAT(script_.says(), ElementsAre("close peer 0", "close #0"));
}

TEST_F(TcpData, RevocationClosesEverything) {
  // RFC 6062 §5.5: likewise when the operator ends the user.
  bound();
  EXPECT_EQ(script_.server().on_revoke(script_.now(), {"alice"}, script_.output()), 1u);
  EXPECT_THAT(script_.says(), ElementsAre("close peer 0", "close #0", "close 198.51.100.7:4000"));
}

TEST_F(TcpData, OneFamilysEndClosesItsConnectionsOnly) {
  // RFC 8656 §8.2: Refresh with LIFETIME 0 and an address family ends that relayed address alone.
  alice_.sends(allocate_tcp().additional(2));
  script_.opened(0);
  script_.opened(1);
  alice_.sends(create_permission().peer(kPeer).peer("[2600::9]:1"));
  EXPECT_TRUE(script_.accepted(0, kPeer));
  EXPECT_TRUE(script_.accepted(1, "[2600::9]:7000"));
  script_.forget();
  alice_.sends(refresh().lifetime(0).family(2));
  EXPECT_THAT(script_.says(),
              ElementsAre("close peer 1", "close #1", "198.51.100.7:4000 <- refresh success lifetime=0 integrity"));
  EXPECT_EQ(live(), 1u);
}

TEST_F(TcpData, APeerThatIsDeniedFromNowOnIsClosed) {
  // RFC 6062 §5.2: local policy forbids connections; one that changes ends those it forbids.
  bound();
  Settings changed = script_.settings;
  changed.peer_policy = std::make_shared<const auth::PeerPolicy>(
      std::vector<auth::IpPrefix>{}, std::vector{auth::IpPrefix::parse("192.0.2.0/24").value()},
      std::vector{address("203.0.113.1")});
  script_.server().on_settings(script_.now(), std::make_shared<const Settings>(changed), script_.output());
  EXPECT_THAT(script_.says(), ElementsAre("close peer 0"));
  EXPECT_EQ(ends(PeerEnd::kPeerDenied), 1u);
}

}  // namespace
}  // namespace noom::turn::test
