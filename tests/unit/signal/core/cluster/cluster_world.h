// Several hubs on a bus in memory, in virtual time, and clients that go from one to the other.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "signal/core/operator.h"
#include "tests/unit/signal/core/cluster/memory_bus.h"
#include "tests/unit/signal/core/resuming_client.h"

namespace noom::signal {

// One process of noom-signal. Clients answer pings.
class HubNode final : public MemoryBus::Node, public ServerSide {
 public:
  HubNode(MemoryBus& bus, std::string name, std::shared_ptr<const Settings> settings, uint64_t seed)
      : bus_(bus), name_(std::move(name)), random_(seed), hub_(std::make_unique<Hub>(std::move(settings), random_)) {
    hub_->join_cluster({name_, make_incarnation(bus_.now().wall, random_)}, {});
    bus_.attach(name_, *this);
    set_connected(true);
  }
  ~HubNode() override { bus_.detach(*this); }

  void set_connected(bool is_connected) {
    feed([&](Output& output) { hub_->on_bus(bus_.now(), is_connected, output); });
  }

  void on_frame(Now now, std::string_view bytes) override {
    feed([&](Output& output) { hub_->on_bus_frame(now, bytes, output); });
  }
  void on_tick(Now now) override {
    feed([&](Output& output) { hub_->on_tick(now, output); });
  }
  std::optional<Mono> next_deadline() const override { return hub_->next_deadline(); }

  SessionId connect() override {
    SessionId session;
    feed([&](Output& output) {
      session =
          std::get<SessionId>(hub_->on_open(bus_.now(), {*IpAddress::parse("192.0.2.1"), "noom.example"}, output));
    });
    return session;
  }
  void say(SessionId session, std::string_view text) override {
    feed([&](Output& output) { hub_->on_message(bus_.now(), session, text, output); });
  }
  Json take(SessionId session) override {
    auto& queue = inbox_[session];
    if (queue.empty()) return nullptr;
    Json first = json(queue.front());
    queue.erase(queue.begin());
    return first;
  }
  void closed(SessionId session) override {
    feed([&](Output& output) { hub_->on_closed(bus_.now(), session, output); });
  }
  void lost(SessionId session) override { lost_.insert(session); }
  // The answer if it is there at once; otherwise its number, and `replies` has it later.
  std::variant<OperatorAnswer, uint64_t> ask(const OperatorQuestion& question) {
    std::variant<OperatorAnswer, uint64_t> given;
    feed([&](Output& output) { given = Operator(*hub_, bus_.now(), output).ask(question); });
    return given;
  }
  std::map<uint64_t, OperatorAnswer> replies;
  std::vector<Revocation> revocations;
  // What the process leaves behind at its end.
  std::string end() {
    drain();
    bus_.run_for(std::chrono::milliseconds(100));
    std::string saved = hub_->save(bus_.now());
    feed([&](Output& output) { hub_->leave_cluster(bus_.now(), output); });
    return saved;
  }
  void drain() {
    feed([&](Output& output) { hub_->on_drain(bus_.now(), output); });
  }

  Hub& hub() { return *hub_; }
  const std::string& name() const { return name_; }
  bool was_closed(SessionId session) const { return closes_.contains(session); }

 private:
  template <typename F>
  void feed(F&& call) {
    Output output;
    call(output);
    bus_.publish(*this, output.bus);
    for (const Delivery& delivery : output.deliveries) {
      for (const SessionId receiver : delivery.receivers) inbox_[receiver].push_back(*delivery.text);
    }
    for (OperatorReply& reply : output.replies) replies.emplace(reply.number, std::move(reply.answer));
    for (Revocation& revocation : output.revocations) revocations.push_back(std::move(revocation));
    for (const Close& close : output.closes) closes_[close.session] = static_cast<int>(close.code);
    for (const SessionId session : output.pings) {
      if (!lost_.contains(session)) hub_->on_pong(bus_.now(), session);
    }
  }

  MemoryBus& bus_;
  std::string name_;
  SeededRandom random_;
  std::unique_ptr<Hub> hub_;
  std::map<SessionId, std::vector<std::string>> inbox_;
  std::map<SessionId, int> closes_;
  std::set<SessionId> lost_;
};

}  // namespace noom::signal
