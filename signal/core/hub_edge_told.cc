// Clients of this node in rooms of others: what the owners say to them, and of where their rooms are.
#include <algorithm>
#include <utility>

#include "signal/core/cluster/nodes.h"
#include "signal/core/hub.h"

namespace noom::signal {
namespace {

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

void Hub::heed(Now now, uint32_t from, const node::Delivered& delivered, Output& output) {
  std::vector<SeatAddress> receivers;
  for (const SeatId id : delivered.seats) {
    const Seat* seat = seats_.find(id);
    // What a former owner still says, cut off from the others, is not heard.
    if (seat != nullptr && seat->place.owner == from && seat->place.room == delivered.room)
      receivers.push_back({kThisNode, id});
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
  ask_owner_to_attach(now, room);
}

void Hub::heed(Now now, uint32_t from, const node::Waits& waits, Output& output) {
  Seat* seat = seats_.find(waits.seat);
  // Said again to one of whom the owner could not know that it has heard it.
  if (seat != nullptr && seat->place.owner == from && seat->place.peer == waits.peer) return;
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
  if (owner == from) return ask_owner_to_attach(now, room);
  // By way of the former owner. The new one confirms.
  room.owner = owner;
  for (const SeatId seat : room.seats) place_at(seat, owner, {});
  room.former = {from, moved.id};
  ask_to_attach(now, room);
}

void Hub::heed(Now now, uint32_t from, const node::Attached& attached, Output&) {
  const auto found = nodes_->remote_rooms.find(attached.room);
  const Seat* seat = seats_.find(attached.seat);
  // It has left meanwhile and comes anew: the answer to that decides.
  const auto joining = nodes_->joining.find(attached.seat);
  if (joining != nodes_->joining.end() && joining->second.room == attached.room) return;
  if (found == nodes_->remote_rooms.end() || seat == nullptr || seat->place.name != attached.room)
    return tell_node(now, from, node::SeatEnded{attached.seat, attached.id, LeaveReason::kClosed});
  RemoteRoom& room = found->second;
  room.owner = from;
  room.id = attached.id;
  place_at(attached.seat, from, attached.id);
  room.lost = false;
  room.former.reset();
  const bool was_waiting = std::exchange(room.attach_again, std::nullopt).has_value();
  if (!seat->told_away) tell_node(now, from, node::SeatAway{attached.seat, attached.id, false});
  if (!attached.whole && seat->place.out_of_step) nodes_->out_of_step.push_back(attached.seat);
  detach_going(now, attached.seat);
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
    if (seat != nullptr && (seat->place.dormant || is_detaching(id))) return false;
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
  number_node(member);
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
