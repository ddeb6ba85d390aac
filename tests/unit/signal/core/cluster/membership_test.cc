#include "signal/core/cluster/membership.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <absl/strings/str_cat.h>

#include <memory>

#include "signal/core/cluster/cluster.h"
#include "tests/unit/signal/core/cluster/memory_bus.h"

namespace noom::signal {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::IsEmpty;

class Process final : public MemoryBus::Node {
 public:
  Process(MemoryBus& bus, const NodeId& name, uint64_t incarnation) : bus_(bus), cluster_({name, incarnation}, {}) {
    bus.attach(name, *this);
    act([&](Now now) { cluster_.on_bus(now, output_); });
  }
  ~Process() override { bus_.detach(*this); }

  void on_frame(Now, std::string_view bytes) override {
    act([&](Now now) { cluster_.on_frame(now, bytes, output_); });
  }
  void on_tick(Now) override {
    act([&](Now now) { cluster_.on_tick(now, output_); });
  }
  std::optional<Mono> next_deadline() const override { return cluster_.next_deadline(); }

  void drain(bool draining) {
    act([&](Now now) { cluster_.set_draining(now, draining, output_); });
  }
  void leave() {
    act([&](Now now) { cluster_.leave(now, output_); });
  }
  void send(const NodeId& to, std::string_view text) {
    act([&](Now now) { cluster_.send(now, to, text, output_); });
  }
  Cluster& cluster() { return cluster_; }
  const Membership& membership() { return cluster_.membership(); }
  std::vector<std::string> names() {
    std::vector<std::string> names;
    for (const NodeView& node : membership().view())
      names.push_back(node.address.node + (node.draining ? " drains" : ""));
    return names;
  }
  std::vector<std::string> seen;

