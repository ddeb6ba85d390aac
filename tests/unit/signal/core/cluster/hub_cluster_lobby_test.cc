// Lobbies of rooms over several nodes, by script: whoever waits goes on waiting wherever the room goes.
#include "tests/unit/signal/core/cluster/hub_cluster.h"

namespace noom::signal {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class HubClusterLobby : public HubCluster {
 protected:
  // Ann, the host, opens a lobby.
  std::unique_ptr<ResumingClient> host(const std::string& at, const std::string& room) {
    auto ann = join(at, room);
    say(*ann, R"({"type":"configure","lobby":true})");
    heard(*ann, "");
    return ann;
  }
  // Somebody who waits; `peer` is its name there.
  std::unique_ptr<ResumingClient> wait(const std::string& at, const std::string& room, std::string& peer) {
    auto client = std::make_unique<ResumingClient>(node(at));
    client->connect();
    client->hear();
    client->heard.clear();
    say(*client, R"({"type":"join","id":1,"room":")" + room + R"(","name":"Bo","metadata":{"a":1}})");
    bus_.run_for(milliseconds(100));
    const auto waiting = heard(*client, "waiting");
    EXPECT_EQ(waiting.size(), 1u);
    if (!waiting.empty()) peer = waiting[0].at("peer").as_string();
    return client;
  }
  void admit(ResumingClient& host, const std::string& peer) {
    say(host, R"({"type":"admit","id":2,"peer":")" + peer + "\"}");
    bus_.run_for(milliseconds(100));
  }
  // The guest is told that it is in, and the host sees it come and hears it.
  void expect_admitted(ResumingClient& host, ResumingClient& guest, const std::string& peer) {
    const auto joined = heard(guest, "joined");
    ASSERT_EQ(joined.size(), 1u);
    EXPECT_EQ(joined[0].at("peer").as_string(), peer);
    const auto came = heard(host, "peer_joined");
    ASSERT_EQ(came.size(), 1u);
    EXPECT_EQ(came[0].at("name").as_string(), "Bo");
    EXPECT_EQ(came[0].at("metadata").at("a").as_int64(), 1);
    say(guest, kHi);
    EXPECT_EQ(heard(host, "message").size(), 1u);
    say(host, kHi);
    EXPECT_EQ(heard(guest, "message").size(), 1u);
  }
  uint64_t waiting_at(const std::string& name) { return node(name).hub().stats().waiting.value(); }
};

TEST_F(HubClusterLobby, WhoWaitsMovesWithTheRoomWhenItsOwnerDrains) {
  for (const char* at : {"b", "c"}) {
    const std::string room = room_of("a");
    const auto ann = host("b", room);
    std::string peer;
    const auto bo = wait(at, room, peer);
    EXPECT_EQ(heard(*ann, "peer_waiting").size(), 1u);
    node("a").drain();
    bus_.run_for(seconds(1));
    EXPECT_EQ(node("a").hub().stats().waiting.value(), 0u);
    EXPECT_EQ(waiting_at("b") + waiting_at("c"), 1u);
    EXPECT_TRUE(heard(*bo, "denied").empty());
    EXPECT_TRUE(heard(*ann, "waiting_ended").empty());
    crash("a");
    bus_.run_for(seconds(5));
    admit(*ann, peer);
    expect_admitted(*ann, *bo, peer);
    EXPECT_EQ(waiting_at("b") + waiting_at("c"), 0u);
    say(*ann, R"({"type":"bye"})");
    say(*bo, R"({"type":"bye"})");
    start("a");
    bus_.run_for(seconds(5));
  }
}

TEST_F(HubClusterLobby, WhoIsLetInWhileTheRoomIsOnItsWayIsInItWhenItIsThere) {
  const std::string room = room_of("a");
  const auto ann = host("b", room);
  for (int micros = 0; micros < 12'000; micros += 500) {
    std::string peer;
    const auto bo = wait("c", room, peer);
    heard(*ann, "");
    node("a").drain();
    bus_.run_for(std::chrono::microseconds(micros));
    say(*ann, R"({"type":"admit","id":2,"peer":")" + peer + "\"}");
    bus_.run_for(seconds(1));
    expect_admitted(*ann, *bo, peer);
    say(*bo, R"({"type":"bye"})");
    crash("a");
    start("a");
    bus_.run_for(seconds(5));
    heard(*ann, "");
  }
}

