// Rooms with members at several nodes, by script: docs/decisions/0010.
#include "tests/unit/signal/core/cluster/hub_cluster.h"

namespace noom::signal {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

TEST_F(HubCluster, MembersAtDifferentNodesSeeOneRoom) {
  const std::string room = room_of("a");
  const auto ann = join("b", room);
  const auto bo = join("c", room);
  const auto cy = join("a", room);
  EXPECT_EQ(heard(*ann, "peer_joined").size(), 2u);
  const auto joined = heard(*cy, "joined");
  ASSERT_EQ(joined.size(), 1u);
  EXPECT_EQ(joined[0].at("peers").as_array().size(), 2u);
  EXPECT_EQ(joined[0].at("peers").at(0).at("peer").as_string(), ann->peer());
  EXPECT_EQ(joined[0].at("peers").at(0).at("role").as_string(), "host");
  EXPECT_TRUE(joined[0].at("peers").at(0).at("polite").as_bool());
  heard(*bo, "");
  say(*ann, kHi);
  EXPECT_EQ(heard(*bo, "message").size(), 1u);
  EXPECT_EQ(heard(*cy, "message").size(), 1u);
  EXPECT_EQ(heard(*ann, "ok").size(), 1u);
  say(*bo, R"({"type":"update","metadata":{"a":1}})");
  EXPECT_EQ(heard(*ann, "peer_updated").size(), 1u);
  say(*cy, R"({"type":"send","id":2,"to":")" + bo->peer() + R"(","data":1})");
  EXPECT_EQ(heard(*bo, "message").size(), 1u);
  EXPECT_EQ(heard(*ann, "message").size(), 0u);
  say(*bo, R"({"type":"leave","id":3})");
  EXPECT_EQ(heard(*bo, "left").size(), 1u);
  EXPECT_EQ(heard(*ann, "peer_left").size(), 1u);
}

TEST_F(HubCluster, TheOwnerRefusesAndTheEdgePassesItOn) {
  const std::string room = room_of("a");
  std::vector<std::unique_ptr<ResumingClient>> clients;
  for (size_t i = 0; i < settings_->room_capacity; ++i) clients.push_back(join(i % 2 == 0 ? "a" : "b", room));
  ResumingClient late(node("c"));
  late.connect();
  late.hear();
  say(late, R"({"type":"join","id":1,"room":")" + room + "\"}");
  const auto errors = heard(late, "error");
  ASSERT_EQ(errors.size(), 1u);
  EXPECT_EQ(errors[0].at("code").as_string(), "room_full");
  EXPECT_EQ(errors[0].at("re").as_int64(), 1);
}

TEST_F(HubCluster, AClientThatComesToAnotherNodeRecoversWhileItsRoomSeesNoLeave) {
  for (const char* owner : {"a", "b", "c"}) {
    const std::string room = room_of(owner);
    const auto ann = join("a", room);
    const auto bo = join("b", room);
    heard(*ann, "");
    heard(*bo, "");
    bo->lose(false);
    say(*ann, kHi);
    bo->turn_to(node("c"));
    bo->connect();
    say(*ann, kHi);
    bus_.run_for(milliseconds(100));
    bo->hear();
    EXPECT_EQ(bo->recovered, 1) << owner << boost::json::serialize(bo->welcome());
    say(*ann, kHi);
    EXPECT_EQ(heard(*bo, "message").size(), 3u) << owner;
    say(*bo, kHi);
    EXPECT_EQ(heard(*ann, "message").size(), 1u) << owner;
    EXPECT_EQ(heard(*ann, "peer_left").size(), 0u);
    say(*ann, R"({"type":"bye"})");
    say(*bo, R"({"type":"bye"})");
  }
}

TEST_F(HubCluster, TheDeathOfTheOwnerKeepsTheRoomTogether) {
  const std::string room = room_of("a");
  const auto ann = join("b", room);
  const auto bo = join("c", room);
  const auto epoch = ann->heard.at(0).at("epoch").to_number<uint64_t>();
  heard(*ann, "");
  heard(*bo, "");
  crash("a");
  bus_.run_for(seconds(6));
  const auto rosters = heard(*ann, "roster");
  ASSERT_EQ(rosters.size(), 1u);
  EXPECT_GT(rosters[0].at("epoch").to_number<uint64_t>(), epoch);
  ASSERT_EQ(rosters[0].at("peers").as_array().size(), 1u);
  EXPECT_EQ(rosters[0].at("peers").at(0).at("peer").as_string(), bo->peer());
  EXPECT_EQ(heard(*bo, "peer_left").size(), 0u);
  say(*ann, kHi);
  EXPECT_EQ(heard(*bo, "message").size(), 1u);
  const auto cy = join("c", room);
  EXPECT_EQ(heard(*cy, "joined").at(0).at("role").as_string(), "member");
}

