// A client that comes to another node with its ticket: its seat follows it, and nothing is lost. The room's owner keeps
// what comes meanwhile.
#include <utility>

#include "signal/core/cluster/nodes.h"
#include "signal/core/hub.h"

namespace noom::signal {

// The node that made the ticket may have the seat. True: the client is answered later.
bool Hub::fetch_seat(Asking& asking, const Hello& hello, const Ticket& ticket) {
  if (nodes_ == nullptr || ticket.node.empty()) return false;
  const uint32_t from = nodes_->number(ticket.node);
  if (from == kThisNode || !nodes_->is_there(from)) return false;
  nodes_->coming.insert_or_assign(asking.id, SeatComing{.re = std::string(asking.re),
                                                        .client = hello.client,
                                                        .received = hello.resume->received,
                                                        .ticket = ticket,
                                                        .from = from,
                                                        .ends = asking.now.mono + kNodePatience});
  expect_answer(asking.now);
  tell_node(asking.now, from,
            node::SeatWanted{asking.id, ticket.session, ticket.life, ticket.generation, hello.resume->received});
  return true;
}

void Hub::heed(Now now, uint32_t from, const node::SeatWanted& wanted, Output& output) {
  const auto refuse = [&](ResumeOutcome outcome) {
    tell_node(now, from, node::SeatGiven{wanted.session, outcome, std::nullopt, {}, {}, {}, {}, false});
  };
  end_former_life(now, wanted.tag, wanted.life, output);
  const auto known = seat_by_tag_.find(wanted.tag);
  if (known == seat_by_tag_.end()) return refuse(ResumeOutcome::kSessionUnknown);
  const SeatId id = known->second;
  Seat& seat = *seats_.find(id);
  if (!seat.takes(wanted.life, wanted.generation)) return refuse(ResumeOutcome::kTicketUsed);
  if (nodes_->going.contains(id)) return refuse(ResumeOutcome::kSessionUnknown);
  nodes_->joining.erase(id);
  if (seat.session.valid()) {
    take_over(seat.session, output);
    seat.session = {};
    seat.lost = now.mono;
    stats_.away.add();
    set_seat_deadline(id, seat);
  }
  nodes_->going.insert_or_assign(id, SeatGoing{.to = from, .wanted = wanted, .ends = now.mono + kNodePatience});
  expect_answer(now);
  if (!seat.place.valid() || seat.place.dormant) return give_seat(now, id, true);
  if (seat.place.is_here()) {
    host_.detach({now, {kThisNode, id}, seat.place.room, {}});
    return give_seat(now, id, true);
  }
  const auto room = nodes_->remote_rooms.find(seat.place.name);
  if (room != nodes_->remote_rooms.end() && !room->second.attach_again) detach_going(now, id);
}

// Behind whatever was asked of the owner for the seat. While the seat is being attached it has to wait for that.
void Hub::detach_going(Now now, SeatId id) {
  const auto going = nodes_->going.find(id);
  if (going == nodes_->going.end() || std::exchange(going->second.is_detaching, true)) return;
  const Place& place = seats_.find(id)->place;
  tell_node(now, place.owner, node::SeatDetaching{id, place.room});
}

bool Hub::is_detaching(SeatId id) const {
  const auto going = nodes_->going.find(id);
  return going != nodes_->going.end() && going->second.is_detaching;
}

void Hub::heed(Now now, uint32_t, const node::SeatDetached& detached, Output&) {
  if (nodes_->going.contains(detached.seat)) give_seat(now, detached.seat, true);
}

// The seat is the other node's from here on. The room is not told.
void Hub::give_seat(Now now, SeatId id, bool complete) {
  const SeatGoing going = nodes_->going.extract(id).mapped();
  Seat* seat = seats_.find(id);
  if (seat == nullptr) return;
  const bool exact = complete && going.wanted.generation >= seat->counted_since &&
                     seat->outbox.after(going.wanted.received).has_value();
  node::SeatGiven given{.session = going.wanted.session,
                        .outcome = exact ? ResumeOutcome::kRecovered : ResumeOutcome::kGap,
                        .seat = saved_seat(now, *seat),
                        .owner = {},
                        .room_id = seat->place.room,
                        .room = {},
                        .peer = seat->place.peer,
                        .waiting = seat->place.waiting};
  if (seat->place.valid()) {
    const bool has_no_owner_yet = seat->place.owner == kNoNode;
    given.owner = nodes_->name(has_no_owner_yet ? nodes_->owner_of(seat->place.name) : seat->place.owner);
    if (seat->place.is_here()) {
      given.room = host_.state_of(now, seat->place.room);
    } else if (const auto room = nodes_->remote_rooms.find(seat->place.name); room != nodes_->remote_rooms.end()) {
      given.room = room->second.known;
    }
    if (given.room.name.empty()) given.owner.clear();
    std::erase_if(given.room.waiting, [&](const SavedMember& one) { return one.peer != given.peer; });
    fill_in_nodes(given.room);
    forget_remote(id, seat->place.name);
  }
  tell_node(now, going.to, given);
  stats_.away.subtract();
  stats_.seats_given.add();
  forget_kept(*seat);
  if (const auto known = seat_by_tag_.find(seat->tag); known->second == id) seat_by_tag_.erase(known);
  seat_deadlines_.clear(id.index);
  seats_.erase(id);
}

// The client has come back before its seat went to the other node.
void Hub::keep_seat(Now now, SeatId id) {
  const auto going = nodes_->going.extract(id);
  if (going.empty()) return;
  node::SeatGiven refused;
  refused.session = going.mapped().wanted.session;
  refused.outcome = ResumeOutcome::kTicketUsed;
  tell_node(now, going.mapped().to, refused);
  const auto room = nodes_->remote_rooms.find(seats_.find(id)->place.name);
  if (room != nodes_->remote_rooms.end()) ask_to_attach(now, room->second);
}

void Hub::heed(Now now, uint32_t, const node::SeatGiven& given, Output& output) {
  SeatId id;
  const auto has_newer_life = [&] {
    const auto known = seat_by_tag_.find(given.seat->tag);
    return known != seat_by_tag_.end() && seats_.find(known->second)->life > given.seat->life;
  };
  if (given.seat && !has_newer_life()) {
    end_former_life(now, given.seat->tag, given.seat->life + 1, output);
    id = take_in(now, *given.seat);
    set_seat_deadline(id, *seats_.find(id));
    ++seats_.find(id)->generation;
    if (!given.owner.empty()) take_in_place(now, id, given, output);
  }
  auto entry = nodes_->coming.extract(given.session);
  Session* session = sessions_.find(given.session);
  if (entry.empty() || session == nullptr) return;
  finish_hello(now, given.session, *session, entry.mapped(), given.outcome, id, output);
}

void Hub::take_in_place(Now now, SeatId id, const node::SeatGiven& given, Output& output) {
  const uint32_t owner = nodes_->number(given.owner);
  Seat& seat = *seats_.find(id);
  seat.place = {.owner = owner,
                .room = given.room_id,
                .name = given.room.name,
                .tag = given.room.tag,
                .peer = given.peer,
                .ice_due = {},
                .relays = {},
                .waiting = given.waiting,
                .at = given.seat->at};
  if (given.seat->ice_left) seat.place.ice_due = now.mono + *given.seat->ice_left;
  SavedRoom known = given.room;
  number_nodes(known);
  if (owner == kThisNode) {
    RoomOutput said;
    host_.attach(now, {known, {{given.peer, {kThisNode, id}, seat.place.at, given.waiting}}, false}, said);
    return obey(now, said, output);
  }
  const auto [room, is_new] = nodes_->remote_rooms.try_emplace(given.room.name);
  if (is_new) {
    room->second.owner = owner;
    room->second.known = std::move(known);
  }
  room->second.seats.push_back(id);
  seat.place.owner = room->second.owner;
  seat.place.room = room->second.id;
  ask_to_attach(now, room->second);
}

// As handle(Hello) would have, had the seat been here.
void Hub::finish_hello(Now now, SessionId id, Session& session, const SeatComing& coming, ResumeOutcome outcome,
                       SeatId seat, Output& output) {
  stats_.resumes[static_cast<size_t>(outcome)].add();
  Asking asking = asking_of(now, id, session, coming.re, output);
  Hello hello;
  hello.client = coming.client;
  hello.can_resume = true;
  hello.resume = Resume{{}, coming.received};
  if (seat.valid()) {
    attach(asking, seat);
  } else {
    make_seat(asking, hello, outcome == ResumeOutcome::kSessionUnknown ? coming.ticket : Ticket{});
  }
  welcome_back(asking, hello, outcome);
}

void Hub::tick_moves(Now now, Output& output) {
  std::vector<SessionId> given_up;
  for (const auto& [session, coming] : nodes_->coming) {
    if (coming.ends <= now.mono || !nodes_->is_there(coming.from)) given_up.push_back(session);
  }
  for (const SessionId id : given_up) {
    const SeatComing coming = nodes_->coming.extract(id).mapped();
    if (Session* session = sessions_.find(id))
      finish_hello(now, id, *session, coming, ResumeOutcome::kSessionUnknown, {}, output);
  }
  std::vector<SeatId> stuck;
  for (const auto& [seat, going] : nodes_->going) {
    if (going.ends <= now.mono) stuck.push_back(seat);
  }
  // The owner has not answered in time: what the seat has is given all the same, with a gap.
  for (const SeatId id : stuck) give_seat(now, id, false);
}

}  // namespace noom::signal