TEST_F(HubClusterLobby, WhoWaitsMovesWithTheRoomWhenItsOwnerDies) {
  const std::string room = room_of("a");
  const auto ann = host("b", room);
  std::string peer;
  const auto bo = wait("c", room, peer);
  std::string left;
  const auto cy = wait("c", room, left);
  say(*cy, R"({"type":"leave","id":3})");
  EXPECT_EQ(heard(*cy, "left").size(), 1u);
  crash("a");
  bus_.run_for(seconds(15));
  EXPECT_TRUE(heard(*bo, "denied").empty());
  say(*ann, R"({"type":"roster","id":5})");
  const auto rosters = heard(*ann, "roster");
  ASSERT_FALSE(rosters.empty());
  ASSERT_EQ(rosters.back().at("waiting").as_array().size(), 1u);
  EXPECT_EQ(rosters.back().at("waiting").at(0).at("name").as_string(), "Bo");
  admit(*ann, peer);
  expect_admitted(*ann, *bo, peer);
}

// The host's connection died with the room's owner: whoever waits keeps the room, its lobby and its lock alive.
TEST_F(HubClusterLobby, ARoomWhoseMembersAllWereAtItsDeadOwnerIsKeptByWhoWaits) {
  const std::string room = room_of("a");
  const auto ann = host("a", room);
  std::string peer;
  const auto bo = wait("c", room, peer);
  say(*ann, R"({"type":"update","name":"Ann"})");
  crash("a");
  bus_.run_for(seconds(8));
  EXPECT_TRUE(heard(*bo, "denied").empty());
  ann->forget_link();
  ann->turn_to(node("b"));
  ann->connect();
  ann->hear();
  ann->heard.clear();
  say(*ann, R"({"type":"join","id":7,"room":")" + room + R"(","name":"Ann"})");
  bus_.run_for(seconds(2));
  const auto joined = heard(*ann, "joined");
  ASSERT_EQ(joined.size(), 1u);
  EXPECT_EQ(joined[0].at("role").as_string(), "host");
  EXPECT_TRUE(joined[0].at("lobby").as_bool());
  ASSERT_EQ(joined[0].at("waiting").as_array().size(), 1u);
  admit(*ann, peer);
  expect_admitted(*ann, *bo, peer);
}

TEST_F(HubClusterLobby, WhoWaitsIsToldWhenNobodyOfADeadOwnersRoomComesBack) {
  const std::string room = room_of("a");
  const auto ann = host("a", room);
  std::string peer;
  const auto bo = wait("c", room, peer);
  crash("a");
  bus_.run_for(settings_->resume_window + seconds(20));
  bo->ack();
  const auto denied = heard(*bo, "denied");
  ASSERT_EQ(denied.size(), 1u);
  EXPECT_EQ(denied[0].at("reason").as_string(), "ended");
  EXPECT_EQ(node("b").hub().stats().rooms.value() + node("c").hub().stats().rooms.value(), 0u);
}

TEST_F(HubClusterLobby, WhoWaitsAtANodeThatDiesLeavesTheLobby) {
  const std::string room = room_of("a");
  const auto ann = host("a", room);
  std::string peer;
  const auto bo = wait("b", room, peer);
  heard(*ann, "");
  crash("b");
  bus_.run_for(seconds(8));
  const auto ended = heard(*ann, "waiting_ended");
  ASSERT_EQ(ended.size(), 1u);
  EXPECT_EQ(ended[0].at("peer").as_string(), peer);
  EXPECT_EQ(ended[0].at("reason").as_string(), "left");
  EXPECT_EQ(waiting_at("a"), 0u);
  say(*ann, R"({"type":"admit","id":2,"peer":")" + peer + "\"}");
  EXPECT_EQ(heard(*ann, "error").at(0).at("code").as_string(), "no_such_peer");
}

