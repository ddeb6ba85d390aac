// DTLS through real sockets: beside UDP on one port, and on ports of its own. RFC 7350, RFC 7983.
#include <gtest/gtest.h>

#include "tests/unit/turn/shell/service_fixture.h"

namespace noom::turn {
namespace {

constexpr uint16_t kChannel = 0x4001;

class TurnServiceDtls : public testing::Test {
 protected:
  // UDP or DTLS on the first listener, DTLS alone on the second.
  void start(uint32_t shards) {
    TurnServiceOptions options = turn_.options(shards);
    slot_ = std::make_shared<io::TlsContextSlot>(context(turn_.certificate));
    options.listeners = {{"listen.udp_or_dtls", Transport::kUdp, {kLoopback, 0}, true, slot_},
                         {"listen.dtls", Transport::kDtls, {kLoopback, 0}, false, slot_}};
    turn_.start(std::move(options));
  }
  static std::shared_ptr<const io::TlsContext> context(const io::TestCertificate& certificate) {
    const io::TlsOptions files = certificate.options();
    const Wall now = io::read_clocks().wall;
    return *io::TlsContext::make({*io::TlsCertificate::load({files.certificate_file, files.key_file}, now)},
                                 {"stun.turn"}, io::TlsMethod::kDatagram);
  }
  IpEndpoint both() const { return turn_.endpoint(Transport::kUdp); }
  IpEndpoint only() const { return turn_.endpoint(Transport::kDtls); }
  uint64_t dropped(DtlsDrop reason) const {
    return turn_.sum([&](const ShardStatsView& stats) { return stats.shell.dtls.drops[reason].value(); });
  }
  uint64_t sessions() const {
    return turn_.sum([](const ShardStatsView& stats) { return stats.shell.dtls.sessions_live.value(); });
  }
  static void expect_relays(TurnClient& client) {
    UdpSide peer({kLoopback, 0});
    const auto relayed = client.allocate();
    ASSERT_TRUE(relayed);
    ASSERT_TRUE(client.channel_bind(kChannel, peer.local()));
    for (const std::string& text : {std::string("hello"), std::string(1200, 'x'), std::string(9000, 'y')}) {
      client.send_channel(kChannel, text);
      EXPECT_EQ(peer.receive(), text);
      peer.send_to(*relayed, text);
      EXPECT_EQ(client.receive_channel(kChannel), text);
    }
  }

  ServiceFixture turn_;
  std::shared_ptr<io::TlsContextSlot> slot_;
};

TEST_F(TurnServiceDtls, RelaysOnAPortOfItsOwnAndOnOneSharedWithUdp) {
  // RFC 7983 §7: the first byte tells DTLS, 20 to 63, from STUN and ChannelData.
  start(2);
  TurnClient alone(Transport::kDtls, only());
  TurnClient shared(Transport::kDtls, both());
  TurnClient plain(Transport::kUdp, both());
  for (TurnClient* const client : {&alone, &shared, &plain}) {
    expect_relays(*client);
    EXPECT_EQ(client->binding(), client->local());
  }
  EXPECT_EQ(turn_.live_allocations(), 3u);
  const auto live = [&](Transport transport) {
    return turn_.sum(
        [&](const ShardStatsView& stats) { return stats.core.allocations_of(transport, Family::kV4).live.value(); });
  };
  EXPECT_EQ(live(Transport::kDtls), 2u);
  EXPECT_EQ(live(Transport::kUdp), 1u);
}

TEST_F(TurnServiceDtls, CloseNotifyEndsTheAllocationAtOnce) {
  start(2);
  TurnClient alice(Transport::kDtls, only());
  ASSERT_TRUE(alice.allocate());
  EXPECT_EQ(turn_.live_allocations(), 1u);
  alice.say_goodbye();
  EXPECT_TRUE(turn_.wait_for([&] { return turn_.live_allocations() == 0 && sessions() == 0; }));
  EXPECT_EQ(turn_.sum([](const ShardStatsView& stats) { return stats.core.ended[EndReason::kClientClosed].value(); }),
            1u);
}

TEST_F(TurnServiceDtls, ASessionWhoseAllocationIsRevokedIsClosed) {
  start(2);
  TurnClient alice(Transport::kDtls, both());
  ASSERT_TRUE(alice.allocate());
  turn_.service->revoke({std::string(kUser)});
  EXPECT_FALSE(alice.receive_frame());
  EXPECT_TRUE(alice.dtls().closed());
  EXPECT_EQ(sessions(), 0u);
}

TEST_F(TurnServiceDtls, PlainDatagramsAreDroppedWhereOnlyDtlsIsServed) {
  start(1);
  TurnClient plain(Transport::kUdp, only());
  plain.send_raw(TurnClient::binding_request());
  plain.send_raw("");
  plain.send_raw("\xff");
  EXPECT_TRUE(turn_.wait_for([&] { return dropped(DtlsDrop::kNotDtls) == 3; }));
}

TEST_F(TurnServiceDtls, DtlsIsDroppedWhereOnlyUdpIsServed) {
  turn_.start();
  UdpSide client({kLoopback, 0});
  io::DtlsPeer peer;
  peer.connect();
  client.send_to(turn_.endpoint(Transport::kUdp), peer.take_one());
  EXPECT_TRUE(turn_.wait_for([&] {
    return turn_.sum([](const ShardStatsView& stats) { return stats.core.drops[Drop::kNotTurn].value(); }) == 1;
  }));
}

TEST_F(TurnServiceDtls, WithoutACertificateItDoesNotStart) {
  for (const Listener& listener : {Listener{"listen.udp_or_dtls", Transport::kUdp, {kLoopback, 0}, true},
                                   Listener{"listen.dtls", Transport::kDtls, {kLoopback, 0}}}) {
    TurnServiceOptions options = turn_.options(1);
    options.listeners = {listener};
    const auto started = TurnService::start(std::move(options), turn_.log);
    ASSERT_FALSE(started.ok());
    EXPECT_NE(started.status().message().find("no certificate is configured"), std::string_view::npos);
  }
}

TEST_F(TurnServiceDtls, StoppingSaysGoodbye) {
  start(2);
  TurnClient alice(Transport::kDtls, only());
  ASSERT_TRUE(alice.allocate());
  turn_.service->stop();
  EXPECT_FALSE(alice.receive_frame());
  EXPECT_TRUE(alice.dtls().closed());
}

}  // namespace
}  // namespace noom::turn