TEST_F(HubCluster, MembersOfADeadNodeAreAwayAndThenGone) {
  const std::string room = room_of("a");
  const auto ann = join("a", room);
  const auto bo = join("b", room);
  heard(*ann, "");
  crash("b");
  bus_.run_for(seconds(5));
  EXPECT_EQ(heard(*ann, "presence").size(), 1u);
  bus_.run_for(settings_->resume_window);
  EXPECT_EQ(heard(*ann, "peer_left").size(), 1u);
}

TEST_F(HubCluster, AClientOfADeadNodeIsTheSamePeerAgain) {
  const std::string room = room_of("a");
  const auto ann = join("a", room);
  const auto bo = join("b", room);
  const std::string peer = bo->peer();
  heard(*ann, "");
  crash("b");
  bus_.run_for(seconds(5));
  bo->forget_link();
  bo->turn_to(node("c"));
  bo->connect();
  bo->hear();
  EXPECT_EQ(bo->welcome().at("recovered"), false);
  say(*bo, R"({"type":"join","id":1,"room":")" + room + "\"}");
  bo->hear();
  EXPECT_EQ(bo->peer(), peer);
  ann->hear();
  for (const Json& message : ann->heard) EXPECT_NE(message.at("type"), "peer_left");
}

TEST_F(HubCluster, AClientWhoseNodeAndRoomDiedTogetherIsTheSamePeerAgain) {
  const std::string room = room_of("b");
  const auto ann = join("a", room);
  const auto bo = join("b", room);
  const std::string peer = bo->peer();
  heard(*ann, "");
  crash("b");
  bus_.run_for(seconds(6));
  const auto rosters = heard(*ann, "roster");
  ASSERT_EQ(rosters.size(), 1u);
  ASSERT_EQ(rosters[0].at("peers").as_array().size(), 1u);
  EXPECT_EQ(rosters[0].at("peers").at(0).at("presence").as_string(), "away");
  bo->forget_link();
  bo->turn_to(node("a"));
  bo->connect();
  bo->hear();
  say(*bo, R"({"type":"join","id":1,"room":")" + room + "\"}");
  bo->hear();
  EXPECT_EQ(bo->peer(), peer);
  EXPECT_EQ(heard(*ann, "presence").size(), 1u);
}

TEST_F(HubCluster, WhoeverWasToldOfAPeerSeesItStayWhenTheOwnerDiesInTheMidstOfTellingIt) {
  const std::string room = room_of("b");
  const auto ann = join("a", room);
  for (size_t frames = 0; frames < 5; ++frames) {
    SCOPED_TRACE(frames);
    heard(*ann, "");
    bus_.isolate_after("b", frames);
    const auto bo = join("b", room);
    const bool was_told = !heard(*ann, "peer_joined").empty();
    crash("b");
    bus_.run_for(seconds(6));
    const auto rosters = heard(*ann, "roster");
    ASSERT_EQ(rosters.size(), 1u);
    const auto& peers = rosters[0].at("peers").as_array();
    EXPECT_LE(was_told ? 1u : 0u,
              std::ranges::count(peers, Json(bo->peer()), [](const Json& p) { return p.at("peer"); }));
    bus_.isolate_after("b", 1'000'000);
    bus_.heal("b");
    start("b");
    bus_.run_for(seconds(10));
  }
}

TEST_F(HubCluster, ADrainedNodeHandsItsRoomsOverWithoutLosingAnEvent) {
  const std::string room = room_of("a");
  const auto ann = join("b", room);
  const auto bo = join("c", room);
  const auto cy = join("a", room);
  heard(*ann, "");
  heard(*bo, "");
  cy->hear();
  node("a").drain();
  cy->forget_link();
  for (int i = 0; i < 20; ++i) {
    ann->say(kHi);
    ann->speak();
    bus_.run_for(std::chrono::microseconds(300));
  }
  cy->turn_to(node("c"));
  cy->connect();
  bus_.run_for(seconds(1));
  EXPECT_EQ(heard(*bo, "message").size(), 20u);
  EXPECT_EQ(heard(*ann, "roster").size(), 0u);
  cy->hear();
  EXPECT_EQ(cy->recovered, 1) << boost::json::serialize(cy->welcome());
  EXPECT_EQ(heard(*cy, "message").size(), 20u);
  crash("a");
  bus_.run_for(seconds(5));
  say(*cy, kHi);
  EXPECT_EQ(heard(*ann, "message").size(), 1u);
  EXPECT_EQ(heard(*bo, "message").size(), 1u);
}