TEST_F(HubClusterLobby, WhoWaitsAtANodeThatIsCutOffIsInTheLobbyAgainWhenItIsBack) {
  const std::string room = room_of("a");
  const auto ann = host("a", room);
  std::string peer;
  const auto bo = wait("b", room, peer);
  heard(*ann, "");
  bus_.isolate("b");
  node("b").set_connected(false);
  bus_.run_for(seconds(8));
  EXPECT_EQ(heard(*ann, "waiting_ended").size(), 1u);
  bus_.heal();
  node("b").set_connected(true);
  bus_.run_for(seconds(10));
  EXPECT_EQ(heard(*ann, "peer_waiting").size(), 1u);
  EXPECT_TRUE(heard(*bo, "denied").empty());
  admit(*ann, peer);
  expect_admitted(*ann, *bo, peer);
}

TEST_F(HubClusterLobby, WhoWaitsLongIsLeftInPeaceByTheComparisonOfBooks) {
  const std::string room = room_of("a");
  const auto ann = host("a", room);
  std::string peer;
  const auto bo = wait("b", room, peer);
  heard(*ann, "");
  for (int i = 0; i < 50; ++i) {
    bus_.run_for(seconds(2));
    ann->hear();
    ann->ack();
  }
  for (const Json& message : ann->heard) EXPECT_NE(message.at("type"), "waiting_ended");
  heard(*ann, "");
  EXPECT_TRUE(heard(*bo, "denied").empty());
  admit(*ann, peer);
  expect_admitted(*ann, *bo, peer);
}

TEST_F(HubClusterLobby, WhenTheLobbyIsOpenedAllComeInOneAfterTheOther) {
  const std::string room = room_of("a");
  const auto ann = host("a", room);
  std::string first;
  std::string second;
  const auto bo = wait("b", room, first);
  const auto cy = wait("b", room, second);
  say(*ann, R"({"type":"configure","lobby":false})");
  bo->hear();
  size_t known = 0;
  for (const Json& message : bo->heard) {
    if (message.at("type") == "joined") known += message.at("peers").as_array().size();
    if (message.at("type") == "peer_joined") ++known;
  }
  EXPECT_EQ(known, 2u);
  EXPECT_EQ(heard(*cy, "joined").at(0).at("peers").as_array().size(), 2u);
}

TEST_F(HubClusterLobby, WhoWaitsComesToAnotherNodeAndIsStillInTheLobby) {
  for (const char* owner : {"a", "b", "c"}) {
    const std::string room = room_of(owner);
    const auto ann = host("a", room);
    std::string peer;
    const auto bo = wait("b", room, peer);
    heard(*ann, "");
    bo->lose(false);
    bo->turn_to(node("c"));
    bo->connect();
    bus_.run_for(seconds(1));
    bo->hear();
    EXPECT_EQ(bo->recovered, 1) << owner;
    EXPECT_TRUE(heard(*ann, "waiting_ended").empty()) << owner;
    admit(*ann, peer);
    expect_admitted(*ann, *bo, peer);
    say(*ann, R"({"type":"bye"})");
    say(*bo, R"({"type":"bye"})");
  }
}

TEST_F(HubClusterLobby, WhoIsLetInOnTheWayToAnotherNodeIsInTheRoomThere) {
  for (const char* owner : {"a", "b", "c"}) {
    const std::string room = room_of(owner);
    const auto ann = host("a", room);
    for (int micros = 0; micros < 8'000; micros += 500) {
      std::string peer;
      const auto bo = wait("b", room, peer);
      heard(*ann, "");
      bo->lose(false);
      bo->turn_to(node("c"));
      bo->connect();
      bus_.run_for(std::chrono::microseconds(micros));
      say(*ann, R"({"type":"admit","id":2,"peer":")" + peer + "\"}");
      bus_.run_for(seconds(1));
      bo->hear();
      EXPECT_EQ(bo->recovered, 1) << owner << micros;
      expect_admitted(*ann, *bo, peer);
      say(*bo, R"({"type":"bye"})");
    }
    say(*ann, R"({"type":"bye"})");
  }
}

}  // namespace
}  // namespace noom::signal
