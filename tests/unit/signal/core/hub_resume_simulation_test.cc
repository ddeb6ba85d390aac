// Seeded: clients in rooms lose their links at any moment, with whatever is on its way, are noticed to be gone or not,
// and resume; the server restarts. Everybody numbers what they send. However it goes, each receiver gets each sender's
// messages exactly once and in order, and the room's events without a gap.
#include "tests/unit/signal/core/resuming_client.h"

namespace noom::signal {
namespace {

constexpr size_t kRooms = 3;
constexpr size_t kPerRoom = 4;

struct Actor {
  Actor(HubScript& script, size_t number)
      : client(script), room("room" + std::to_string(number % kRooms)), name("n" + std::to_string(number)) {}

  ResumingClient client;
  std::string room;
  std::string name;
  int broadcasts = 0;
  std::map<std::string, int> targeted;                      // sent, by name of the receiver
  std::map<std::string, int> got_broadcasts, got_targeted;  // by name of the sender
  std::map<std::string, std::string> name_of_peer;
  uint64_t epoch = 0;
  uint64_t seq = 0;
};

class ResumeSimulation : public testing::TestWithParam<uint64_t> {
 protected:
  static Settings generous() {
    Settings settings;
    settings.openings = settings.requests = settings.sends = settings.joins = settings.acks = settings.room_events = {};
    settings.resume_window = std::chrono::hours(10);
    settings.resume_key = Secret("0123456789abcdef0123456789abcdef");
    return settings;
  }

  void SetUp() override {
    script_.checks_schemas = false;
    for (size_t i = 0; i < kRooms * kPerRoom; ++i) {
      actors_.emplace_back(script_, i);
      Actor& actor = actors_.back();
      actor.client.connect();
      actor.client.hear();
      actor.client.say(R"({"type":"join","room":")" + actor.room + R"(","name":")" + actor.name + "\"}");
      actor.client.speak();
    }
    for (Actor& actor : actors_) read(actor);
  }

  Actor& anybody() { return actors_[dice_.below(static_cast<uint32_t>(actors_.size()))]; }

  void step() {
    Actor& actor = anybody();
    const uint32_t dice = dice_.below(100);
    if (dice < 25) {
      actor.client.say(R"({"type":"send","data":["all",)" + std::to_string(++actor.broadcasts) + "]}");
    } else if (dice < 40) {
      const auto to =
          std::next(actor.name_of_peer.begin(), dice_.below(static_cast<uint32_t>(actor.name_of_peer.size())));
      actor.client.say(R"({"type":"send","id":1,"to":")" + to->first + R"(","data":["one",)" +
                       std::to_string(++actor.targeted[to->second]) + "]}");
    } else if (dice < 45) {
      actor.client.say(R"({"type":"update","metadata":{"n":)" + std::to_string(dice) + "}}");
    } else if (dice < 65) {
      actor.client.speak(dice_.below(6));
    } else if (dice < 80) {
      actor.client.hear(dice_.below(12));
      check(actor);
    } else if (dice < 84) {
      if (actor.client.connected()) actor.client.ack();
    } else if (dice < 90) {
      if (actor.client.connected()) actor.client.lose(dice_.below(2) == 0);
    } else if (dice < 97) {
      if (!actor.client.connected()) actor.client.connect();
    } else if (dice < 99) {
      advance(dice_.below(8'000));
    } else if (dice_.below(3) == 0) {
      script_.restart(std::chrono::milliseconds(dice_.below(5'000)));
      for (Actor& each : actors_) each.client.forget_link();
    }
  }

  // The server gives up silent connections on the way; their clients notice nothing yet.
  void advance(uint32_t milliseconds) {
    script_.advance(std::chrono::milliseconds(milliseconds));
    for (const SessionId pinged : script_.take_pings()) {
      if (dice_.below(3) > 0) script_.hub().on_pong(script_.now(), pinged);
    }
    for (Actor& actor : actors_) {
      if (actor.client.connected() && script_.close_code(actor.client.session()) != 0) actor.client.forget_link();
    }
  }

  void read(Actor& actor) {
    actor.client.hear();
    check(actor);
  }

  void check(Actor& actor) {
    for (const Json& message : actor.client.heard) check(actor, message.as_object());
    actor.client.heard.clear();
    EXPECT_EQ(actor.client.not_recovered, 0);
  }

  void check(Actor& actor, const boost::json::object& message) {
    const std::string type(message.at("type").as_string());
    ASSERT_NE(type, "error") << Json(message);
    if (type == "joined") {
      actor.epoch = message.at("epoch").to_number<uint64_t>();
      actor.seq = message.at("seq").to_number<uint64_t>();
      for (const auto& peer : message.at("peers").as_array()) meet(actor, peer.as_object());
      return;
    }
    ASSERT_NE(type, "peer_left");
    if (message.contains("seq")) {
      EXPECT_EQ(message.at("epoch").to_number<uint64_t>(), actor.epoch);
      ASSERT_EQ(message.at("seq").to_number<uint64_t>(), ++actor.seq) << actor.name << ": " << Json(message);
    }
    if (type == "peer_joined") meet(actor, message);
    if (type != "message") return;
    const std::string& from = actor.name_of_peer.at(std::string(message.at("from").as_string()));
    auto& got = message.at("broadcast").as_bool() ? actor.got_broadcasts : actor.got_targeted;
    ASSERT_EQ(message.at("data").at(1), ++got[from]) << actor.name << " from " << from;
  }

  static void meet(Actor& actor, const boost::json::object& peer) {
    actor.name_of_peer[std::string(peer.at("peer").as_string())] = std::string(peer.at("name").as_string());
  }

  // Everybody comes back and everything arrives.
  void settle() {
    for (int round = 0; round < 5; ++round) {
      for (Actor& actor : actors_) {
        if (!actor.client.connected()) actor.client.connect();
        actor.client.hear();
        actor.client.speak();
      }
      for (Actor& actor : actors_) read(actor);
    }
  }

  SeededRandom dice_{GetParam()};
  HubScript script_{generous(), GetParam()};
  std::vector<Actor> actors_;
};

TEST_P(ResumeSimulation, EveryMessageArrivesExactlyOnceAndInOrder) {
  for (int i = 0; i < 3'000 && !HasFatalFailure() && !HasNonfatalFailure(); ++i) step();
  settle();
  int recovered = 0;
  for (const Actor& to : actors_) {
    recovered += to.client.recovered;
    for (const Actor& from : actors_) {
      if (from.room != to.room || from.name == to.name) continue;
      const auto count = [](const std::map<std::string, int>& counts, const std::string& name) {
        const auto found = counts.find(name);
        return found == counts.end() ? 0 : found->second;
      };
      EXPECT_EQ(count(to.got_broadcasts, from.name), from.broadcasts) << to.name << " from " << from.name;
      EXPECT_EQ(count(to.got_targeted, from.name), count(from.targeted, to.name)) << to.name << " from " << from.name;
    }
  }
  EXPECT_GT(recovered, 20) << "the simulation should break links";
  for (Actor& actor : actors_) actor.client.ack();
  EXPECT_EQ(script_.hub().stats().replay_bytes.value(), 0u);
  EXPECT_EQ(script_.hub().stats().members.value(), kRooms * kPerRoom);
}

INSTANTIATE_TEST_SUITE_P(Seeds, ResumeSimulation, testing::Range<uint64_t>(1, 9));

}  // namespace
}  // namespace noom::signal
