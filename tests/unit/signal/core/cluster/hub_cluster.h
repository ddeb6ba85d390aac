// Three hubs on a bus in memory, and clients of any of them: the ground of scripts about rooms over several nodes.
#pragma once

#include "signal/core/cluster/rendezvous.h"
#include "tests/unit/signal/core/cluster/cluster_world.h"

namespace noom::signal {

class HubCluster : public testing::Test {
 protected:
  HubCluster() {
    Settings settings;
    settings.resume_key = Secret(as_bytes(std::string_view("0123456789abcdef0123456789abcdef")));
    settings.openings = {.per_second = 0, .burst = 0};
    Admission::Rules rules;
    rules.takes_tickets = true;
    rules.ticket_key = Secret(std::string_view("0123456789abcdef0123456789abcdef"));
    settings.admission = std::make_shared<const Admission>(std::move(rules));
    settings_ = std::make_shared<const Settings>(std::move(settings));
    for (const char* name : {"a", "b", "c"}) start(name);
    bus_.run_for(std::chrono::seconds(3));
  }

  HubNode& start(const std::string& name) {
    nodes_[name] = std::make_unique<HubNode>(bus_, name, settings_, ++seed_);
    return *nodes_[name];
  }
  HubNode& node(const std::string& name) { return *nodes_.at(name); }
  void crash(const std::string& name) { nodes_.erase(name); }

  // A room that `owner` has.
  std::string room_of(const std::string& owner) {
    for (int i = 0;; ++i) {
      const std::string room = "room" + std::to_string(i);
      std::string best;
      uint64_t weight = 0;
      for (const auto& [name, hub] : nodes_) {
        const uint64_t mine = rendezvous_weight(stable_hash(name), stable_hash(room));
        if (best.empty() || mine > weight) {
          best = name;
          weight = mine;
        }
      }
      if (best == owner) return room;
    }
  }

  std::unique_ptr<ResumingClient> join(const std::string& at, const std::string& room) {
    auto client = std::make_unique<ResumingClient>(node(at));
    client->connect();
    client->hear();
    client->say(R"({"type":"join","id":1,"room":")" + room + "\"}");
    client->speak();
    bus_.run_for(std::chrono::milliseconds(100));
    client->hear();
    EXPECT_FALSE(client->peer().empty());
    return client;
  }
  // What of that type was heard since the last call; the rest is forgotten.
  static std::vector<Json> heard(ResumingClient& client, std::string_view type) {
    client.hear();
    std::vector<Json> found;
    for (Json& message : client.heard) {
      if (message.at("type").as_string() == type) found.push_back(std::move(message));
    }
    client.heard.clear();
    return found;
  }
  void say(ResumingClient& client, const std::string& text) {
    client.say(text);
    client.speak();
    bus_.run_for(std::chrono::milliseconds(20));
  }

  MemoryBus bus_{7};
  std::shared_ptr<const Settings> settings_;
  uint64_t seed_ = 0;
  std::map<std::string, std::unique_ptr<HubNode>> nodes_;
};

inline constexpr const char* kHi = R"({"type":"send","data":"hi"})";

}  // namespace noom::signal
