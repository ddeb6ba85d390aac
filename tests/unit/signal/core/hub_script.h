// A script for the hub: inputs with times go in, every output is kept per session until the test has taken it.
#pragma once

#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "signal/core/hub.h"
#include "tests/unit/signal/core/schema_check.h"

namespace noom::signal {

using Json = boost::json::value;

inline Json json(std::string_view text) {
  return boost::json::parse({text.data(), text.size()});
}

// What a client sees of a server.
class ServerSide {
 public:
  virtual ~ServerSide() = default;
  virtual SessionId connect() = 0;
  virtual void say(SessionId session, std::string_view text) = 0;
  // The next message for the session; null when there is none.
  virtual Json take(SessionId session) = 0;
  virtual void closed(SessionId session) = 0;
  // The client has gone without a word: no ping will be answered.
  virtual void lost(SessionId) {}
};

class HubScript : public ServerSide {
 public:
  explicit HubScript(Settings settings = {}, uint64_t seed = 1)
      : random_(seed),
        settings_(std::make_shared<const Settings>(std::move(settings))),
        hub_(std::make_unique<Hub>(settings_, random_)) {}

  // Every message of the server is held against its schema; off where there are very many.
  bool checks_schemas = true;

  Hub& hub() { return *hub_; }
  Now now() const { return now_; }

  std::variant<SessionId, OpenRefused> try_open(std::string_view address = "192.0.2.1",
                                                std::string host = "noom.example") {
    Output output;
    auto result = hub_->on_open(now_, {*IpAddress::parse(address), std::move(host)}, output);
    take_in(output);
    return result;
  }
  SessionId open(std::string_view address = "192.0.2.1", std::string host = "noom.example") {
    return std::get<SessionId>(try_open(address, std::move(host)));
  }
  SessionId greeted() {
    const SessionId session = open();
    say(session, R"({"type":"hello","protocol":"noom.v1"})");
    EXPECT_EQ(take(session).at("type"), "welcome");
    return session;
  }
  // Greeted and in the room; `joined` receives the answer.
  SessionId joined(std::string_view room, std::string_view name = "", Json* answer = nullptr) {
    const SessionId session = greeted();
    say(session, R"({"type":"join","room":")" + std::string(room) + R"(","name":")" + std::string(name) + "\"}");
    Json got = take(session);
    EXPECT_EQ(got.at("type"), "joined");
    if (answer != nullptr) *answer = std::move(got);
    return session;
  }

  SessionId connect() override { return open(); }
  void say(SessionId session, std::string_view text) override {
    feed([&](Output& output) { hub_->on_message(now_, session, text, output); });
  }
  void closed(SessionId session) override {
    feed([&](Output& output) { hub_->on_closed(now_, session, output); });
  }
  template <typename F>
  void feed(F&& call) {
    Output output;
    call(output);
    take_in(output);
  }
  // Runs every deadline on the way, each at its own time.
  void advance(Duration by) {
    const Mono end = now_.mono + by;
    while (hub_->next_deadline() && *hub_->next_deadline() <= end) {
      move_to(std::max(now_.mono, *hub_->next_deadline()));
      feed([&](Output& output) { hub_->on_tick(now_, output); });
    }
    move_to(end);
  }

  // The process drains, ends and begins anew after `pause`; what it said to anybody is over.
  void restart(Duration pause = {}) {
    feed([&](Output& output) { hub_->on_drain(now_, output); });
    const std::string saved = hub_->save(now_);
    begin_anew(pause);
    if (!saved.empty()) {
      EXPECT_TRUE(hub_->restore(now_, saved));
    }
  }
  void crash() { begin_anew({}); }

  Json take(SessionId session) override {
    auto& queue = inbox_[session];
    if (queue.empty()) return nullptr;
    Json first = json(queue.front());
    queue.erase(queue.begin());
    return first;
  }
  std::string take_text(SessionId session) {
    auto& queue = inbox_[session];
    if (queue.empty()) return {};
    std::string first = queue.front();
    queue.erase(queue.begin());
    return first;
  }
  // The code of the error that is next for the session; "" when something else is.
  std::string take_error(SessionId session) {
    const Json next = take(session);
    const Json* code = next.is_object() ? next.as_object().if_contains("code") : nullptr;
    return code != nullptr ? std::string(code->as_string()) : "";
  }
  // The code with which the session was closed; 0 when it was not.
  int close_code(SessionId session) const {
    const auto found = closes_.find(session);
    return found == closes_.end() ? 0 : found->second;
  }
  std::vector<SessionId> take_pings() { return std::exchange(pings_, {}); }
  std::vector<Event> take_events() { return std::exchange(events_, {}); }
  void forget_messages() { inbox_.clear(); }
  // Nothing that the test has not looked at.
  bool quiet() const {
    for (const auto& [session, queue] : inbox_) {
      if (!queue.empty()) return false;
    }
    return true;
  }

 private:
  void begin_anew(Duration pause) {
    move_to(now_.mono + pause);
    hub_ = std::make_unique<Hub>(settings_, random_);
    inbox_.clear();
    closes_.clear();
  }
  void take_in(Output& output) {
    for (const Delivery& delivery : output.deliveries) {
      EXPECT_FALSE(delivery.receivers.empty());
      if (checks_schemas) {
        EXPECT_EQ(schema_fault(Side::kServer, *delivery.text), "") << *delivery.text;
      }
      for (const SessionId receiver : delivery.receivers) {
        EXPECT_FALSE(closes_.contains(receiver)) << "delivered to a closed session: " << *delivery.text;
        inbox_[receiver].push_back(*delivery.text);
      }
    }
    for (const SessionId ping : output.pings) pings_.push_back(ping);
    for (const Close& close : output.closes) {
      EXPECT_TRUE(closes_.emplace(close.session, static_cast<int>(close.code)).second) << "closed twice";
    }
    for (Event& event : output.events) events_.push_back(std::move(event));
  }
  void move_to(Mono mono) {
    now_.wall += mono - now_.mono;
    now_.mono = mono;
  }

  Now now_{Mono{} + std::chrono::hours(1), Wall{} + std::chrono::seconds(1'800'000'000)};
  SeededRandom random_;
  std::shared_ptr<const Settings> settings_;
  std::unique_ptr<Hub> hub_;
  std::map<SessionId, std::vector<std::string>> inbox_;
  std::map<SessionId, int> closes_;
  std::vector<SessionId> pings_;
  std::vector<Event> events_;
};

}  // namespace noom::signal
