// Seeded: nodes send each other numbered messages over a bus that loses, doubles, delays and cuts off, while they are
// killed, restarted, drained and paused. Every message arrives once and in order, or both sides are told of a reset;
// and once the bus is whole again everyone agrees on who is there and who has which room.
#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_split.h>

#include <memory>

#include "signal/core/cluster/cluster.h"
#include "tests/unit/signal/core/cluster/memory_bus.h"

namespace noom::signal {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr size_t kNodes = 5;

// What is sent: "<incarnation>/<segment>/<number>", where a segment lies between two resets at the sender.
struct Outgoing {
  uint64_t segment = 0;
  uint64_t sent = 0;
};
struct Incoming {
  uint64_t incarnation = 0;
  uint64_t segment = 0;
  uint64_t received = 0;
  bool reset = true;  // nothing received since
};

class Peer final : public MemoryBus::Node {
 public:
  Peer(MemoryBus& bus, const NodeId& name, uint64_t incarnation, const ClusterSettings& settings)
      : bus_(bus), incarnation_(incarnation), cluster_({name, incarnation}, settings) {
    bus.attach(name, *this);
    act([&](Now now) { cluster_.on_bus(now, output_); });
  }
  ~Peer() override { bus_.detach(*this); }

  void on_frame(Now, std::string_view bytes) override {
    act([&](Now now) { cluster_.on_frame(now, bytes, output_); });
  }
  void on_tick(Now) override {
    act([&](Now now) { cluster_.on_tick(now, output_); });
  }
  std::optional<Mono> next_deadline() const override { return cluster_.next_deadline(); }

  void send(const NodeId& to, size_t padding) {
    Outgoing& out = outgoing_[to];
    // Before the send: a reset in it concerns this message too.
    const std::string text =
        absl::StrCat(incarnation_, "/", out.segment, "/", ++out.sent, "/", std::string(padding, 'x'));
    act([&](Now now) { cluster_.send(now, to, text, output_); });
  }
  void drain(bool draining) {
    act([&](Now now) { cluster_.set_draining(now, draining, output_); });
  }
  const Cluster& cluster() const { return cluster_; }
  uint64_t incarnation() const { return incarnation_; }
  const Outgoing& outgoing(const NodeId& to) { return outgoing_[to]; }
  const Incoming& incoming(const NodeId& from) { return incoming_[from]; }

 private:
  template <typename Act>
  void act(Act&& action) {
    action(bus_.now());
    for (const ClusterEvent& event : output_.events) {
      if (event.kind == ClusterEvent::Kind::kMessage) {
        receive(event);
      } else if (event.kind == ClusterEvent::Kind::kReset) {
        incoming_[event.node].reset = true;
        Outgoing& out = outgoing_[event.node];
        out = {out.segment + 1, 0};
      }
    }
    bus_.publish(*this, output_.frames);
    output_.clear();
  }

  void receive(const ClusterEvent& event) {
    const std::vector<std::string> parts = absl::StrSplit(event.payload, '/');
    uint64_t incarnation = 0, segment = 0, number = 0;
    ASSERT_TRUE(absl::SimpleAtoi(parts[0], &incarnation) && absl::SimpleAtoi(parts[1], &segment) &&
                absl::SimpleAtoi(parts[2], &number));
    EXPECT_EQ(incarnation, event.incarnation);
    Incoming& in = incoming_[event.node];
    if (in.reset) {
      EXPECT_EQ(number, 1u) << "a segment begins with its first message";
      EXPECT_TRUE(std::tie(incarnation, segment) > std::tie(in.incarnation, in.segment) || in.received == 0);
      in = {incarnation, segment, 1, false};
      return;
    }
    EXPECT_EQ(std::tie(incarnation, segment), std::tie(in.incarnation, in.segment)) << "a new segment without a reset";
    EXPECT_EQ(number, ++in.received) << "lost, doubled or out of order";
  }

  MemoryBus& bus_;
  uint64_t incarnation_;
  Cluster cluster_;
  ClusterOutput output_;
  std::map<NodeId, Outgoing> outgoing_;
  std::map<NodeId, Incoming> incoming_;
};

class ClusterSimulation : public testing::TestWithParam<uint64_t> {
 protected:
  static ClusterSettings settings(uint64_t seed) {
    ClusterSettings settings;
    if (seed % 3 == 0) {  // easily overrun
      settings.links.ring_bytes_max = 4000;
      settings.links.window_bytes = 1500;
    }
    settings.links.piece_bytes_max = 300;
    return settings;
  }
  static NodeId name(size_t index) { return absl::StrCat("node-", index); }

