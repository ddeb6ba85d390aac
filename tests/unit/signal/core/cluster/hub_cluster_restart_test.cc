// A node that ends and begins again with what it has saved, while its clients' rooms live elsewhere.
#include "tests/unit/signal/core/cluster/hub_cluster.h"

namespace noom::signal {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class HubClusterRestart : public HubCluster {
 protected:
  void end(const std::string& name) {
    saved_ = node(name).end();
    EXPECT_FALSE(saved_.empty());
    crash(name);
    bus_.run_for(milliseconds(10));  // the others hear that it is gone
  }
  void begin(const std::string& name) {
    EXPECT_TRUE(start(name).hub().restore(bus_.now(), saved_));
    bus_.run_for(seconds(3));
  }
  void come_back(ResumingClient& client, const std::string& at) {
    client.forget_link();
    client.turn_to(node(at));
    client.connect();
    bus_.run_for(seconds(1));
    client.hear();
  }
  void expect_talk(ResumingClient& one, ResumingClient& other) {
    say(one, kHi);
    EXPECT_EQ(heard(other, "message").size(), 1u);
    say(other, kHi);
    EXPECT_EQ(heard(one, "message").size(), 1u);
  }
  std::string saved_;
};

TEST_F(HubClusterRestart, AClientIsRecoveredInItsRoomAtAnotherNodeAndHasMissedNothing) {
  const std::string room = room_of("a");
  const auto ann = join("a", room);
  const auto bo = join("b", room);
  heard(*ann, "");
  heard(*bo, "");
  end("b");
  say(*ann, kHi);
  say(*ann, R"({"type":"send","to":")" + bo->peer() + R"(","data":"psst"})");
  bus_.run_for(seconds(5));
  say(*ann, kHi);
  begin("b");
  come_back(*bo, "b");
  EXPECT_EQ(bo->recovered, 1) << boost::json::serialize(bo->welcome());
  EXPECT_EQ(bo->welcome().at("room").as_string(), room);
  size_t rosters = 0;
  for (const Json& message : bo->heard) rosters += message.at("type") == "roster" ? 1 : 0;
  EXPECT_EQ(rosters, 0u);
  EXPECT_EQ(heard(*bo, "message").size(), 3u);
  EXPECT_EQ(heard(*ann, "peer_left").size(), 0u);
  expect_talk(*ann, *bo);
}

// The room went to another node meanwhile, and has come back with what was kept there.
TEST_F(HubClusterRestart, AClientIsRecoveredInARoomThatComesBackWithItsNode) {
  const std::string room = room_of("b");
  const auto ann = join("a", room);
  const auto bo = join("b", room);
  heard(*ann, "");
  heard(*bo, "");
  end("b");
  say(*ann, kHi);
  bus_.run_for(seconds(5));
  begin("b");
  come_back(*bo, "b");
  EXPECT_EQ(bo->recovered, 1);
  bo->hear();
  const auto said = std::ranges::count(bo->heard, Json("message"), [](const Json& one) { return one.at("type"); });
  EXPECT_EQ(said, 1);
  EXPECT_EQ(heard(*bo, "roster").size(), 0u);
  EXPECT_EQ(heard(*ann, "peer_left").size(), 0u);
  expect_talk(*ann, *bo);
}

TEST_F(HubClusterRestart, WhatItsClientAsksBeforeTheOwnerIsFoundIsAnsweredThen) {
  const std::string room = room_of("a");
  const auto ann = join("a", room);
  const auto bo = join("b", room);
  end("b");
  bus_.run_for(seconds(5));
  EXPECT_TRUE(start("b").hub().restore(bus_.now(), saved_));
  bo->forget_link();
  bo->turn_to(node("b"));
  bo->connect();
  bo->hear();
  EXPECT_EQ(bo->recovered, 1);
  heard(*ann, "");
  bo->say(kHi);
  bo->speak();
  bus_.run_for(seconds(5));
  EXPECT_EQ(heard(*ann, "message").size(), 1u);
  EXPECT_EQ(heard(*bo, "error").size(), 0u);
}

TEST_F(HubClusterRestart, AClientIsRecoveredWhenTheOwnerHasDiedMeanwhile) {
  const std::string room = room_of("a");
  const auto ann = join("c", room);
  const auto bo = join("b", room);
  bo->heard.clear();
  end("b");
  bus_.run_for(seconds(5));
  crash("a");
  bus_.run_for(seconds(8));
  begin("b");
  heard(*ann, "");
  come_back(*bo, "b");
  EXPECT_EQ(bo->recovered, 1);
  EXPECT_EQ(heard(*bo, "roster").size(), 1u);
  EXPECT_EQ(heard(*ann, "peer_left").size(), 0u);
  expect_talk(*ann, *bo);
}

// What the node has kept of it must not put it out of the room where it is now.
TEST_F(HubClusterRestart, AClientThatHasGoneToAnotherNodeMeanwhileStaysThere) {
  const std::string room = room_of("a");
  const auto ann = join("a", room);
  const auto bo = join("b", room);
  const std::string peer = bo->peer();
  end("b");
  bus_.run_for(seconds(5));
  come_back(*bo, "c");
  say(*bo, R"({"type":"join","id":7,"room":")" + room + "\"}");
  EXPECT_EQ(bo->peer(), peer);
  heard(*bo, "");
  begin("b");
  for (int i = 0; i < 80; ++i) {
    bus_.run_for(seconds(2));
    for (const auto& client : {&ann, &bo}) {
      (*client)->hear();
      (*client)->ack();
    }
  }
  EXPECT_EQ(heard(*bo, "left").size(), 0u);
  expect_talk(*ann, *bo);
  EXPECT_EQ(node("b").hub().stats().away.value(), 0u);
}

TEST_F(HubClusterRestart, AClientMayComeToAThirdNodeOnceItsOwnIsBack) {
  const std::string room = room_of("a");
  const auto ann = join("a", room);
  const auto bo = join("b", room);
  end("b");
  bus_.run_for(seconds(5));
  begin("b");
  come_back(*bo, "c");
  EXPECT_EQ(bo->recovered, 1);
  heard(*ann, "");
  heard(*bo, "");
  expect_talk(*ann, *bo);
}

TEST_F(HubClusterRestart, WhoWaitedIsInTheLobbyAgain) {
  const std::string room = room_of("a");
  const auto ann = join("a", room);
  say(*ann, R"({"type":"configure","lobby":true})");
  ResumingClient bo(node("b"));
  bo.connect();
  bo.hear();
  say(bo, R"({"type":"join","id":1,"room":")" + room + "\"}");
  const auto waiting = heard(bo, "waiting");
  ASSERT_EQ(waiting.size(), 1u);
  end("b");
  bus_.run_for(seconds(5));
  begin("b");
  heard(*ann, "");
  come_back(bo, "b");
  EXPECT_EQ(bo.recovered, 1);
  EXPECT_EQ(heard(*ann, "peer_waiting").size(), 1u);
  say(*ann, R"({"type":"admit","id":2,"peer":")" + std::string(waiting[0].at("peer").as_string()) + "\"}");
  EXPECT_EQ(heard(bo, "joined").size(), 1u);
  heard(*ann, "");
  expect_talk(*ann, bo);
}

}  // namespace
}  // namespace noom::signal
