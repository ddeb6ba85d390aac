// Clients that move to where another shard hears them, over real sockets. RFC 8016 §3.2.2.
#include "tests/unit/turn/shell/service_fixture.h"

namespace noom::turn {
namespace {

constexpr uint16_t kChannel = 0x4001;

class TurnServiceMobility : public testing::Test, protected ServiceFixture {
 protected:
  // Every transport on a port of its own.
  void start_all(uint32_t shards) {
    TurnServiceOptions with = options(shards);
    const io::TlsOptions files = certificate.options();
    const auto shown = *io::TlsCertificate::load({files.certificate_file, files.key_file}, io::read_clocks().wall);
    auto slot =
        std::make_shared<io::TlsContextSlot>(*io::TlsContext::make({shown}, {"stun.turn"}, io::TlsMethod::kDatagram));
    with.listeners.push_back({"listen.dtls", Transport::kDtls, {kLoopback, 0}, false, std::move(slot)});
    start(std::move(with));
  }
  // A client with an allocation, a ticket and a channel to the peer.
  std::unique_ptr<TurnClient> begin(Transport transport) {
    auto client = std::make_unique<TurnClient>(transport, endpoint(transport));
    const auto relayed = client->allocate_mobile(ticket_);
    EXPECT_TRUE(relayed) << client->error();
    relayed_ = relayed.value_or(IpEndpoint{});
    EXPECT_TRUE(client->channel_bind(kChannel, peer_.local()));
    return client;
  }
  std::unique_ptr<TurnClient> move_to(Transport transport) {
    auto client = std::make_unique<TurnClient>(transport, endpoint(transport));
    const auto next = client->move_here(ticket_);
    EXPECT_TRUE(next) << client->error();
    ticket_ = next.value_or("");
    return client;
  }
  void expect_up(TurnClient& client, std::string_view payload) {
    client.send_channel(kChannel, payload);
    IpEndpoint from;
    EXPECT_EQ(peer_.receive(&from), payload);
    EXPECT_EQ(from, relayed_);
  }
  void expect_down(TurnClient& client, std::string_view payload) {
    peer_.send_to(relayed_, payload);
    EXPECT_EQ(client.receive_channel(kChannel), payload);
  }
  uint64_t forwarded_clients() const {
    return sum([](const ShardStatsView& stats) { return stats.core.clients_forwarded.value(); });
  }
  uint64_t moves(Move stage) const {
    return sum([=](const ShardStatsView& stats) { return stats.core.moves[stage].value(); });
  }

  UdpSide peer_{{kLoopback, 0}};
  std::string ticket_;
  IpEndpoint relayed_;
};

TEST_F(TurnServiceMobility, DataFlowsOnEveryTransportWhicheverShardHearsIt) {
  // RFC 8016 §3.2.2: the old five-tuple serves until data comes on the new one; then the new one does.
  start_all(4);
  std::unique_ptr<TurnClient> old = begin(Transport::kUdp);
  uint64_t handed_over = 0;
  for (int round = 0; round < 4; ++round) {
    for (const Transport transport : kTransports) {
      auto next = move_to(transport);
      expect_up(*old, "up, before");
      expect_down(*old, "down, before");
      expect_up(*next, "up");
      expect_down(*next, "down");
      EXPECT_TRUE(next->refresh(600));
      handed_over += forwarded_clients();
      old = std::move(next);
    }
  }
  EXPECT_GT(handed_over, 0u) << "sixteen five-tuples, all heard by one shard of four";
  EXPECT_EQ(moves(Move::kCompleted), 16u);
  EXPECT_TRUE(old->refresh(0));
  EXPECT_TRUE(wait_for([&] { return forwarded_clients() == 0; }));
  EXPECT_EQ(live_allocations(), 0u);
}

TEST_F(TurnServiceMobility, AnAllocationWaitsForAClosedConnectionsClient) {
  // RFC 8016 §3.2.2: by its ticket the client comes back from another connection, on whichever shard.
  start(4);
  std::unique_ptr<TurnClient> client = begin(Transport::kTcp);
  for (int round = 0; round < 6; ++round) {
    client.reset();
    client = move_to(round % 2 == 0 ? Transport::kTls : Transport::kTcp);
    expect_up(*client, "up");
    expect_down(*client, "down");
  }
  EXPECT_EQ(live_allocations(), 1u);
}

TEST_F(TurnServiceMobility, TheConnectionLeftBehindIsClosed) {
  // RFC 8016 §3.2.2: the old five-tuple is discarded once data comes on the new one.
  start(4);
  for (int round = 0; round < 4; ++round) {
    auto first = begin(Transport::kTcp);
    auto second = move_to(Transport::kTcp);
    expect_up(*second, "here");
    EXPECT_FALSE(first->receive_frame());
    auto third = move_to(Transport::kUdp);
    expect_up(*third, "there");
    EXPECT_FALSE(second->receive_frame());
    EXPECT_TRUE(third->refresh(0));
  }
}

}  // namespace
}  // namespace noom::turn
