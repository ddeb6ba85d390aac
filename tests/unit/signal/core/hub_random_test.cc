// Seeded random sessions against a naive account of who is where: rosters agree, seq has no gap for any receiver,
// nothing reaches those outside or in the lobby. Hosts moderate as wildly as everybody else tries to.
#include <algorithm>
#include <set>

#include "tests/unit/signal/core/hub_script.h"

namespace noom::signal {
namespace {

// What one client believes from its messages alone.
struct Believer {
  std::string room;
  std::string peer;
  uint64_t epoch = 0;
  uint64_t seq = 0;
  std::set<std::string> others;
  bool waits = false;
  std::string lobby;  // the peer that last came to it
};

class RandomHub : public testing::TestWithParam<uint64_t> {
 protected:
  static Settings generous() {
    Settings settings;
    settings.requests = settings.sends = settings.openings = settings.joins = settings.moderation = {};
    settings.lobby_timeout = std::chrono::seconds(20);
    settings.room_capacity = 4;
    settings.rooms_max = 6;
    return settings;
  }

  void step() {
    const uint32_t dice = dice_.below(100);
    if (clients_.empty() || (dice < 10 && clients_.size() < 40)) return add();
    auto client = std::next(clients_.begin(), dice_.below(static_cast<uint32_t>(clients_.size())));
    const SessionId id = client->first;
    if (dice_.below(5) == 0) return moderate(id, client->second);
    if (dice < 35) {
      script_.say(id, R"({"type":"join","room":"room)" + std::to_string(dice_.below(8)) + R"("})");
    } else if (dice < 50) {
      script_.say(id, R"({"type":"leave"})");
      if (!client->second.room.empty() || client->second.waits) expect_left_ = id;
    } else if (dice < 60) {
      script_.say(id, R"({"type":"update","metadata":{"n":1}})");
    } else if (dice < 75) {
      script_.say(id, R"({"type":"send","data":[1]})");
    } else if (dice < 85 && !client->second.others.empty()) {
      script_.say(id, R"({"type":"send","to":")" + *client->second.others.begin() + R"(","data":"x"})");
    } else if (dice < 90) {
      script_.closed(id);
      clients_.erase(client);
    } else if (dice < 93) {
      script_.say(id, R"({"type":"bye"})");
      clients_.erase(client);
    } else {
      script_.advance(std::chrono::milliseconds(dice_.below(9000)));
      for (const SessionId pinged : script_.take_pings()) {
        if (dice_.below(4) > 0) script_.hub().on_pong(script_.now(), pinged);
      }
      std::erase_if(clients_, [&](const auto& entry) { return script_.close_code(entry.first) != 0; });
    }
  }

  void moderate(SessionId id, const Believer& believer) {
    static constexpr std::array<std::string_view, 4> kConfigured = {R"("lobby":true)", R"("lobby":false)",
                                                                    R"("locked":true)", R"("locked":false)"};
    const std::string other = believer.others.empty() ? "p_nobody" : *believer.others.begin();
    const auto about = [](std::string_view type, std::string_view peer, std::string_view more = "") {
      return R"({"type":")" + std::string(type) + R"(","peer":")" + std::string(peer) + '"' + std::string(more) + "}";
    };
    switch (dice_.below(8)) {
      case 0:
        return script_.say(id, about("kick", other));
      case 1:
        return script_.say(id, about("admit", believer.lobby));
      case 2:
        return script_.say(id, about("deny", believer.lobby));
      case 3:
        return script_.say(
            id, about("set_role", other, R"(,"role":")" + std::string(kRoleNames[dice_.below(kRoleCount)]) + '"'));
      case 4:
        if (dice_.below(4) == 0) script_.say(id, R"({"type":"end_room"})");
        return;
      default:
        return script_.say(id, R"({"type":"configure",)" + std::string(kConfigured[dice_.below(4)]) + "}");
    }
  }

  void add() {
    const SessionId id = script_.open();
    clients_[id];
    script_.say(id, R"({"type":"hello","protocol":"noom.v1"})");
  }

