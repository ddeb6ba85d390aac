#include "signal/core/hub.h"

#include <algorithm>
#include <array>

#include "common/wire/digest.h"
#include "signal/core/cluster/nodes.h"
#include "signal/core/tags.h"

namespace noom::signal {
namespace {

constexpr size_t kOpeningAddressesMax = 65'536;  // two generations of at most 48 bytes each: 6 MB
constexpr uint32_t kFullRetryAfter = 30;         // seconds: sessions end one by one
constexpr uint32_t kDrainRetryAfter = 2;         // seconds: another process is about to take over

Secret draw_key(Random& random) {
  std::array<std::byte, 32> key{};
  random.fill(key);
  Secret secret{Bytes(key)};
  secure_zero(key);
  return secret;
}

// Short enough to cost no allocation; whoever has no key cannot find the address by trying them all.
std::string mark_of(const Secret& key, const IpAddress& address) {
  constexpr size_t kMarkBytes = 12;
  const std::string text = opening_key(address).to_string();
  const auto mac = wire::hmac_sha256(key.bytes(), {as_bytes("noom-signal address mark"), as_bytes(text)});
  return std::string(as_text(Bytes(mac).first(kMarkBytes)));
}

}  // namespace

std::string_view to_string(OpenRefusal refusal) {
  switch (refusal) {
    case OpenRefusal::kRateLimited:
      return "rate_limited";
    case OpenRefusal::kServerFull:
      return "server_full";
    case OpenRefusal::kGoingAway:
      break;
  }
  return "going_away";
}

Hub::Hub(std::shared_ptr<const Settings> settings, Random& random)
    : settings_(std::move(settings)),
      random_(random),
      admission_(settings_->admission != nullptr ? settings_->admission
                                                 : std::make_shared<const Admission>(Admission::Rules())),
      key_(settings_->resume_key.empty() ? draw_key(random) : settings_->resume_key.clone()),
      tickets_(key_.clone(), "noom-signal session ticket", kTicketRotation),
      host_(settings_, random_, stats_),
      openings_(settings_->openings, kOpeningAddressesMax) {}

std::variant<SessionId, OpenRefused> Hub::on_open(Now now, const ClientInfo& client, Output& output) {
  const auto refuse_open = [&](OpenRefusal reason, uint32_t retry_after_s) {
    stats_.sessions_refused[static_cast<size_t>(reason)].add();
    return OpenRefused{reason, retry_after_s};
  };
  if (draining_) return refuse_open(OpenRefusal::kGoingAway, kDrainRetryAfter);
  const bool exempt =
      std::any_of(settings_->openings_exempt.begin(), settings_->openings_exempt.end(),
                  [&](const auth::IpPrefix& prefix) { return prefix.contains(client.address.unmapped()); });
  if (!exempt && !openings_.take(now.mono, client.address)) {
    return refuse_open(OpenRefusal::kRateLimited, whole_seconds(openings_.wait_s(client.address)));
  }
  if (sessions_.size() >= settings_->sessions_max) return refuse_open(OpenRefusal::kServerFull, kFullRetryAfter);

  Session session;
  session.host = client.host;
  session.tag = draw_tag(random_, "s_");
  session.mark = mark_of(key_, client.address);
  session.heard = now.mono;
  const SessionId id = sessions_.insert(std::move(session));
  deadlines_.set(id.index, now.mono + settings_->hello_timeout);
  stats_.sessions.add();
  stats_.sessions_opened.add();
  output.events.push_back(
      {LogLevel::kDebug, "session_opened", {"address", client.address.to_string()}, sessions_.find(id)->tag, {}, {}});
  return id;
}

void Hub::on_pong(Now now, SessionId id) {
  if (Session* session = sessions_.find(id)) session->heard = now.mono;
}

void Hub::on_closed(Now now, SessionId id, Output& output) {
  end_session(now, id, LeaveReason::kClosed, output);
  heed(now, output);
}

void Hub::on_tick(Now now, Output& output) {
  tick_nodes(now, output);
  while (const auto index = deadlines_.pop_due(now.mono)) on_deadline(now, sessions_.at_index(*index), output);
  while (const auto index = seat_deadlines_.pop_due(now.mono)) on_seat_deadline(now, seats_.at_index(*index), output);
  for (const RelayNode relay : ice_ranking_.expire(now.mono)) move_away_from(now, relay);
  RoomOutput said;
  host_.on_tick(now, said);
  obey(now, said, output);
  heed(now, output);
}

std::optional<Mono> Hub::next_deadline() const {
  std::optional<Mono> first;
  for (const auto next : {deadlines_.next(), seat_deadlines_.next(), host_.next_deadline(),
                          ice_ranking_.next_deadline(), next_node_deadline()}) {
    if (next && (!first || *next < *first)) first = next;
  }
  return first;
}

// A session that was heard since its deadline was set gets a new one without a ping: only silence costs a frame.
void Hub::on_deadline(Now now, SessionId id, Output& output) {
  Session* session = sessions_.find(id);
  if (session->stage == SessionStage::kOpened) {
    return close_session(now, id, CloseCode::kNoHello, "no hello in time", LeaveReason::kTimeout, output);
  }
  if (session->stage == SessionStage::kPinged && session->heard < session->pinged) {
    return close_session(now, id, CloseCode::kPingTimeout, "no answer to a ping", LeaveReason::kTimeout, output);
  }
  const Mono ping_due = session->heard + settings_->ping_interval;
  if (ping_due > now.mono) {
    session->stage = SessionStage::kGreeted;
    deadlines_.set(id.index, ping_due);
  } else {
    session->stage = SessionStage::kPinged;
    session->pinged = now.mono;
    deadlines_.set(id.index, now.mono + settings_->ping_timeout);
    output.pings.push_back(id);
  }
  Seat* seat = seats_.find(session->seat);
  if (seat != nullptr && seat->can_resume && now.wall - seat->ticket_made > kTicketRotation / 2)
    tell(build_ticket(new_ticket(now, *seat)), id, output);
}

void Hub::end_session(Now now, SessionId id, LeaveReason reason, Output& output) {
  Session* session = sessions_.find(id);
  if (session == nullptr) return;
  const SeatId seat = session->seat;
  output.events.push_back({LogLevel::kDebug, "session_closed", {"reason", to_string(reason)}, session->tag, {}, {}});
  deadlines_.clear(id.index);
  if (nodes_ != nullptr) nodes_->coming.erase(id);
  sessions_.erase(id);
  stats_.sessions.subtract();
  if (seats_.find(seat) != nullptr) leave_seat(now, seat, reason, output);
}

void Hub::close_session(Now now, SessionId id, CloseCode code, std::string_view why, LeaveReason reason,
                        Output& output) {
  output.closes.push_back({id, code, why});
  end_session(now, id, reason, output);
}

void Hub::deliver(std::string text, SeatId receiver, Output& output) {
  const SeatAddress address{kThisNode, receiver};
  deliver(std::move(text), {&address, 1}, output);
}

void Hub::deliver(std::string text, std::span<const SeatAddress> receivers, Output& output, Supersedable by) {
  Delivery delivery;
  delivery.text = std::make_shared<const std::string>(std::move(text));
  delivery.receivers.reserve(receivers.size());
  for (const SeatAddress& receiver : receivers) {
    Seat* seat = receiver.node == kThisNode ? seats_.find(receiver.seat) : nullptr;
    if (seat == nullptr) continue;
    keep(*seat, delivery.text);
    if (seat->session.valid()) delivery.receivers.push_back(seat->session);
  }
  if (delivery.receivers.empty()) return;
  if (by.subject != 0) {
    delivery.subject = by.subject;
    delivery.stub = std::make_shared<const std::string>(std::move(by.stub));
  }
  stats_.deliveries.add(delivery.receivers.size());
  output.deliveries.push_back(std::move(delivery));
}

void Hub::keep(Seat& seat, const Text& text) {
  if (!seat.can_resume) return;
  stats_.replay_bytes.subtract(seat.outbox.bytes());
  seat.outbox.append(text, settings_->replay_bytes_max);
  stats_.replay_bytes.add(seat.outbox.bytes());
  if (stats_.replay_bytes.value() <= settings_->replay_bytes_total_max) return;
  forget_kept(seat);
  stats_.replays_dropped.add();
}

void Hub::forget_kept(Seat& seat) {
  stats_.replay_bytes.subtract(seat.outbox.bytes());
  seat.outbox.forget();
}

void Hub::tell(std::string text, SessionId receiver, Output& output) {
  stats_.deliveries.add();
  Delivery delivery;
  delivery.text = std::make_shared<const std::string>(std::move(text));
  delivery.receivers = {receiver};
  output.deliveries.push_back(std::move(delivery));
}

}  // namespace noom::signal
