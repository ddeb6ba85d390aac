// Hello, losing a connection, and coming back to the same seat: docs/protocol/noom-v1.md, "Resuming".
#include <algorithm>
#include <utility>

#include "signal/core/cluster/nodes.h"
#include "signal/core/hub.h"

namespace noom::signal {
namespace {

constexpr uint64_t kAckEvery = 16;   // messages of a client; what it keeps to send again is bounded by that
constexpr int kLifeRandomBits = 20;  // two nodes may begin a session's next life in the same millisecond

}  // namespace

void Hub::handle(Asking& asking, Hello& hello) {
  if (asking.session.stage != SessionStage::kOpened)
    return refuse(asking, ErrorCode::kAlreadyGreeted, "hello was said already.");
  if (hello.protocol != kProtocol)
    return refuse(asking, ErrorCode::kProtocolUnsupported, "This server speaks noom.v1.");
  if (settings_->resume_window <= Duration::zero()) {
    hello.can_resume = false;
    hello.resume.reset();
  }
  asking.session.stage = SessionStage::kGreeted;
  deadlines_.set(asking.id.index, asking.now.mono + settings_->ping_interval);
  if (!hello.resume) {
    make_seat(asking, hello, {});
    return welcome(asking, hello, std::nullopt);
  }
  const Found found = find_seat(asking.now, *hello.resume, asking.output);
  if (found.outcome == ResumeOutcome::kSessionUnknown && fetch_seat(asking, hello, found.ticket)) return;
  stats_.resumes[static_cast<size_t>(found.outcome)].add();
  if (found.seat.valid()) {
    attach(asking, found.seat);
  } else {
    make_seat(asking, hello, found.ticket);
  }
  welcome_back(asking, hello, found.outcome);
}

void Hub::welcome_back(Asking& asking, const Hello& hello, ResumeOutcome outcome) {
  if (outcome == ResumeOutcome::kGap) {
    forget_kept(*asking.seat);
    asking.seat->outbox = {};
    asking.seat->received = asking.seat->told = 0;
    asking.seat->counted_since = asking.seat->generation;
  }
  welcome(asking, hello, outcome);
  if (outcome == ResumeOutcome::kRecovered) replay(asking, hello.resume->received);
  if (outcome == ResumeOutcome::kGap && asking.seat->place.valid()) ask_roster(asking);
  if (asking.seat->told_away) tell_presence(asking.now, asking.seat_id, false, asking.output);
}

Hub::Found Hub::find_seat(Now now, const Resume& resume, Output& output) {
  auto ticket = open_ticket(tickets_, now.wall, resume.ticket);
  if (!ticket) return {ResumeOutcome::kTicketInvalid, {}, {}};
  end_former_life(now, ticket->session, ticket->life, output);
  const auto known = seat_by_tag_.find(ticket->session);
  if (known == seat_by_tag_.end()) return {ResumeOutcome::kSessionUnknown, {}, *std::move(ticket)};
  const Seat& seat = *seats_.find(known->second);
  if (!seat.takes(ticket->life, ticket->generation)) return {ResumeOutcome::kTicketUsed, {}, {}};
  const bool exact = ticket->generation >= seat.counted_since && seat.outbox.after(resume.received).has_value();
  return {exact ? ResumeOutcome::kRecovered : ResumeOutcome::kGap, known->second, {}};
}

// A session that had to begin anew elsewhere, while this node was out of reach, is over here.
void Hub::end_former_life(Now now, const std::string& tag, uint64_t life, Output& output) {
  const auto known = seat_by_tag_.find(tag);
  if (known == seat_by_tag_.end()) return;
  const SeatId id = known->second;
  const Seat& seat = *seats_.find(id);
  if (seat.life >= life) return;
  if (seat.session.valid()) {
    take_over(seat.session, output);
  } else {
    stats_.away.subtract();
  }
  end_seat(now, id, LeaveReason::kClosed, output);
}

uint64_t Hub::new_life(Wall now) {
  const auto since = std::chrono::duration_cast<std::chrono::milliseconds>(now.time_since_epoch()).count();
  return static_cast<uint64_t>(std::max<int64_t>(0, since)) << kLifeRandomBits | random_.below(1u << kLifeRandomBits);
}

// A seat of a client's own. `claimed` is the ticket of a session that nobody here knows; empty: none.
void Hub::make_seat(Asking& asking, const Hello& hello, const Ticket& claimed) {
  Seat seat;
  seat.tag = claimed.session.empty() ? asking.session.tag : claimed.session;
  seat.host = asking.session.host;
  seat.mark = asking.session.mark;
  seat.session = asking.id;
  seat.can_resume = hello.can_resume;
  seat.generation = seat.oldest = seat.counted_since = claimed.session.empty() ? 0 : claimed.generation + 1;
  seat.life = std::max(new_life(asking.now.wall), claimed.life + 1);
  seat.claimed_room = claimed.room;
  seat.claimed_peer = claimed.peer;
  seat.allowance = asking.session.allowance;
  asking.session.tag = seat.tag;
  asking.session.seat = asking.seat_id = seats_.insert(std::move(seat));
  asking.seat = seats_.find(asking.seat_id);
  if (hello.can_resume) seat_by_tag_.insert_or_assign(asking.seat->tag, asking.seat_id);
}

void Hub::attach(Asking& asking, SeatId id) {
  Seat& seat = *seats_.find(id);
  if (seat.session.valid()) {
    take_over(seat.session, asking.output);
  } else {
    stats_.away.subtract();
  }
  seat.session = asking.id;
  seat.host = asking.session.host;
  seat.mark = asking.session.mark;
  ++seat.generation;
  if (nodes_ != nullptr) {
    keep_seat(asking.now, id);
    wake(asking.now, seat);
  }
  set_seat_deadline(id, seat);
  asking.session.tag = seat.tag;
  asking.session.seat = asking.seat_id = id;
  asking.seat = &seat;
}

// The client is back before its old connection is known to be dead.
void Hub::take_over(SessionId old, Output& output) {
  output.closes.push_back({old, CloseCode::kReplaced, "resumed on another connection"});
  deadlines_.clear(old.index);
  sessions_.erase(old);
  stats_.sessions.subtract();
}

void Hub::welcome(Asking& asking, const Hello& hello, std::optional<ResumeOutcome> outcome) {
  Seat& seat = *asking.seat;
  WelcomeView view{.session = seat.tag,
                   .server = settings_->server_name,
                   .ping_interval = settings_->ping_interval,
                   .ping_timeout = settings_->ping_timeout,
                   .frame_bytes_max = settings_->frame_bytes_max,
                   .can_resume = settings_->resume_window > Duration::zero(),
                   .resume = {}};
  std::string ticket;
  if (seat.can_resume) {
    ticket = new_ticket(asking.now, seat);
    seat.told = seat.received;
    view.resume = {.ticket = ticket,
                   .window = settings_->resume_window,
                   .outcome = outcome,
                   .received = seat.received,
                   .room = {},
                   .peer = {}};
    if (!seat.place.waiting) {
      view.resume->room = seat.place.name;
      view.resume->peer = seat.place.peer;
    }
  }
  tell(build_welcome(asking.re, view), asking.id, asking.output);
  asking.output.events.push_back({LogLevel::kDebug, "session_greeted", {"client", hello.client}, seat.tag, {}, {}});
  if (outcome) {
    asking.output.events.push_back(
        {LogLevel::kInfo, "session_resumed", {"outcome", to_string(*outcome)}, seat.tag, {}, {}});
  }
}

// What the client has missed.
void Hub::replay(Asking& asking, uint64_t received) {
  Seat& seat = *asking.seat;
  stats_.replay_bytes.subtract(seat.outbox.bytes());
  seat.outbox.acknowledge(received);
  stats_.replay_bytes.add(seat.outbox.bytes());
  for (const Text& text : seat.outbox.kept()) {
    Delivery delivery;
    delivery.text = text;
    delivery.receivers = {asking.id};
    delivery.replay = true;
    stats_.deliveries.add();
    asking.output.deliveries.push_back(std::move(delivery));
  }
}

std::string Hub::new_ticket(Now now, Seat& seat) {
  seat.ticket_made = now.wall;
  // Who waits has no claim to be in the room.
  const Place place = seat.place.waiting ? Place() : seat.place;
  return seal_ticket(tickets_, now.wall, random_,
                     {seat.tag, seat.life, seat.generation, place.name, place.peer, node_name()});
}

// A message after the welcome proves that the client has the ticket in it: the ones before are used up.
void Hub::count_received(Asking& asking, std::optional<RequestType> type) {
  if (asking.seat == nullptr || !asking.seat->can_resume) return;
  asking.seat->oldest = asking.seat->generation;
  if (type == RequestType::kHello || type == RequestType::kPing || type == RequestType::kAck) return;
  ++asking.seat->received;
  asking.counted = true;
}

void Hub::acknowledge_client(SessionId id, Output& output) {
  const Session* session = sessions_.find(id);
  Seat* seat = session != nullptr ? seats_.find(session->seat) : nullptr;
  if (seat == nullptr || seat->received - seat->told < kAckEvery) return;
  seat->told = seat->received;
  tell(build_ack(seat->received), id, output);
}

// Its connection is gone. Within the window the room sees nothing but `away`.
void Hub::leave_seat(Now now, SeatId id, LeaveReason reason, Output& output) {
  Seat& seat = *seats_.find(id);
  seat.session = {};
  if (reason == LeaveReason::kLeft || !seat.can_resume || stats_.away.value() >= settings_->away_max) {
    return end_seat(now, id, reason, output);
  }
  seat.lost = now.mono;
  seat.lost_by = reason;
  stats_.away.add();
  set_seat_deadline(id, seat);
}

// The caller has ended its connection, or is about to. Nothing happens without a seat.
void Hub::end_seat(Now now, SeatId id, LeaveReason reason, Output& output) {
  Seat* seat = seats_.find(id);
  if (seat == nullptr) return;
  leave_room(now, id, reason, output);
  if (nodes_ != nullptr) nodes_->going.erase(id);
  forget_kept(*seat);
  if (const auto known = seat_by_tag_.find(seat->tag); known != seat_by_tag_.end() && known->second == id)
    seat_by_tag_.erase(known);
  seat_deadlines_.clear(id.index);
  seats_.erase(id);
}

void Hub::set_seat_deadline(SeatId id, const Seat& seat) {
  if (seat.session.valid()) {
    if (seat.place.ice_due) return seat_deadlines_.set(id.index, *seat.place.ice_due);
    return seat_deadlines_.clear(id.index);
  }
  const bool tells_away = seat.place.valid() && !seat.told_away && settings_->away_after < settings_->resume_window;
  seat_deadlines_.set(id.index, seat.lost + (tells_away ? settings_->away_after : settings_->resume_window));
}

// With a connection: its ICE servers are due. Without: first its room is told, then it ends.
void Hub::on_seat_deadline(Now now, SeatId id, Output& output) {
  const Seat& seat = *seats_.find(id);
  if (seat.session.valid()) {
    if (seat.place.ice_due && now.mono >= *seat.place.ice_due) return tell_ice_servers(now, id, {}, output);
    return set_seat_deadline(id, seat);
  }
  if (now.mono >= seat.lost + settings_->resume_window) {
    stats_.away.subtract();
    stats_.expired.add();
    return end_seat(now, id, seat.lost_by, output);
  }
  if (seat.place.valid() && !seat.told_away && now.mono >= seat.lost + settings_->away_after)
    tell_presence(now, id, true, output);
  set_seat_deadline(id, seat);
}

}  // namespace noom::signal