  uint32_t dice(uint32_t below) { return dice_.below(below); }
  void start(size_t index) {
    peers_[index] = std::make_unique<Peer>(bus_, name(index), ++incarnation_, settings(GetParam()));
  }
  void step() {
    const uint32_t what = dice(1000);
    const size_t index = dice(kNodes);
    if (what < 3) {
      peers_[index].reset();
    } else if (what < 12) {
      if (peers_[index] == nullptr) start(index);
    } else if (what < 16) {
      bus_.cut(name(index), name(dice(kNodes)));
    } else if (what < 18) {
      bus_.cut_one_way(name(index), name(dice(kNodes)));
    } else if (what < 20) {
      bus_.isolate(name(index));
    } else if (what < 32) {
      bus_.heal();
    } else if (what < 36) {
      if (peers_[index] != nullptr) peers_[index]->drain(dice(2) == 0);
    } else if (peers_[index] != nullptr) {
      const size_t to = (index + 1 + dice(kNodes - 1)) % kNodes;
      for (uint32_t i = 0; i <= dice(5); ++i) peers_[index]->send(name(to), dice(10) == 0 ? 700 : dice(50));
    }
    bus_.run_for(milliseconds(dice(dice(50) == 0 ? 3000 : 40)));
  }
  void check_all_arrived() {
    for (size_t i = 0; i < kNodes; ++i) {
      for (size_t j = 0; j < kNodes; ++j) {
        if (i == j) continue;
        const Outgoing& out = peers_[i]->outgoing(name(j));
        if (out.sent == 0) continue;
        const Incoming& in = peers_[j]->incoming(name(i));
        EXPECT_EQ(in.incarnation, peers_[i]->incarnation());
        EXPECT_EQ(in.segment, out.segment);
        EXPECT_EQ(in.received, out.sent) << name(i) << " to " << name(j);
        EXPECT_EQ(peers_[i]->cluster().links().waiting_bytes(name(j)), 0u);
      }
    }
  }
  void check_agreement() {
    for (const auto& peer : peers_) {
      const auto view = peer->cluster().membership().view();
      ASSERT_EQ(view.size(), kNodes);
      for (size_t i = 0; i < kNodes; ++i) EXPECT_EQ(view[i].address, (NodeAddress{name(i), peers_[i]->incarnation()}));
      for (int room = 0; room < 50; ++room)
        EXPECT_EQ(peer->cluster().membership().owner_of(std::to_string(room)),
                  peers_[0]->cluster().membership().owner_of(std::to_string(room)));
    }
  }

  SeededRandom dice_{GetParam()};
  MemoryBus bus_{GetParam(),
                 {.loss_permille = static_cast<uint32_t>(GetParam() % 4) * 60,
                  .doubled_permille = static_cast<uint32_t>(GetParam() % 5) * 40,
                  .delay_max = milliseconds(GetParam() % 2 == 0 ? 1 : 80)}};
  uint64_t incarnation_ = 100;
  std::array<std::unique_ptr<Peer>, kNodes> peers_;
};

TEST_P(ClusterSimulation, EverythingArrivesOnceAndInOrderOrBothSidesAreReset) {
  for (size_t i = 0; i < kNodes; ++i) start(i);
  for (int i = 0; i < 1500 && !HasFailure(); ++i) step();
  bus_.heal();
  bus_.set_faults({});
  for (size_t i = 0; i < kNodes; ++i)
    if (peers_[i] == nullptr) start(i);
  bus_.run_for(seconds(20));
  // Sent in a whole cluster: nothing may be reset any more.
  for (size_t i = 0; i < kNodes; ++i)
    for (size_t j = 0; j < kNodes; ++j)
      if (i != j) peers_[i]->send(name(j), 10);
  std::array<std::array<uint64_t, kNodes>, kNodes> segments{};
  for (size_t i = 0; i < kNodes; ++i)
    for (size_t j = 0; j < kNodes; ++j) segments[i][j] = peers_[i]->outgoing(name(j)).segment;
  bus_.run_for(seconds(20));
  check_all_arrived();
  check_agreement();
  bus_.run_for(seconds(60));
  for (size_t i = 0; i < kNodes; ++i)
    for (size_t j = 0; j < kNodes; ++j) EXPECT_LE(peers_[i]->outgoing(name(j)).segment, segments[i][j] + 1);
}

INSTANTIATE_TEST_SUITE_P(Seeds, ClusterSimulation, testing::Range<uint64_t>(1, 61));

}  // namespace
}  // namespace noom::signal
