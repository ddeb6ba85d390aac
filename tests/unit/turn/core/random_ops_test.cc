// Random operations from a seed: whatever clients, peers and the shell do, the invariants hold, and after the last
// lifetime nothing is left.
#include "tests/unit/turn/core/script.h"

namespace noom::turn::test {
namespace {

class RandomOps : public testing::TestWithParam<uint64_t> {
 protected:
  uint32_t below(uint32_t bound) { return random_.below(bound); }
  Client some_client() {
    const bool is_bob = below(4) == 0;
    return script_.client("198.51.100.7:" + std::to_string(4000 + below(12)), static_cast<Transport>(below(3)),
                          is_bob ? "bob" : "alice", is_bob ? "builder" : "wonderland");
  }
  IpEndpoint some_peer() {
    if (below(3) == 0) return {address("203.0.113.1"), static_cast<uint16_t>(50000 + below(16))};
    if (below(8) == 0) return endpoint("10.0.0.1:99");
    return {IpAddress::v4(192, 0, 2, static_cast<uint8_t>(below(6))), static_cast<uint16_t>(below(3))};
  }
  uint16_t some_channel() { return static_cast<uint16_t>(0x4000 + below(3)); }
  std::string some_payload() { return std::string(below(40), 'x'); }
  std::vector<std::byte> some_garbage() {
    std::vector<std::byte> bytes(below(80));
    random_.fill(bytes);
    if (!bytes.empty() && below(2) == 0) bytes[0] = std::byte{0};
    return bytes;
  }

  Ask some_allocate() {
    if (below(8) == 0 && token_ != 0) return allocate().token(token_);
    if (below(4) == 0) return allocate().even_port(below(2) == 0);
    return below(2) == 0 ? allocate().ticket() : allocate();
  }
  Ask some_refresh() {
    const Ask refreshed = refresh().id(static_cast<uint8_t>(below(3))).lifetime(below(4) * 700);
    return below(2) == 0 && !ticket_.empty() ? Ask(refreshed).ticket(ticket_) : refreshed;
  }

  void step() {
    Client client = some_client();
    switch (below(11)) {
      case 0:
        return client.sends(some_allocate().id(static_cast<uint8_t>(below(3))).lifetime(below(2000)));
      case 1:
        return client.sends(some_refresh());
      case 2:
        return client.sends(create_permission().peer(some_peer()).peer(some_peer()));
      case 3:
        return client.sends(channel_bind().channel(some_channel()).peer(some_peer()));
      case 4:
        return client.sends(send().peer(some_peer()).data(some_payload()));
      case 5:
        return client.sends(channel_data(some_channel(), some_payload()));
      case 6:
        return client.sends(some_garbage());
      case 7:
        return below(8) == 0 ? client.closes() : client.sends_unsigned(binding());
      case 8:
        return script_.handed_over(some_peer(), some_peer(), some_payload());
      case 9: {
        if (relays_.empty()) return;
        const RelayId relay = relays_[below(static_cast<uint32_t>(relays_.size()))];
        std::vector<std::byte>& room = rooms_.emplace_back(kPeerHeadroom + below(40) + kPeerTailroom);
        return script_.server().on_peer(script_.now(), relay, some_peer(), room, {}, script_.output());
      }
      default:
        elapsed_ += seconds(below(12));
        return below(2) == 0 ? script_.when(elapsed_) : script_.jump(elapsed_);
    }
  }
  // As the shell does: by index, since answers append.
  void obey() {
    for (const ToClient& datagram : script_.to_clients())
      if (const auto message = wire::MessageView::parse(datagram.bytes)) {
        token_ = message->u64(Attr::kReservationToken).value_or(token_);
        ticket_ = message->text(Attr::kMobilityTicket).value_or(std::string_view(ticket_));
      }
    for (size_t i = 0; i < script_.commands().size(); ++i) {
      const auto* open = std::get_if<OpenRelay>(&script_.commands()[i]);
      if (open == nullptr) continue;
      const RelayId relay = open->relay;
      relays_.push_back(relay);
      if (below(3) == 0)
        script_.server().on_relay_open_failed(script_.now(), relay, script_.output());
      else
        script_.server().on_relay_opened(script_.now(), relay, script_.output());
    }
  }
  uint64_t live() {
    uint64_t sum = 0;
    for (const Transport transport : kTransports)
      for (const Family family : kFamilies) sum += script_.stats().allocations_of(transport, family).live.value();
    return sum;
  }

  SeededRandom random_{GetParam()};
  Script script_;
  seconds elapsed_{0};
  uint64_t token_ = 0;  // the last one given
  std::string ticket_;  // likewise
  std::vector<RelayId> relays_;
  std::deque<std::vector<std::byte>> rooms_;
};

TEST_P(RandomOps, KeepTheInvariantsAndLeaveNothingBehind) {
  // House rules 6 and 17.
  script_.settings.relay_addresses.pop_back();
  script_.settings.port_min = 50000;
  script_.settings.port_max = 50015;  // fewer ports than five-tuples
  script_.settings.permissions_max = 4;
  script_.settings.channels_max = 3;
  script_.settings.allocations_per_user_max = 12;
  for (int i = 0; i < 6000; ++i) {
    step();
    obey();
    const Stats& stats = script_.stats();
    ASSERT_EQ(stats.received(), stats.forwarded() + stats.consumed.value() + stats.drops.sum());
    ASSERT_EQ(stats.relay_ports_free.value() + stats.relay_ports_reserved.value() + script_.shared->quota.total(), 16u);
    ASSERT_EQ(live(), script_.shared->quota.total());
    ASSERT_LE(stats.permissions_live.value(), live() * 4);
    ASSERT_LE(stats.channels_live.value(), live() * 3);
    ASSERT_EQ(script_.server().next_deadline().has_value(), live() + stats.relay_ports_reserved.value() > 0);
    script_.forget();
    rooms_.clear();
  }
  script_.when(elapsed_ + seconds(3600));
  EXPECT_EQ(script_.stats().relay_ports_free.value(), 16u);
  EXPECT_EQ(script_.shared->quota.total(), 0u);
  EXPECT_EQ(live(), 0u);
  EXPECT_EQ(script_.stats().permissions_live.value(), 0u);
  EXPECT_EQ(script_.stats().channels_live.value(), 0u);
  EXPECT_EQ(script_.server().next_deadline(), std::nullopt);
  const CounterTable<Move>& moves = script_.stats().moves;
  EXPECT_EQ(moves[Move::kBegun].value(), moves[Move::kCompleted].value() + moves[Move::kAbandoned].value());
  EXPECT_GT(moves[Move::kCompleted].value(), 0u);
  EXPECT_GT(script_.stats().relay_to_relay.packets.value(), 0u);
  EXPECT_GT(script_.stats().to_clients.packets.value(), 0u);
}
INSTANTIATE_TEST_SUITE_P(Seeds, RandomOps, testing::Range<uint64_t>(1, 9));

}  // namespace
}  // namespace noom::turn::test
