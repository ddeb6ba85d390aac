// Events of carriers go into the hub; its outputs come back through apply().
#include "signal/shell/switchboard.h"

#include <algorithm>
#include <utility>

#include "common/io/clocks.h"

namespace noom::signal {
namespace {

constexpr BucketLimit kEventLog{.per_second = 50,
                                .burst = 500};  // joins and leaves are at the clients' will, lines are not

}  // namespace

Switchboard::Switchboard(std::shared_ptr<const Settings> settings, const SwitchboardSettings& own, Random& random,
                         LogSink& log, ShellStats& stats, SwitchboardOwner& owner)
    : settings_(own), log_(log), stats_(stats), owner_(owner), hub_(std::move(settings), random) {}

std::variant<CarrierId, OpenRefused> Switchboard::open(Now now, const ClientInfo& client, ConnectionId connection) {
  const auto opened = hub_.on_open(now, client, output_);
  apply(now);
  if (const auto* refused = std::get_if<OpenRefused>(&opened)) return *refused;
  const SessionId session = std::get<SessionId>(opened);
  const CarrierId id = slots_.insert({.carrier = nullptr, .session = session, .connection = connection});
  if (session.index >= carrier_of_session_.size()) carrier_of_session_.resize(session.index + 1);
  carrier_of_session_[session.index] = id;
  return id;
}

void Switchboard::attach(CarrierId id, std::shared_ptr<Carrier> carrier) {
  stats_.carriers[carrier->kind()].add();
  stats_.carriers_opened[carrier->kind()].add();
  slots_.find(id)->carrier = std::move(carrier);
  set_deadline(id, settings_.accept_deadline);
}

void Switchboard::on_accepted(CarrierId id) {
  if (!slots_.find(id)->closing) deadlines_.clear(id.index);
}
void Switchboard::on_text(CarrierId id, std::string_view text) {
  call_hub([&](Now now) { hub_.on_message(now, slots_.find(id)->session, text, output_); });
}
void Switchboard::on_binary(CarrierId id) {
  call_hub([&](Now now) { hub_.on_binary(now, slots_.find(id)->session, output_); });
}
void Switchboard::on_oversize(CarrierId id) {
  call_hub([&](Now now) { hub_.on_oversize(now, slots_.find(id)->session, output_); });
}
void Switchboard::on_alive(CarrierId id) {
  hub_.on_pong(io::read_clocks(), slots_.find(id)->session);
}

void Switchboard::on_deaf(CarrierId id) {
  set_deadline(id, settings_.last_words);
}

void Switchboard::on_end(CarrierId id, size_t label) {
  const Slot slot = *slots_.find(id);
  if (slot.carrier) {
    stats_.closes[label].add();
    stats_.carriers[slot.carrier->kind()].subtract();
  }
  slots_.erase(id);
  deadlines_.clear(id.index);
  call_hub([&](Now now) { hub_.on_closed(now, slot.session, output_); });
  if (slot.connection.valid()) owner_.on_carrier_end(slot.connection);
}

// ---- the hub's outputs ----

template <typename F>
void Switchboard::call_hub(F&& call) {
  const Now now = io::read_clocks();
  call(now);
  apply(now);
}

// Deliveries may find a reader too slow; what the hub then says to the others is carried out in turn.
void Switchboard::apply(Now now) {
  while (!output_.empty()) {
    std::swap(output_, doing_);
    for (const BusFrame& frame : doing_.bus) {
      if (bus_ != nullptr) bus_->publish(frame);
    }
    for (const Revocation& revocation : doing_.revocations) {
      if (bus_ != nullptr) bus_->revoke(revocation);
      if (settings_.on_revocation) settings_.on_revocation(revocation);
    }
    for (const Delivery& delivery : doing_.deliveries) deliver(delivery);
    for (const SessionId session : doing_.pings) {
      if (Carrier* carrier = to_carrier(session)) carrier->ping();
    }
    for (const Close& one : doing_.closes) close(one, Carrier::Queue::kFlush);
    for (const Event& event : doing_.events) log_event(now, event);
    for (const OperatorReply& one : doing_.replies) reply(one);
    if (settings_.on_notice) std::ranges::for_each(doing_.notices, settings_.on_notice);
    doing_.clear();
    for (const SessionId session : std::exchange(slow_, {})) {
      close({session, CloseCode::kSlowReader, "reads too slowly"}, Carrier::Queue::kDrop);
      hub_.on_closed(now, session, output_);
    }
  }
  if (std::exchange(view_told_, hub_.view_version()) != hub_.view_version()) owner_.on_nodes_changed();
  owner_.on_deadlines_changed();
}

void Switchboard::deliver(const Delivery& delivery) {
  for (const SessionId receiver : delivery.receivers) {
    Carrier* carrier = to_carrier(receiver);
    if (carrier == nullptr) continue;
    const bool fits = carrier->send(delivery) || delivery.replay;
    if (!fits || stats_.queued_bytes.value() > settings_.outbound_bytes_total_max) slow_.push_back(receiver);
  }
}

void Switchboard::close(const Close& close, Carrier::Queue queue) {
  Carrier* carrier = to_carrier(close.session);
  if (carrier == nullptr) return;
  const CarrierId id = carrier_of_session_[close.session.index];
  slots_.find(id)->closing = true;
  set_deadline(id, settings_.close_deadline);
  carrier->close(close.code, close.reason, queue);
}

void Switchboard::log_event(Now now, const Event& event) {
  if (!log_.enabled(event.level) || !event_log_.take(kEventLog, now.mono)) return;
  if (event.room.empty()) {
    log_.log(event.level, event.name, {{"session", event.session}, event.detail});
  } else {
    log_.log(event.level, event.name,
             {{"room", event.room}, {"peer", event.peer}, {"session", event.session}, event.detail});
  }
}

// nullptr when the session has no carrier yet, or none any more.
Carrier* Switchboard::to_carrier(SessionId session) {
  if (session.index >= carrier_of_session_.size()) return nullptr;
  Slot* slot = slots_.find(carrier_of_session_[session.index]);
  return slot != nullptr && slot->session == session ? slot->carrier.get() : nullptr;
}

// ---- other nodes ----

void Switchboard::join_cluster(const ClusterOptions& options) {
  hub_.join_cluster(options.self, options.settings);
}
void Switchboard::use_bus(std::unique_ptr<bus::Bus> bus, const ClusterOptions& options) {
  bus_ = std::make_unique<HubBus>(std::move(bus), options, *this);
}
bool Switchboard::pass(const NodeId& to, std::string bytes) {
  return bus_ != nullptr && bus_->pass(to, std::move(bytes));
}
void Switchboard::leave_cluster() {
  call_hub([&](Now now) { hub_.leave_cluster(now, output_); });
}
void Switchboard::on_bus(bool is_connected) {
  call_hub([&](Now now) { hub_.on_bus(now, is_connected, output_); });
}
void Switchboard::on_bus_frame(std::string_view bytes) {
  call_hub([&](Now now) { hub_.on_bus_frame(now, bytes, output_); });
}
void Switchboard::on_relay_status(const RelayStatus& status) {
  call_hub([&](Now now) { hub_.on_relay_status(now, status, output_); });
}
void Switchboard::on_revocation(const Revocation& revocation) {
  hub_.on_revocation(io::read_clocks(), revocation);
}

// ---- time and the end ----

void Switchboard::set_deadline(CarrierId id, Duration patience) {
  deadlines_.set(id.index, io::read_clocks().mono + patience);
  owner_.on_deadlines_changed();
}

void Switchboard::on_tick(Now now) {
  while (const auto index = deadlines_.pop_due(now.mono)) {
    if (const Slot* slot = slots_.find(slots_.at_index(*index)); slot->carrier) slot->carrier->abort();
  }
  hub_.on_tick(now, output_);
  apply(now);
}

std::optional<Mono> Switchboard::next_deadline() const {
  const auto hub = hub_.next_deadline();
  const auto own = deadlines_.next();
  if (!hub || !own) return hub ? hub : own;
  return std::min(*hub, *own);
}

void Switchboard::drain(Now now) {
  hub_.on_drain(now, output_);
  apply(now);
}

void Switchboard::ask(const std::function<void(Operator&)>& question) {
  call_hub([&](Now now) {
    Operator by(hub_, now, output_);
    question(by);
  });
}

void Switchboard::ask(const OperatorQuestion& question, std::function<void(const OperatorAnswer&)> answer) {
  call_hub([&](Now now) {
    const auto given = Operator(hub_, now, output_).ask(question);
    if (const auto* number = std::get_if<uint64_t>(&given)) {
      questions_.emplace(*number, std::move(answer));
    } else {
      answer(std::get<OperatorAnswer>(given));
    }
  });
}

void Switchboard::reply(const OperatorReply& reply) {
  if (const auto question = questions_.extract(reply.number)) question.mapped()(reply.answer);
}

void Switchboard::abort_all() {
  std::vector<std::shared_ptr<Carrier>> carriers;
  slots_.for_each([&](CarrierId, const Slot& slot) { carriers.push_back(slot.carrier); });
  for (const auto& carrier : carriers) {
    if (carrier) carrier->abort();
  }
}

}  // namespace noom::signal
