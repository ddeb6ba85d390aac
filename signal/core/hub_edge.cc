// Clients of this node in rooms of others: the way to the owner. The way back: hub_edge_told.cc.
#include <algorithm>
#include <utility>

#include "signal/core/cluster/nodes.h"
#include "signal/core/hub.h"

namespace noom::signal {
namespace {

constexpr uint32_t kUnavailableRetryAfter = 2;  // seconds

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
  if (room.former) return tell_node(now, room.former->owner, attachment_of(room, room.former->id));
  const node::AttachAsked asked = attachment_of(room, {});
  if (!asked.own.empty()) tell_node(now, room.owner, asked);
}

// What a former owner may still pass on is given up.
void Hub::ask_owner_to_attach(Now now, RemoteRoom& room) {
  room.former.reset();
  ask_to_attach(now, room);
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
    if (!place.dormant && !is_detaching(seat)) asked.own.push_back({place.peer, seat, place.at, place.waiting});
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

}  // namespace noom::signal