TEST_F(HubCluster, ANodeWithoutItsBusServesItsRoomsAndAnswersForOthers) {
  const std::string own = room_of("a");
  const std::string other = room_of("b");
  const auto ann = join("a", own);
  const auto bo = join("a", own);
  const auto cy = join("a", other);
  const auto dee = join("b", other);
  for (const auto& client : {&ann, &bo, &cy, &dee}) heard(**client, "");
  bus_.isolate("a");
  node("a").set_connected(false);
  bus_.run_for(seconds(5));
  say(*ann, kHi);
  EXPECT_EQ(heard(*bo, "message").size(), 1u);
  say(*cy, kHi);
  const auto errors = heard(*cy, "error");
  ASSERT_EQ(errors.size(), 1u);
  EXPECT_EQ(errors[0].at("code").as_string(), "unavailable");
  say(*ann, R"({"type":"kick","id":9,"peer":")" + bo->peer() + "\"}");
  const auto refused = heard(*ann, "error");
  ASSERT_EQ(refused.size(), 1u);
  EXPECT_EQ(refused[0].at("code").as_string(), "unavailable");
  say(*dee, kHi);
  EXPECT_EQ(heard(*dee, "presence").size(), 1u);

  bus_.heal();
  node("a").set_connected(true);
  bus_.run_for(seconds(5));
  EXPECT_EQ(heard(*cy, "message").size(), 1u) << "what was said meanwhile";
  EXPECT_EQ(heard(*dee, "peer_left").size(), 0u);
  say(*cy, kHi);
  EXPECT_EQ(heard(*dee, "message").size(), 1u);
  say(*ann, kHi);
  EXPECT_EQ(heard(*bo, "message").size(), 1u);
}

// What the node that was cut off knows of the room does not bring it back, nor its people into another of that name.
TEST_F(HubCluster, ARoomThatIsEndedBeforeANodeIsBackStaysEnded) {
  for (const bool is_opened_anew : {false, true}) {
    const std::string room = room_of("a");
    const auto ann = join("a", room);
    const auto bo = join("b", room);
    heard(*bo, "");
    bus_.isolate("b");
    node("b").set_connected(false);
    bus_.run_for(seconds(5));
    bus_.heal();
    say(*ann, R"({"type":"end_room","id":2,"message":"Good night."})");
    EXPECT_EQ(heard(*ann, "left").size(), 1u);
    if (is_opened_anew) say(*ann, R"({"type":"join","id":3,"room":")" + room + "\"}");
    node("b").set_connected(true);
    bus_.run_for(seconds(10));
    const auto left = heard(*bo, "left");
    ASSERT_EQ(left.size(), 1u);
    EXPECT_EQ(left[0].at("reason").as_string(), "ended");
    EXPECT_EQ(left[0].at("message").as_string(), "Good night.");
    EXPECT_EQ(heard(*ann, "peer_joined").size(), 0u);
    size_t rooms = 0;
    for (const auto& [name, hub] : nodes_) rooms += hub->hub().stats().rooms.value();
    EXPECT_EQ(rooms, is_opened_anew ? 1u : 0u);
    say(*ann, R"({"type":"bye"})");
    say(*bo, R"({"type":"bye"})");
  }
}

TEST_F(HubCluster, ANewNodeGetsTheRoomsThatAreItsOwn) {
  const std::string room = [&] {
    nodes_["d"] = nullptr;
    const std::string name = room_of("d");
    nodes_.erase("d");
    return name;
  }();
  const auto ann = join("a", room);
  const auto bo = join("b", room);
  heard(*ann, "");
  heard(*bo, "");
  start("d");
  for (int i = 0; i < 200; ++i) {
    ann->say(kHi);
    ann->speak();
    bus_.run_for(milliseconds(20));
    ann->hear();
    if (i % 10 == 0) ann->ack();
  }
  EXPECT_EQ(node("d").hub().stats().rooms.value(), 1u);
  EXPECT_EQ(heard(*bo, "message").size(), 200u);
  EXPECT_EQ(heard(*ann, "error").size(), 0u);
}

// ---- moderation: the owner decides, wherever the host and the others are connected ----