  void read_all() {
    for (auto& [id, believer] : clients_) {
      for (Json message = script_.take(id); message.is_object(); message = script_.take(id))
        believe(id, believer, message.as_object());
    }
    // Messages queued for sessions that have ended meanwhile are nobody's any more.
    script_.forget_messages();
  }

  void believe(SessionId id, Believer& believer, const boost::json::object& message) {
    const std::string type(message.at("type").as_string());
    if (type == "joined") {
      ASSERT_TRUE(believer.room.empty());
      believer.waits = false;
      believer.room = std::string(message.at("room").as_string());
      believer.peer = std::string(message.at("peer").as_string());
      believer.epoch = message.at("epoch").to_number<uint64_t>();
      believer.seq = message.at("seq").to_number<uint64_t>();
      for (const auto& peer : message.at("peers").as_array()) believer.others.emplace(peer.at("peer").as_string());
      return;
    }
    if (type == "left") {
      EXPECT_TRUE(message.contains("reason") || expect_left_ == id);
      believer = {};
      return;
    }
    if (type == "waiting" || type == "denied") {
      ASSERT_TRUE(believer.room.empty());
      EXPECT_EQ(believer.waits, type == "denied");
      believer.waits = type == "waiting";
      return;
    }
    if (type == "welcome" || type == "error") return;
    ASSERT_FALSE(believer.room.empty()) << "outside a room: " << Json(message);
    if (message.contains("room")) {
      EXPECT_EQ(std::string(message.at("room").as_string()), believer.room);
    }
    if (message.contains("seq")) {
      EXPECT_EQ(message.at("epoch").to_number<uint64_t>(), believer.epoch);
      EXPECT_EQ(message.at("seq").to_number<uint64_t>(), ++believer.seq) << Json(message);
    }
    if (type == "peer_waiting") {
      believer.lobby = std::string(message.at("peer").as_string());
    } else if (type == "peer_joined") {
      EXPECT_TRUE(believer.others.emplace(message.at("peer").as_string()).second);
    } else if (type == "peer_left") {
      EXPECT_EQ(believer.others.erase(std::string(message.at("peer").as_string())), 1u);
    } else if (type == "message") {
      EXPECT_TRUE(believer.others.contains(std::string(message.at("from").as_string())));
    }
  }

  void expect_agreement() {
    std::map<std::string, std::set<std::string>> rooms;
    for (const auto& [id, believer] : clients_) {
      if (!believer.room.empty()) rooms[believer.room].insert(believer.peer);
    }
    size_t members = 0;
    for (const auto& [id, believer] : clients_) {
      if (believer.room.empty()) continue;
      std::set<std::string> expected = rooms[believer.room];
      expected.erase(believer.peer);
      EXPECT_EQ(believer.others, expected) << believer.room;
    }
    for (const auto& [room, peers] : rooms) {
      EXPECT_LE(peers.size(), 4u);
      members += peers.size();
    }
    EXPECT_EQ(script_.hub().stats().sessions.value(), clients_.size());
    EXPECT_EQ(script_.hub().stats().rooms.value(), rooms.size());
    EXPECT_EQ(script_.hub().stats().members.value(), members);
    EXPECT_EQ(static_cast<int64_t>(script_.hub().stats().waiting.value()),
              std::count_if(clients_.begin(), clients_.end(), [](const auto& entry) { return entry.second.waits; }));
  }

  SeededRandom dice_{GetParam()};
  HubScript script_{generous(), GetParam()};
  std::map<SessionId, Believer> clients_;
  SessionId expect_left_;
};

TEST_P(RandomHub, EveryClientsPictureAgreesWithTheOthers) {
  script_.checks_schemas = false;
  for (int i = 0; i < 1500 && !HasFailure(); ++i) {
    step();
    read_all();
    expect_agreement();
  }
  for (const auto& [id, believer] : clients_) script_.closed(id);
  EXPECT_EQ(script_.hub().stats().members.value(), 0u);
  EXPECT_FALSE(script_.hub().next_deadline().has_value());
}

INSTANTIATE_TEST_SUITE_P(Seeds, RandomHub, testing::Range<uint64_t>(1, 9));

}  // namespace
}  // namespace noom::signal
