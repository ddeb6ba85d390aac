// Whatever clients send to the hub: it keeps its account, says only valid noom.v1 messages, and only to sessions that
// it has. A line of input is one step: its first byte says whose message the rest is (0 to 7), or that a session closes
// (c), that time passes (t), that a message was too big (o).
#include <algorithm>
#include <array>
#include <memory>
#include <set>
#include <string>

#include "signal/core/hub.h"
#include "signal/core/json_text.h"
#include "signal/core/requests.h"
#include "tests/fuzz/property.h"

namespace noom::signal {
namespace {

constexpr size_t kSessions = 8;

std::shared_ptr<const Settings> settings() {
  auto values = std::make_shared<Settings>();
  values->openings = values->requests = values->sends = values->joins = values->acks = values->moderation =
      values->room_events = {};
  values->resume_window = std::chrono::seconds(30);
  values->replay_bytes_max = 4096;
  values->room_capacity = 3;
  values->rooms_max = 4;
  values->ice_urls = {"stun:{host}:3478", "turn:{host}:3478"};
  values->turn_secret = Secret("secret");
  return values;
}

class Steps {
 public:
  Steps() {
    for (size_t i = 0; i < kSessions; ++i) open(i);
  }

  void take(std::string_view line) {
    if (line.empty()) return;
    const size_t who = static_cast<unsigned char>(line.back()) % kSessions;
    switch (line.front()) {
      case 'c':
        hub_.on_closed(now_, sessions_[who], output_);
        live_.erase(sessions_[who]);
        open(who);
        break;
      case 't':
        now_.mono += std::chrono::seconds(4);
        now_.wall += std::chrono::seconds(4);
        hub_.on_tick(now_, output_);
        break;
      case 'o':
        hub_.on_oversize(now_, sessions_[who], output_);
        break;
      default:
        hub_.on_message(now_, sessions_[static_cast<unsigned char>(line.front()) % kSessions], line.substr(1), output_);
    }
    check_output();
  }

  void end() {
    for (const SessionId session : sessions_) {
      hub_.on_closed(now_, session, output_);
      live_.erase(session);
      check_output();
    }
    NOOM_PROPERTY(hub_.stats().sessions.value() == 0);
    now_.mono += std::chrono::hours(1);
    hub_.on_tick(now_, output_);
    output_.clear();
    NOOM_PROPERTY(hub_.stats().rooms.value() == 0);
    NOOM_PROPERTY(hub_.stats().members.value() == 0);
    NOOM_PROPERTY(hub_.stats().waiting.value() == 0);
    NOOM_PROPERTY(hub_.stats().away.value() == 0);
    NOOM_PROPERTY(hub_.stats().replay_bytes.value() == 0);
    NOOM_PROPERTY(!hub_.next_deadline());
  }

 private:
  void open(size_t who) {
    sessions_[who] = std::get<SessionId>(hub_.on_open(now_, {IpAddress(), "host"}, output_));
    live_.insert(sessions_[who]);
  }

  void check_output() {
    for (const Delivery& delivery : output_.deliveries) {
      NOOM_PROPERTY(is_json_object(*delivery.text, kJsonDepthMax + 2));
      for (const SessionId receiver : delivery.receivers) NOOM_PROPERTY(live_.contains(receiver));
    }
    for (const Close& close : output_.closes) {
      NOOM_PROPERTY(live_.erase(close.session) == 1);
      open(static_cast<size_t>(std::find(sessions_.begin(), sessions_.end(), close.session) - sessions_.begin()));
    }
    output_.clear();
    NOOM_PROPERTY(hub_.stats().sessions.value() == live_.size());
    NOOM_PROPERTY(hub_.stats().members.value() <= live_.size() + hub_.stats().away.value());
  }

  Now now_{Mono{} + std::chrono::hours(1), Wall{} + std::chrono::seconds(1'800'000'000)};
  SeededRandom random_{1};
  Hub hub_{settings(), random_};
  Output output_;
  std::array<SessionId, kSessions> sessions_;
  std::set<SessionId> live_;
};

// What was taken out of a valid frame is valid by itself.
void check_parser(std::string_view text) {
  const auto parsed = parse_request(text);
  const auto* request = std::get_if<Request>(&parsed);
  if (request == nullptr) return;
  if (const auto* send = std::get_if<Send>(&request->body)) {
    NOOM_PROPERTY(is_json_object("{\"data\":" + std::string(send->data_json) + "}", kJsonDepthMax));
  }
  if (const auto* join = std::get_if<Join>(&request->body)) {
    NOOM_PROPERTY(is_json_object(join->metadata_json, kJsonDepthMax));
    std::string name;
    append_json_string(name, join->name);
    NOOM_PROPERTY(decode_json_string(name) == join->name);
  }
}

}  // namespace
}  // namespace noom::signal

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  noom::signal::Steps steps;
  for (size_t at = 0; at < input.size();) {
    const size_t end = std::min(input.find('\n', at), input.size());
    const std::string_view line = input.substr(at, end - at);
    steps.take(line);
    if (!line.empty()) noom::signal::check_parser(line.substr(1));
    at = end + 1;
  }
  steps.end();
  return 0;
}