 private:
  template <typename Act>
  void act(Act&& action) {
    action(bus_.now());
    static constexpr const char* kNames[] = {"message", "reset", "joined", "left", "draining", "taken", "free"};
    for (const ClusterEvent& event : output_.events)
      seen.push_back(absl::StrCat(kNames[static_cast<size_t>(event.kind)], " ", event.node,
                                  event.payload.empty() ? "" : ": ", event.payload));
    bus_.publish(*this, output_.frames);
    output_.clear();
  }
  MemoryBus& bus_;
  Cluster cluster_;
  ClusterOutput output_;
};

class MembershipTest : public testing::Test {
 protected:
  std::unique_ptr<Process> start(const NodeId& name, uint64_t incarnation) {
    return std::make_unique<Process>(bus_, name, incarnation);
  }
  MemoryBus bus_{1};
};

TEST_F(MembershipTest, ANodeAloneIsAMemberAfterListeningForAMoment) {
  const auto a = start("a", 1);
  bus_.run_for(milliseconds(299));
  EXPECT_FALSE(a->membership().is_member());
  EXPECT_THAT(a->names(), IsEmpty());
  bus_.run_for(milliseconds(1));
  EXPECT_TRUE(a->membership().is_member());
  EXPECT_THAT(a->names(), ElementsAre("a"));
  EXPECT_EQ(a->membership().owner_of("room"), "a");
}

TEST_F(MembershipTest, ANewcomerKnowsTheOthersBeforeItIsAMember) {
  const auto a = start("a", 1);
  const auto b = start("b", 1);
  bus_.run_for(seconds(1));
  const auto c = start("c", 1);
  bus_.run_for(milliseconds(10));
  EXPECT_THAT(c->names(), ElementsAre("a", "b"));
  EXPECT_THAT(a->names(), ElementsAre("a", "b"));
  bus_.run_for(milliseconds(300));
  for (Process* node : {a.get(), b.get(), c.get()}) EXPECT_THAT(node->names(), ElementsAre("a", "b", "c"));
}

TEST_F(MembershipTest, TheSilentAreGoneAfterThreeSeconds) {
  const auto a = start("a", 1);
  auto b = start("b", 1);
  bus_.run_for(seconds(1));
  const uint64_t version = a->membership().view_version();
  b.reset();
  bus_.run_for(milliseconds(1900));
  EXPECT_THAT(a->names(), ElementsAre("a", "b"));
  EXPECT_EQ(a->membership().view_version(), version);
  bus_.run_for(milliseconds(1200));
  EXPECT_THAT(a->names(), ElementsAre("a"));
  EXPECT_NE(a->membership().view_version(), version);
  EXPECT_THAT(a->seen, ElementsAre("joined b", "left b"));
}

TEST_F(MembershipTest, WhoLeavesIsGoneAtOnce) {
  const auto a = start("a", 1);
  const auto b = start("b", 1);
  bus_.run_for(seconds(1));
  b->leave();
  EXPECT_FALSE(b->membership().is_member());
  EXPECT_FALSE(b->next_deadline());
  bus_.run_for(milliseconds(2));
  EXPECT_THAT(a->names(), ElementsAre("a"));
}

TEST_F(MembershipTest, ARestartedNodeTakesTheFormerOnesPlace) {
  const auto a = start("a", 1);
  auto b = start("b", 1);
  bus_.run_for(seconds(1));
  b.reset();
  b = start("b", 2);
  bus_.run_for(milliseconds(400));
  EXPECT_THAT(a->seen, ElementsAre("joined b", "left b", "joined b"));
  EXPECT_EQ(a->membership().find("b")->address.incarnation, 2u);
}

TEST_F(MembershipTest, ADrainingNodeGetsNoRoomsUnlessAllDrain) {
  const auto a = start("a", 1);
  const auto b = start("b", 1);
  bus_.run_for(seconds(1));
  b->drain(true);
  bus_.run_for(milliseconds(2));
  EXPECT_THAT(a->names(), ElementsAre("a", "b drains"));
  for (int i = 0; i < 50; ++i) {
    EXPECT_EQ(a->membership().owner_of(std::to_string(i)), "a");
    EXPECT_EQ(b->membership().owner_of(std::to_string(i)), "a");
  }
  a->drain(true);
  bus_.run_for(milliseconds(2));
  int of_b = 0;
  for (int i = 0; i < 50; ++i) of_b += a->membership().owner_of(std::to_string(i)) == "b" ? 1 : 0;
  EXPECT_GT(of_b, 10);
  b->drain(false);
  bus_.run_for(milliseconds(2));
  EXPECT_THAT(a->names(), ElementsAre("a drains", "b"));
}

TEST_F(MembershipTest, TheOlderOfTwoProcessesKeepsTheName) {
  const auto a = start("a", 1);
  auto older = start("n", 5);
  bus_.run_for(seconds(1));
  const auto younger = start("n", 9);
  bus_.run_for(seconds(5));
  EXPECT_TRUE(younger->membership().name_taken());
  EXPECT_FALSE(younger->membership().is_member());
  EXPECT_THAT(younger->seen, ElementsAre("joined a", "taken n"));
  EXPECT_TRUE(older->membership().is_member());
  EXPECT_THAT(a->seen, ElementsAre("joined n")) << "nobody else was disturbed";

  older.reset();
  bus_.run_for(seconds(4));
  EXPECT_TRUE(younger->membership().is_member());
  EXPECT_EQ(a->membership().find("n")->address.incarnation, 9u);
}

TEST_F(MembershipTest, TwoProcessesThatMeetLaterDecideLikewise) {
  bus_.isolate("n");
  const auto older = start("n", 5);
  const auto younger = start("n", 9);
  const auto a = start("a", 1);
  bus_.run_for(seconds(2));
  EXPECT_TRUE(younger->membership().is_member());
  bus_.heal();
  bus_.run_for(seconds(2));
  EXPECT_TRUE(older->membership().is_member());
  EXPECT_TRUE(younger->membership().name_taken());
  EXPECT_EQ(a->membership().find("n")->address.incarnation, 5u);
}

TEST_F(MembershipTest, WhoSleptDoesNotTakeTheOthersForDead) {
  const auto a = start("a", 1);
  const auto b = start("b", 1);
  bus_.run_for(seconds(1));
  Now late = bus_.now();
  late.mono += seconds(60);
  ClusterOutput output;
  a->cluster().on_tick(late, output);
  EXPECT_THAT(output.events, IsEmpty());
}

TEST_F(MembershipTest, LoadIsTold) {
  const auto a = start("a", 1);
  const auto b = start("b", 1);
  b->cluster().set_load({.sessions = 7, .rooms = 3});
  bus_.run_for(seconds(2));
  EXPECT_EQ(a->membership().find("b")->load.sessions, 7u);
  EXPECT_EQ(b->membership().find("b")->load.rooms, 3u);
}

TEST_F(MembershipTest, ThereAreNoMoreNodesThanAllowed) {
  MembershipSettings settings;
  settings.nodes_max = 2;
  Membership membership({"a", 1}, settings);
  ClusterOutput output;
  membership.announce(bus_.now(), output);
  for (const char* name : {"b", "c", "d"}) membership.on_beat(bus_.now(), {{name, 1}, NodeState::kMember, {}}, output);
  EXPECT_EQ(membership.view().size(), 2u);
  EXPECT_EQ(membership.stats().beats_beyond.value(), 1u);
}

TEST_F(MembershipTest, BeatsOfAFormerIncarnationAreStale) {
  Membership membership({"a", 1}, {});
  ClusterOutput output;
  membership.announce(bus_.now(), output);
  membership.on_beat(bus_.now(), {{"b", 7}, NodeState::kMember, {}}, output);
  membership.on_beat(bus_.now(), {{"b", 6}, NodeState::kMember, {}}, output);
  membership.on_beat(bus_.now(), {{"b", 6}, NodeState::kLeaving, {}}, output);
  EXPECT_EQ(membership.view().size(), 1u);
  EXPECT_EQ(membership.stats().beats_stale.value(), 2u);
}

TEST_F(MembershipTest, AMessageToWhomNobodyKnowsIsReportedLostAtOnce) {
  const auto a = start("a", 1);
  bus_.run_for(seconds(1));
  a->send("b", "1");
  EXPECT_THAT(a->seen, ElementsAre("reset b"));
}

TEST_F(MembershipTest, ALinkEndsWithItsNode) {
  const auto a = start("a", 1);
  auto b = start("b", 1);
  bus_.run_for(seconds(1));
  a->send("b", "1");
  bus_.run_for(seconds(1));
  EXPECT_THAT(b->seen, ElementsAre("joined a", "message a: 1"));
  b.reset();
  bus_.run_for(seconds(4));
  EXPECT_THAT(a->seen, ElementsAre("joined b", "reset b", "left b"));
}

TEST_F(MembershipTest, WhatIsMalformedIsCounted) {
  const auto a = start("a", 1);
  bus_.run_for(seconds(1));
  for (const char* bytes : {"", "\x10", "\x01\x01", "garbage"}) a->on_frame(bus_.now(), bytes);
  EXPECT_EQ(a->membership().stats().beats_malformed.value(), 1u);
  EXPECT_EQ(a->cluster().links().stats().frames_malformed.value(), 3u);
}

}  // namespace
}  // namespace noom::signal