TEST_F(HubCluster, AHostAtAnotherNodeLetsInFromTheLobbyAndPutsOut) {
  const std::string room = room_of("a");
  const auto ann = join("b", room);
  say(*ann, R"({"type":"configure","lobby":true})");
  EXPECT_EQ(heard(*ann, "room_updated").size(), 1u);
  ResumingClient bo(node("c"));
  bo.connect();
  bo.hear();
  say(bo, R"({"type":"join","id":1,"room":")" + room + R"(","name":"Bo"})");
  const auto waiting = heard(bo, "waiting");
  ASSERT_EQ(waiting.size(), 1u);
  const std::string peer(waiting[0].at("peer").as_string());
  ASSERT_EQ(heard(*ann, "peer_waiting").size(), 1u);
  say(bo, kHi);
  EXPECT_EQ(heard(bo, "error").at(0).at("code").as_string(), "not_joined");
  say(*ann, R"({"type":"admit","id":2,"peer":")" + peer + "\"}");
  const auto joined = heard(bo, "joined");
  ASSERT_EQ(joined.size(), 1u);
  EXPECT_EQ(joined[0].at("peer").as_string(), peer);
  EXPECT_TRUE(joined[0].at("lobby").as_bool());
  EXPECT_EQ(heard(*ann, "peer_joined").size(), 1u);
  say(bo, kHi);
  EXPECT_EQ(heard(*ann, "message").size(), 1u);
  say(*ann, R"({"type":"kick","id":3,"ban_s":60,"peer":")" + peer + "\"}");
  const auto left = heard(bo, "left");
  ASSERT_EQ(left.size(), 1u);
  EXPECT_EQ(left[0].at("reason").as_string(), "kicked");
  say(bo, R"({"type":"join","room":")" + room + "\"}");
  EXPECT_EQ(heard(bo, "error").at(0).at("code").as_string(), "banned");
  EXPECT_EQ(node("a").hub().stats().revocations.value(), 1u);
}

TEST_F(HubCluster, ALockOutlivesTheOwner) {
  const std::string room = room_of("a");
  const auto ann = join("b", room);
  say(*ann, R"({"type":"configure","lobby":true})");
  say(*ann, R"({"type":"configure","locked":true,"password":"tulip"})");
  crash("a");
  bus_.run_for(seconds(15));
  say(*ann, R"({"type":"roster","id":5})");
  const auto roster = heard(*ann, "roster");
  ASSERT_FALSE(roster.empty());
  EXPECT_TRUE(roster.back().at("locked").as_bool());
  EXPECT_TRUE(roster.back().at("lobby").as_bool());
  EXPECT_TRUE(roster.back().at("has_password").as_bool());
  ResumingClient bo(node("c"));
  bo.connect();
  bo.hear();
  say(bo, R"({"type":"join","id":6,"room":")" + room + "\"}");
  bus_.run_for(seconds(2));
  EXPECT_EQ(heard(bo, "error").at(0).at("code").as_string(), "locked");
}

// ---- one-time tickets ----

class HubClusterTickets : public HubCluster {
 protected:
  std::string ticket(const std::string& room) {
    return mint_join_ticket(join_ticket_seal(Secret(std::string_view("0123456789abcdef0123456789abcdef"))),
                            bus_.now().wall, random_, {room, Role::kMember, "", std::chrono::minutes(5)});
  }
  // What the join is answered with: an error's code, or "joined".
  std::string join_with(const std::string& at, const std::string& room, const std::string& ticket) {
    auto client = std::make_unique<ResumingClient>(node(at));
    client->connect();
    client->hear();
    client->heard.clear();
    client->say(R"({"type":"join","id":1,"room":")" + room + R"(","token":")" + ticket + "\"}");
    client->speak();
    bus_.run_for(seconds(2));
    client->hear();
    std::string answer;
    for (const Json& message : client->heard) {
      if (message.at("type") == "error") answer = message.at("code").as_string();
      if (message.at("type") == "joined") answer = "joined";
    }
    say(*client, R"({"type":"leave"})");
    clients_.push_back(std::move(client));
    return answer;
  }
  SeededRandom random_{3};
  std::vector<std::unique_ptr<ResumingClient>> clients_;
};

TEST_F(HubClusterTickets, AUsedTicketStaysUsedWhenItsRoomsOwnerDies) {
  const std::string room = room_of("a");
  const auto ann = join("b", room);
  const std::string once = ticket(room);
  EXPECT_EQ(join_with("c", room, once), "joined");
  EXPECT_EQ(join_with("b", room, once), "token_used");
  crash("a");
  bus_.run_for(seconds(6));
  for (const char* at : {"b", "c"}) EXPECT_EQ(join_with(at, room, once), "token_used") << at;
  EXPECT_EQ(join_with("c", room, ticket(room)), "joined");
}

TEST_F(HubClusterTickets, ANodeThatComesLaterKnowsWhichTicketsWereUsed) {
  nodes_["d"] = nullptr;
  const std::string room = room_of("d");
  nodes_.erase("d");
  const std::string once = ticket(room);
  EXPECT_EQ(join_with("a", room, once), "joined");
  bus_.run_for(seconds(1));
  start("d");
  bus_.run_for(seconds(5));
  EXPECT_EQ(join_with("b", room, once), "token_used") << "though the room has ended and begins anew at d";
  EXPECT_EQ(node("d").hub().stats().rooms.value(), 0u);
  EXPECT_EQ(join_with("d", room, ticket(room)), "joined");
}

}  // namespace
}  // namespace noom::signal
