// Clients on their way between nodes while their room is too, or while others come the other way: nothing that was said
// to them is lost, and nothing reaches them that was meant for where they no longer are.
#include "tests/unit/signal/core/cluster/hub_cluster.h"

namespace noom::signal {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr int kMessages = 30;
constexpr microseconds kBetween{400};

class HubClusterMoves : public HubCluster {
 protected:
  static void move(ResumingClient& client, HubNode& to) {
    client.lose(true);
    client.turn_to(to);
    client.connect();
  }
  // Ann says something to Bo alone, again and again; `meanwhile` happens after so many times.
  template <typename F>
  void talk(ResumingClient& ann, const std::string& bo, int after, F&& meanwhile) {
    for (int i = 0; i < kMessages; ++i) {
      if (i == after) meanwhile();
      ann.say(R"({"type":"send","to":")" + bo + R"(","data":)" + std::to_string(i) + "}");
      ann.speak();
      bus_.run_for(kBetween);
    }
    bus_.run_for(seconds(1));
  }
  void expect_all(ResumingClient& bo) {
    bo.hear();
    EXPECT_EQ(bo.recovered, 1) << boost::json::serialize(bo.welcome());
    const auto messages = heard(bo, "message");
    ASSERT_EQ(messages.size(), size_t{kMessages});
    for (int i = 0; i < kMessages; ++i) EXPECT_EQ(messages[static_cast<size_t>(i)].at("data").as_int64(), i);
  }
};

TEST_F(HubClusterMoves, WhatWasKeptForOneWhoMovesGoesWithItsRoom) {
  for (int after = 0; after < 20; ++after) {
    SCOPED_TRACE(after);
    const std::string room = room_of("a");
    const auto ann = join("c", room);
    const auto bo = join("b", room);
    heard(*bo, "");
    move(*bo, node("c"));
    talk(*ann, bo->peer(), after, [&] { node("a").drain(); });
    expect_all(*bo);
    say(*ann, R"({"type":"bye"})");
    say(*bo, R"({"type":"bye"})");
    crash("a");
    start("a");
    bus_.run_for(seconds(5));
  }
}

TEST_F(HubClusterMoves, OneWhoGoesIsNotCalledBackForOneWhoComes) {
  for (int after = 0; after < 20; ++after) {
    SCOPED_TRACE(after);
    const std::string room = room_of("a");
    const auto ann = join("a", room);
    const auto bo = join("b", room);
    const auto cy = join("c", room);
    heard(*bo, "");
    move(*bo, node("c"));
    talk(*ann, bo->peer(), after, [&] { move(*cy, node("b")); });
    expect_all(*bo);
    for (const auto& client : {&ann, &bo, &cy}) {
      (*client)->hear();
      say(**client, R"({"type":"bye"})");
    }
  }
}

TEST_F(HubClusterMoves, OneWhoIsInAnotherRoomByNowHearsNothingOfTheFormer) {
  for (int after = 0; after < 20; ++after) {
    SCOPED_TRACE(after);
    const std::string room = room_of("a");
    const auto ann = join("c", room);
    const auto bo = join("b", room);
    heard(*bo, "");
    node("a").drain();
    bus_.run_for(after * kBetween);
    say(*bo, R"({"type":"leave","id":2})");
    for (int i = 0; i < 20 && bo->heard.empty(); ++i) {
      bus_.run_for(kBetween);
      bo->hear();
    }
    ASSERT_FALSE(bo->heard.empty());
    bo->heard.clear();
    say(*bo, R"({"type":"join","id":3,"room":"elsewhere"})");
    bus_.run_for(seconds(1));
    bo->hear();
    for (const Json& message : bo->heard) EXPECT_EQ(message.at("room").as_string(), "elsewhere");
    EXPECT_EQ(node("b").hub().stats().members.value() + node("c").hub().stats().members.value(), 2u);
    say(*ann, R"({"type":"bye"})");
    say(*bo, R"({"type":"bye"})");
    crash("a");
    start("a");
    bus_.run_for(seconds(5));
  }
}

// The room goes from node to node while the one that its guest is connected to is killed and started again.
TEST_F(HubClusterMoves, ASeatOfAFormerProcessIsNobodysInTheNext) {
  const std::string room = room_of("a");
  const auto ann = join("b", room);
  const auto bo = join("c", room);
  node("a").drain();
  bus_.run_for(milliseconds(1));
  crash("c");
  start("c");
  const auto cy = join("c", "elsewhere");
  heard(*cy, "");
  bus_.run_for(seconds(3));
  crash("a");
  bus_.run_for(seconds(5));
  say(*ann, R"({"type":"kick","peer":")" + bo->peer() + "\"}");
  bus_.run_for(seconds(1));
  EXPECT_TRUE(heard(*cy, "left").empty());
  say(*cy, R"({"type":"send","id":5,"data":1})");
  bus_.run_for(milliseconds(100));
  EXPECT_EQ(heard(*cy, "ok").size(), 1u);
}

}  // namespace
}  // namespace noom::signal
