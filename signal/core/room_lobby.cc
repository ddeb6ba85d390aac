// The lobby: waiting to be let in, at this node's rooms or with them on their way between nodes.
#include <algorithm>

#include "signal/core/room_replies.h"

namespace noom::signal {
namespace {

constexpr uint32_t kLobbyRetryAfter = 5;  // seconds: someone may be let in

}  // namespace

void RoomHost::wait(const RoomAsker& asker, RoomId id, Room& room, Member guest, RoomOutput& output) {
  if (room.waiting().size() >= kWaitingMax)
    return refuse(asker, ErrorCode::kLobbyFull, "Too many wait to be let in.", output, kLobbyRetryAfter);
  room.waiting().push_back({std::move(guest), asker.now.mono + settings_->lobby_timeout});
  stats_.waiting.add();
  set_deadline(id, room);
  tell_waiting(asker, id, room, room.waiting().back(), output);
  const Member& waiting = room.waiting().back().guest;
  deliver(room, build_peer_waiting(room.name(), {waiting.peer, waiting.name}), room.moderators(), output);
  output.events.push_back(
      {LogLevel::kInfo, "peer_waiting", {"waiting", room.waiting().size()}, waiting.session, room.tag(), waiting.peer});
}

void RoomHost::tell_waiting(const RoomAsker& asker, RoomId id, const Room& room, const Waiting& waiting,
                            RoomOutput& output) {
  const PeerId& peer = waiting.guest.peer;
  output.items.emplace_back(
      RoomWaiting{asker.seat, id, room.name(), room.tag(), peer, build_waiting(asker.re, room.name(), peer)});
}

void RoomHost::admit(const RoomAsker& asker, const Admit& admit, RoomOutput& output) {
  const Found found = find_power(asker, Role::kModerator, output);
  if (!found) return;
  Waiting* waiting = found.room->find_waiting(admit.peer);
  if (waiting == nullptr) return refuse(asker, ErrorCode::kNoSuchPeer, "\"peer\" names nobody in the lobby.", output);
  if (found.room->full())
    return refuse(asker, ErrorCode::kRoomFull, "The room is full; there is no place to let in to.", output);
  confirm(asker, *found.room, output);
  let_in(asker.now, asker.room, *found.room, *waiting, output);
}

void RoomHost::deny(const RoomAsker& asker, const Deny& deny, RoomOutput& output) {
  const Found found = find_power(asker, Role::kModerator, output);
  if (!found) return;
  Waiting* waiting = found.room->find_waiting(deny.peer);
  if (waiting == nullptr) return refuse(asker, ErrorCode::kNoSuchPeer, "\"peer\" names nobody in the lobby.", output);
  confirm(asker, *found.room, output);
  end_waiting(*found.room, *waiting, build_denied(found.room->name(), "denied", deny.message), "denied", output);
  set_deadline(asker.room, *found.room);
}

void RoomHost::let_in(Now now, RoomId id, Room& room, Waiting& waiting, RoomOutput& output) {
  Member guest = std::move(waiting.guest);
  room.waiting().erase(room.waiting().begin() + (&waiting - room.waiting().data()));
  stats_.waiting.subtract();
  deliver(room, build_waiting_ended(room.name(), guest.peer, "admitted"), room.moderators(), output);
  enter(now, {}, id, room, std::move(guest), output);
}

void RoomHost::end_lobby(RoomId id, RoomOutput& output) {
  Room& room = *rooms_.find(id);
  while (!room.waiting().empty())
    end_waiting(room, room.waiting().back(), build_denied(room.name(), "ended", {}), "ended", output);
}

void RoomHost::end_waiting(Room& room, Waiting& waiting, std::string text, std::string_view reason,
                           RoomOutput& output) {
  const Member guest = std::move(waiting.guest);
  room.waiting().erase(room.waiting().begin() + (&waiting - room.waiting().data()));
  stats_.waiting.subtract();
  // Whose edge has not yet been told the room's number here knows it by another one.
  const auto where = guest.detached == nullptr ? std::optional(room.id()) : std::nullopt;
  output.items.emplace_back(RoomLeft{guest.seat, std::move(text), where});
  deliver(room, build_waiting_ended(room.name(), guest.peer, reason), room.moderators(), output);
  output.events.push_back(
      {LogLevel::kInfo, "waiting_ended", {"reason", reason}, guest.session, room.tag(), guest.peer});
}

// ---- between nodes ----

Waiting RoomHost::waiting_of(const SavedMember& from, Now now) {
  Waiting waiting{member_of(from, now), now.mono + from.waiting_left};
  detach(now, waiting.guest);
  return waiting;
}

Waiting& RoomHost::take_in_waiting(Now now, Room& room, const SavedMember& from, RoomOutput& output) {
  room.waiting().push_back(waiting_of(from, now));
  stats_.waiting.add();
  Waiting& waiting = room.waiting().back();
  deliver(room, build_peer_waiting(room.name(), {waiting.guest.peer, waiting.guest.name}), room.moderators(), output);
  return waiting;
}

// `known`: what the edge knows of the room, and of those who wait there.
void RoomHost::attach_waiting(Now now, RoomId id, Room& room, const SavedRoom& known, const Attachment::Own& own,
                              RoomOutput& output) {
  if (Member* member = room.find(own.peer)) return attach_admitted(now, room, id, *member, own.seat, output);
  Waiting* waiting = room.find_waiting(own.peer);
  if (waiting == nullptr) {
    const auto from = std::find_if(known.waiting.begin(), known.waiting.end(),
                                   [&](const SavedMember& guest) { return guest.peer == own.peer; });
    const bool is_welcome = from != known.waiting.end() && room.waiting().size() < kWaitingMax &&
                            !room.bans().until(now.mono, {from->identity, from->session, from->mark});
    if (!is_welcome) {
      output.items.emplace_back(RoomLeft{own.seat, build_denied(room.name(), "ended", {})});
      return;
    }
    waiting = &take_in_waiting(now, room, *from, output);
  }
  if (waiting->guest.detached == nullptr && waiting->guest.seat != own.seat)
    output.items.emplace_back(RoomLeft{waiting->guest.seat, build_left({}, room.name()), id});
  waiting->guest.detached.reset();
  waiting->guest.seat = own.seat;
  output.items.emplace_back(RoomAttached{own.seat, id, false});
  if (!room.rules().lobby && !room.full()) let_in(now, id, room, *waiting, output);
}

// Let in meanwhile, and its edge has not heard of it.
void RoomHost::attach_admitted(Now now, Room& room, RoomId id, Member& member, const SeatAddress& seat,
                               RoomOutput& output) {
  const std::unique_ptr<Detached> was = std::move(member.detached);
  if (was == nullptr && member.seat != seat)
    output.items.emplace_back(RoomLeft{member.seat, build_left({}, room.name()), id});
  member.seat = seat;
  output.items.emplace_back(RoomAttached{seat, id, false});
  tell_joined(now, {}, id, room, member, output);
  if (was == nullptr) return;
  stats_.replay_bytes.subtract(was->bytes);
  for (const Detached::Kept& kept : was->kept) {
    // What has happened in the room is in what it has just been told.
    if (!kept.counted) output.items.emplace_back(RoomDelivery{*kept.text, {seat}, {}, std::nullopt, id});
  }
}

std::vector<SeatId> RoomHost::waiting_at(RoomId id, uint32_t node) {
  std::vector<SeatId> seats;
  for (const Waiting& waiting : rooms_.find(id)->waiting()) {
    if (waiting.guest.seat.node == node && waiting.guest.detached == nullptr) seats.push_back(waiting.guest.seat.seat);
  }
  return seats;
}

}  // namespace noom::signal
