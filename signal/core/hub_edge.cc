// Clients of this node in rooms of others: the way to the owner and back.
#include <algorithm>
#include <utility>

#include "signal/core/cluster/nodes.h"
#include "signal/core/hub.h"

namespace noom::signal {
namespace {

constexpr uint32_t kUnavailableRetryAfter = 2;  // seconds

PeerView view_of(const SavedMember& member, bool polite) {
  return {member.peer, member.name, to_string(role_of(member)), member.metadata_json, member.away, polite};
}

std::vector<PeerView> views_of_others(const SavedRoom& room, std::string_view peer) {
  std::vector<PeerView> views;
  bool came_before = true;
  for (const SavedMember& member : room.members) {
    if (member.peer == peer) {
      came_before = false;
    } else {
      views.push_back(view_of(member, came_before));
    }
  }
  return views;
}

SavedMember* find(SavedRoom& room, std::string_view peer) {
  const auto found = std::find_if(room.members.begin(), room.members.end(),
                                  [&](const SavedMember& member) { return member.peer == peer; });
  return found == room.members.end() ? nullptr : &*found;
}

}  // namespace

// ---- towards the owner ----

void Hub::ask_to_join(Asking& asking, const std::string& room, const Grant& grant) {
  const Seat& seat = *asking.seat;
  Joining joining{.asked = {asking.seat_id, seat.tag, seat.mark, grant, seat.claimed_room, seat.claimed_peer,
                            std::string(asking.frame)},
                  .re = std::string(asking.re),
                  .room = room,
                  .owner = nodes_->owner_of(room),
                  .ask_again = asking.now.mono + kNodePatience,
                  .ends = asking.now.mono + kJoinPatience};
  const auto& entry = nodes_->joining.insert_or_assign(asking.seat_id, std::move(joining)).first->second;
  expect_answer(asking.now);
  if (owns(room)) {
    if (must_gather(room)) return gather(asking.now, room, {}, {&entry.asked, kThisNode}, asking.output);
    return admit(asking.now, kThisNode, node::JoinAsked(entry.asked), asking.output);
  }
  tell_node(asking.now, entry.owner, entry.asked);
}

void Hub::tick_joining(Now now, Output& output) {
  std::vector<SeatId> given_up;
  for (auto& [seat, joining] : nodes_->joining) {
    if (joining.ends <= now.mono) {
      given_up.push_back(seat);
    } else if (joining.ask_again <= now.mono) {
      joining.ask_again = now.mono + kNodePatience;
      joining.owner = nodes_->owner_of(joining.room);
      tell_node(now, joining.owner, joining.asked);
    }
  }
  for (const SeatId seat : given_up) {
    const auto joining = nodes_->joining.extract(seat);
    refuse_seat(seat, joining.mapped().re, ErrorCode::kUnavailable, "The node that has this room does not answer.",
                kUnavailableRetryAfter, output);
  }
}

// A request about a room that another node owns.
void Hub::ask_owner(Asking& asking) {
  const auto found = nodes_->remote_rooms.find(asking.seat->place.name);
  if (found == nodes_->remote_rooms.end()) return refuse_misplaced(asking);
  RemoteRoom& room = found->second;
  const bool has_no_owner_yet = room.owner == kNoNode && nodes_->is_connected;
  if (!(nodes_->is_there(room.owner) || has_no_owner_yet) || room.held.size() >= kHeldMax)
    return refuse(asking, ErrorCode::kUnavailable, "The node that has this room cannot be reached.",
                  kUnavailableRetryAfter);
  tell_owner(asking.now, room, node::Asked{asking.seat_id, room.id, std::string(asking.frame)});
}

// The books that the seat's place names do not know it: soon they will, or the client is told.
void Hub::refuse_misplaced(Asking& asking) {
  // However often it asks.
  nodes_->next_audit = std::min(nodes_->next_audit.value_or(Mono::max()), asking.now.mono + kNodeTick);
  refuse(asking, ErrorCode::kUnavailable, "The room is between two nodes.", kUnavailableRetryAfter);
}

// Held while the room is on its way to another node.
void Hub::tell_owner(Now now, RemoteRoom& room, node::Message message) {
  if (room.attach_again) {
    if (room.held.size() < kHeldMax) room.held.push_back(std::move(message));
  } else {
    tell_node(now, room.owner, message);
  }
}

void Hub::ask_to_attach(Now now, RemoteRoom& room) {
  room.attach_again = now.mono + kNodePatience;
  expect_answer(now);
  const node::AttachAsked asked = attachment_of(room, {});
  if (!asked.own.empty()) tell_node(now, room.owner, asked);
}

// `former`: what the room was called where this goes first.
node::AttachAsked Hub::attachment_of(RemoteRoom& room, RoomId former) {
  std::erase_if(room.seats, [&](const SeatId id) {
    const Seat* seat = seats_.find(id);
    return seat == nullptr || seat->place.name != room.known.name;
  });
  node::AttachAsked asked{former, room.known, {}, room.lost};
  fill_in_nodes(asked.room);
  for (const SeatId seat : room.seats) {
    const Place& place = seats_.find(seat)->place;
    if (!place.dormant) asked.own.push_back({place.peer, seat, place.at, place.waiting});
  }
  std::erase_if(asked.room.waiting, [&](const SavedMember& one) {
    return std::none_of(asked.own.begin(), asked.own.end(),
                        [&](const auto& own) { return own.waiting && own.peer == one.peer; });
  });
  return asked;
}

// What a client is told of its room is without gaps and doubles, whatever came this way.
void Hub::keep_in_step(Now now, uint32_t owner, std::vector<SeatAddress>& receivers, const Counted& counted) {
  std::erase_if(receivers, [&](const SeatAddress& receiver) {
    Seat* seat = receiver.node == kThisNode ? seats_.find(receiver.seat) : nullptr;
    if (seat == nullptr) return true;
    if (seat->place.owner != owner || (owner == kThisNode && !seat->place.room.valid())) return true;
    if (seat->place.takes(counted)) return false;
    if (seat->place.out_of_step) {
      nodes_->out_of_step.push_back(receiver.seat);
      expect_answer(now);
    }
    return true;
  });
}

void Hub::mend_steps(Now now) {
  for (const SeatId id : std::exchange(nodes_->out_of_step, {})) {
    const Seat* seat = seats_.find(id);
    if (seat == nullptr || !seat->place.out_of_step) continue;
    if (seat->place.is_here()) {
      node::AttachAsked asked{
          {}, host_.state_of(now, seat->place.room), {{seat->place.peer, id, seat->place.at, false}}, true};
      fill_in_nodes(asked.room);
      tell_node(now, kThisNode, asked);
    } else if (const auto room = nodes_->remote_rooms.find(seat->place.name); room != nodes_->remote_rooms.end()) {
      room->second.lost = true;
      if (!room->second.attach_again) ask_to_attach(now, room->second);
    }
  }
}

void Hub::place_at(SeatId id, uint32_t owner, RoomId room) {
  Seat* seat = seats_.find(id);
  if (seat == nullptr) return;
  seat->place.owner = owner;
  seat->place.room = room;
}

// The seat's room is no longer its own, or no longer elsewhere.
void Hub::forget_remote(SeatId seat, std::string_view name) {
  if (nodes_ == nullptr) return;
  const auto found = nodes_->remote_rooms.find(name);
  if (found == nodes_->remote_rooms.end()) return;
  std::erase(found->second.seats, seat);
  if (found->second.seats.empty()) nodes_->remote_rooms.erase(found);
}

// ---- from the owner ----

void Hub::heed(Now now, uint32_t from, const node::Delivered& delivered, Output& output) {
  std::vector<SeatAddress> receivers;
  for (const SeatId id : delivered.seats) {
    const Seat* seat = seats_.find(id);
    // What a former owner still says, cut off from the others, is not heard.
    if (seat != nullptr && seat->place.owner == from) receivers.push_back({kThisNode, id});
  }
  if (delivered.counted) keep_in_step(now, from, receivers, *delivered.counted);
  if (!receivers.empty()) deliver(delivered.text, receivers, output, {delivered.subject, delivered.stub});
}

void Hub::heed(Now now, uint32_t from, const node::Joined& joined, Output& output) {
  const auto asked = nodes_->joining.find(joined.seat);
  Seat* seat = seats_.find(joined.seat);
  const bool is_meant = seat != nullptr && seat->place.owner == from && seat->place.name == joined.room.name;
  const bool was_waiting = is_meant && seat->place.waiting;
  // Said again to one of whom the owner could not know that it has heard it.
  if (is_meant && !was_waiting && seat->place.peer == joined.peer) return;
  if (seat == nullptr || (!was_waiting && (asked == nodes_->joining.end() || seat->place.valid())))
    return tell_node(now, from, node::SeatEnded{joined.seat, joined.id, LeaveReason::kClosed});
  if (!was_waiting) nodes_->joining.erase(asked);
  const uint32_t former = owner_of_remote(joined.room.name);
  RemoteRoom& room = take_room(from, joined.id, joined.room);
  if (std::find(room.seats.begin(), room.seats.end(), joined.seat) == room.seats.end())
    room.seats.push_back(joined.seat);
  seat->place = {.owner = from,
                 .room = joined.id,
                 .name = joined.room.name,
                 .tag = joined.room.tag,
                 .peer = joined.peer,
                 .ice_due = {},
                 .relays = {},
                 .at = joined.room.at};
  const SavedMember* self = find(room.known, joined.peer);
  JoinedView view{.room = room.known.name,
                  .at = room.known.at,
                  .peer = seat->place.peer,
                  .role = to_string(self != nullptr ? role_of(*self) : Role::kMember),
                  .peers = views_of_others(room.known, joined.peer),
                  .flags = {room.known.locked, room.known.lobby, !room.known.password_key.empty()},
                  .waiting = {}};
  for (const node::Joined::Waiting& waiting : joined.waiting) view.waiting.push_back({waiting.peer, waiting.name});
  answer_join(now, joined.seat, joined.re, view, output);
  if (former != from && former != kNoNode) bring_along(now, room);
}

// The owner of a room that clients of this node are in; kNoNode when there are none.
uint32_t Hub::owner_of_remote(std::string_view name) const {
  const auto found = nodes_->remote_rooms.find(name);
  return found == nodes_->remote_rooms.end() ? kNoNode : found->second.owner;
}

// As its owner has just told it.
RemoteRoom& Hub::take_room(uint32_t owner, RoomId id, const SavedRoom& known) {
  RemoteRoom& room = nodes_->remote_rooms[known.name];
  room.owner = owner;
  room.id = id;
  room.known = known;
  number_nodes(room.known);
  return room;
}

// Those who are in the room already, at a former owner.
void Hub::bring_along(Now now, RemoteRoom& room) {
  room.lost = true;
  for (const SeatId seat : room.seats) place_at(seat, room.owner, room.id);
  ask_to_attach(now, room);
}

void Hub::heed(Now now, uint32_t from, const node::Waits& waits, Output& output) {
  Seat* seat = seats_.find(waits.seat);
  if (nodes_->joining.erase(waits.seat) == 0 || seat == nullptr || seat->place.valid())
    return tell_node(now, from, node::SeatEnded{waits.seat, waits.id, LeaveReason::kClosed});
  const uint32_t former = owner_of_remote(waits.room.name);
  RemoteRoom& room = take_room(from, waits.id, waits.room);
  room.seats.push_back(waits.seat);
  seat->place = {.owner = from,
                 .room = waits.id,
                 .name = waits.room.name,
                 .tag = waits.room.tag,
                 .peer = waits.peer,
                 .ice_due = {},
                 .relays = {},
                 .waiting = true};
  deliver(waits.text, waits.seat, output);
  if (former != from && former != kNoNode) bring_along(now, room);
}

void Hub::heed(Now, uint32_t from, const node::Rules& rules, Output&) {
  const auto found = nodes_->remote_rooms.find(rules.room.name);
  if (found == nodes_->remote_rooms.end() || found->second.owner != from) return;
  SavedRoom known = rules.room;
  known.at = found->second.known.at;
  known.members = std::move(found->second.known.members);
  known.waiting = std::move(found->second.known.waiting);
  found->second.known = std::move(known);
}

void Hub::heed(Now, uint32_t from, const node::LeftRoom& left, Output& output) {
  const Seat* seat = seats_.find(left.seat);
  if (seat == nullptr) return;
  // The next owner may know the room no more than that it has ended.
  const bool is_owner = seat->place.owner == from || owner_of_remote(seat->place.name) == from;
  const bool is_meant = is_owner && (!left.room || seat->place.room == *left.room);
  if (is_meant) leave_place(left.seat, left.text, output);
}

void Hub::heed(Now, uint32_t, const node::Refused& refused, Output& output) {
  nodes_->joining.erase(refused.seat);
  refuse_seat(refused.seat, refused.re, refused.code, refused.message, refused.retry_after_s, output);
}

void Hub::heed(Now now, uint32_t from, const node::Moved& moved, Output&) {
  const auto found = nodes_->remote_rooms.find(moved.room);
  if (found == nodes_->remote_rooms.end() || found->second.owner != from) return;
  RemoteRoom& room = found->second;
  const uint32_t owner = nodes_->number(moved.owner);
  room.lost |= owner == from;
  if (owner == from) return ask_to_attach(now, room);
  // By way of the former owner, behind what was asked of it before. The new one confirms.
  room.owner = owner;
  for (const SeatId seat : room.seats) place_at(seat, owner, {});
  room.attach_again = now.mono + kNodePatience;
  expect_answer(now);
  tell_node(now, from, attachment_of(room, moved.id));
}

void Hub::heed(Now now, uint32_t from, const node::Attached& attached, Output&) {
  const auto found = nodes_->remote_rooms.find(attached.room);
  const Seat* seat = seats_.find(attached.seat);
  if (found == nodes_->remote_rooms.end() || seat == nullptr || seat->place.name != attached.room)
    return tell_node(now, from, node::SeatEnded{attached.seat, attached.id, LeaveReason::kClosed});
  RemoteRoom& room = found->second;
  room.owner = from;
  room.id = attached.id;
  place_at(attached.seat, from, attached.id);
  room.lost = false;
  const bool was_waiting = std::exchange(room.attach_again, std::nullopt).has_value();
  if (!seat->told_away) tell_node(now, from, node::SeatAway{attached.seat, attached.id, false});
  if (!attached.whole && seat->place.out_of_step) nodes_->out_of_step.push_back(attached.seat);
  if (!was_waiting) return;
  for (node::Message& message : std::exchange(room.held, {})) {
    std::visit(
        [&](auto& what) {
          if constexpr (requires { RoomId(what.room); }) what.room = attached.id;
        },
        message);
    tell_node(now, from, message);
  }
}

void Hub::heed(Now now, uint32_t from, const node::Bounced& bounced, Output& output) {
  const Seat* seat = seats_.find(bounced.seat);
  if (seat == nullptr) return;
  const Place& place = seat->place;
  if (!place.valid())
    return refuse_seat(bounced.seat, {}, ErrorCode::kNotJoined, "Join a room first.", std::nullopt, output);
  node::Asked again{bounced.seat, place.room, bounced.frame};
  const auto room = nodes_->remote_rooms.find(place.name);
  // Nobody knows the seat any more.
  if (room == nodes_->remote_rooms.end() && from == kThisNode)
    return leave_place(bounced.seat, build_left({}, place.name), output);
  if (room == nodes_->remote_rooms.end())
    return tell_node(now, kThisNode, node::PassedOn{nodes_->name(kThisNode), place.name, node::encode(again), 0});
  if (room->second.owner == from && !room->second.attach_again) ask_to_attach(now, room->second);
  tell_owner(now, room->second, std::move(again));
}

void Hub::heed(Now now, uint32_t from, const node::Audited& audited, Output&) {
  for (const auto* seats : {&audited.seats, &audited.waiting}) {
    for (const SeatId id : *seats) {
      const Seat* seat = seats_.find(id);
      const bool is_there = seat != nullptr && seat->place.name == audited.room && seat->place.owner == from;
      if (!is_there) tell_node(now, from, node::SeatEnded{id, audited.id, LeaveReason::kClosed});
    }
  }
  const auto found = nodes_->remote_rooms.find(audited.room);
  if (found == nodes_->remote_rooms.end() || found->second.owner != from || found->second.attach_again) return;
  const bool misses_some = std::any_of(found->second.seats.begin(), found->second.seats.end(), [&](const SeatId id) {
    const Seat* seat = seats_.find(id);
    if (seat != nullptr && seat->place.dormant) return false;
    const bool is_waiting = seat != nullptr && seat->place.waiting;
    const auto& seats = is_waiting ? audited.waiting : audited.seats;
    return std::find(seats.begin(), seats.end(), id) == seats.end() ||
           (!is_waiting && seat != nullptr && seat->place.at != audited.at);
  });
  if (misses_some || found->second.id != audited.id) {
    found->second.lost = true;
    ask_to_attach(now, found->second);
  }
}

// What is known of a room is what it takes to put it together again.
void Hub::heed(Now, uint32_t from, const node::Changed& changed, Output&) {
  const auto found = nodes_->remote_rooms.find(changed.room);
  if (found == nodes_->remote_rooms.end() || found->second.owner != from) return;
  SavedRoom& known = found->second.known;
  known.at = changed.at;
  SavedMember member = changed.member;
  member.address.node = member.node.empty() ? kNoNode : nodes_->number(member.node);
  SavedMember* was = find(known, member.peer);
  if (changed.gone) {
    std::erase_if(known.members, [&](const SavedMember& entry) { return entry.peer == member.peer; });
  } else if (was != nullptr) {
    *was = std::move(member);
  } else {
    known.members.push_back(std::move(member));
  }
}

}  // namespace noom::signal
