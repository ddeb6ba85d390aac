// What each request does to a room: docs/protocol/noom-v1.md, in its order.
#include "signal/core/room_host.h"

#include <algorithm>
#include <array>
#include <utility>

#include "signal/core/room_replies.h"

namespace noom::signal {

std::string_view to_string(LeaveReason reason) {
  static constexpr std::array<std::string_view, kLeaveReasonCount> kNames = {"left", "closed", "timeout", "kicked",
                                                                             "ended"};
  return kNames[static_cast<size_t>(reason)];
}

// What a detached member would get is kept for it.
void RoomHost::deliver(Room& room, RoomDelivery delivery, RoomOutput& output) {
  delivery.room = room.id();
  for (Member& member : room.members()) {
    if (member.detached == nullptr || std::erase(delivery.receivers, member.seat) == 0) continue;
    keep(*member.detached, delivery);
  }
  if (!delivery.receivers.empty()) output.items.emplace_back(std::move(delivery));
}
void RoomHost::deliver(Room& room, std::string text, std::vector<SeatAddress> receivers, RoomOutput& output) {
  deliver(room, {std::move(text), std::move(receivers), {}}, output);
}
void RoomHost::deliver_event(Room& room, std::string text, std::vector<SeatAddress> receivers, RoomOutput& output,
                             Supersedable by) {
  deliver(room, {std::move(text), std::move(receivers), std::move(by), Counted{room.at()}}, output);
}

void RoomHost::keep(Detached& detached, const RoomDelivery& delivery) {
  const size_t bytes = delivery.text.size() + kReplayEntryBytes;
  if (detached.has_gap || detached.bytes + bytes > settings_->replay_bytes_max ||
      stats_.replay_bytes.value() + bytes > settings_->replay_bytes_total_max) {
    stats_.replay_bytes.subtract(detached.bytes);
    detached.kept.clear();
    detached.bytes = 0;
    detached.has_gap = true;
    return;
  }
  detached.kept.push_back({std::make_shared<const std::string>(delivery.text), delivery.counted});
  detached.bytes += bytes;
  stats_.replay_bytes.add(bytes);
}

RoomHost::Found RoomHost::find(const RoomAsker& asker) {
  Room* room = rooms_.find(asker.room);
  return {room, room != nullptr ? room->find(asker.seat) : nullptr};
}

RoomHost::Found RoomHost::find_or_refuse(const RoomAsker& asker, RoomOutput& output) {
  const Found found = find(asker);
  if (!found) refuse(asker, ErrorCode::kNotJoined, "Join a room first.", output);
  return found;
}

RoomHost::Found RoomHost::find_power(const RoomAsker& asker, Role least, RoomOutput& output) {
  const Found found = find_or_refuse(asker, output);
  if (!found || found.member->role >= least) return found;
  refuse(asker, ErrorCode::kForbidden, "That is for a " + std::string(to_string(least)) + " of the room.", output);
  return {};
}

void RoomHost::confirm(const RoomAsker& asker, Room& room, RoomOutput& output) {
  if (!asker.re.empty()) deliver(room, build_ok(asker.re, std::nullopt), {asker.seat}, output);
}

// Events cost as many deliveries as the room has members, so the room has a bucket, shared by all of them.
bool RoomHost::admit_event(const RoomAsker& asker, Room& room, RoomOutput& output) {
  if (room.events().take(settings_->room_events, asker.now.mono)) return true;
  const double wait_s = room.events().wait_s(settings_->room_events);
  refuse(asker, ErrorCode::kRateLimited, "Too many messages to this room: this one was dropped.", output,
         whole_seconds(wait_s));
  return false;
}

void RoomHost::update(const RoomAsker& asker, Update& update, RoomOutput& output) {
  const auto [room, member] = find_power(asker, Role::kMember, output);
  if (member == nullptr) return;
  if (update.name && member->name_is_given)
    return refuse(asker, ErrorCode::kForbidden, "Your token gives you this name.", output);
  if (!admit_event(asker, *room, output)) return;
  if (update.metadata_json) {
    member->metadata_ends.reset();
    if (update.metadata_ttl) member->metadata_ends = asker.now.mono + *update.metadata_ttl;
  }
  room->update(*member, std::move(update.name), update.metadata_json);
  set_deadline(asker.room, *room);
  tell_update(asker.now, *room, *member, room->others(member->peer), output);
  deliver_event(*room, build_ok(asker.re, room->at()), {asker.seat}, output);
}

void RoomHost::leave(const RoomAsker& asker, RoomOutput& output) {
  Room* lobby = rooms_.find(asker.room);
  if (Waiting* waiting = lobby != nullptr ? lobby->find_waiting(asker.seat) : nullptr)
    return end_waiting(*lobby, *waiting, build_left(asker.re, lobby->name()), "left", output);
  const auto [room, member] = find_or_refuse(asker, output);
  if (member == nullptr) return;
  output.items.emplace_back(RoomLeft{asker.seat, build_left(asker.re, room->name())});
  take_out(asker.now, asker.room, *room, *member, LeaveReason::kLeft, output);
}

void RoomHost::roster(const RoomAsker& asker, RoomOutput& output) {
  Room* lobby = rooms_.find(asker.room);
  if (const Waiting* waiting = lobby != nullptr ? lobby->find_waiting(asker.seat) : nullptr)
    return deliver(*lobby, build_waiting(asker.re, lobby->name(), waiting->guest.peer), {asker.seat}, output);
  const auto [room, member] = find_or_refuse(asker, output);
  if (member != nullptr) tell_roster(*room, *member, asker.re, output);
}

void RoomHost::tell_roster(Room& room, const Member& member, std::string_view re, RoomOutput& output) {
  std::string text = build_roster(re, {.room = room.name(),
                                       .at = room.at(),
                                       .peer = member.peer,
                                       .role = to_string(member.role),
                                       .peers = room.views_of_others(member.peer),
                                       .flags = room.rules().flags(),
                                       .waiting = room.views_of_waiting(member.role)});
  deliver(room, {std::move(text), {member.seat}, {}, Counted{room.at(), true}}, output);
}

void RoomHost::send(const RoomAsker& asker, const Send& send, RoomOutput& output) {
  const auto [room, member] = find_or_refuse(asker, output);
  if (member == nullptr) return;
  const bool is_broadcast = !send.to && !send.role;
  std::vector<SeatAddress> receivers;
  std::optional<EventPosition> at;
  if (is_broadcast) {
    if (member->role < Role::kMember)
      return refuse(asker, ErrorCode::kForbidden, "A viewer speaks to peers and roles, not to everybody.", output);
    if (!admit_event(asker, *room, output)) return;
    at = room->count_event();
    receivers = room->others(member->peer);
  } else if (send.role) {
    receivers = room->others(member->peer, *send.role);
  } else {
    const Member* target = room->find(*send.to);
    if (target == nullptr || target == member)
      return refuse(asker, ErrorCode::kNoSuchPeer, "\"to\" names nobody else in the room.", output);
    receivers = {target->seat};
  }
  std::string text = build_message(room->name(), member->peer, send.data_json, at);
  if (is_broadcast) {
    deliver_event(*room, std::move(text), std::move(receivers), output);
    return deliver_event(*room, build_ok(asker.re, at), {asker.seat}, output);
  }
  deliver(*room, std::move(text), std::move(receivers), output);
  confirm(asker, *room, output);
}

void RoomHost::remove(const RoomAsker& asker, LeaveReason reason, RoomOutput& output) {
  if (const Found found = find(asker))
    return take_out(asker.now, asker.room, *found.room, *found.member, reason, output);
  Room* room = rooms_.find(asker.room);
  Waiting* waiting = room != nullptr ? room->find_waiting(asker.seat) : nullptr;
  if (waiting != nullptr) end_waiting(*room, *waiting, {}, "left", output);
}

void RoomHost::take_out(Now now, RoomId id, Room& room, Member& member, LeaveReason reason, RoomOutput& output) {
  const PeerId peer = member.peer;
  tell_change(now, room, member, true, output);
  if (member.detached != nullptr) stats_.replay_bytes.subtract(member.detached->bytes);
  output.events.push_back(
      {LogLevel::kInfo, "peer_left", {"reason", to_string(reason)}, member.session, room.tag(), peer});
  note(now, Notice::Kind::kMemberLeft, room, &member, to_string(reason), output);
  room.leave(peer);
  stats_.members.subtract();
  if (room.empty()) {
    note(now, Notice::Kind::kRoomEnded, room, nullptr, "empty", output);
    return close_room(id, room, output);
  }
  set_deadline(id, room);
  deliver_event(room, build_peer_left(room.name(), room.at(), peer, to_string(reason)), room.others(peer), output);
  find_heir(now, room, output);
}

// Nobody is in it any more: whoever waits has nobody to be let in by.
void RoomHost::close_room(RoomId id, Room& room, RoomOutput& output) {
  end_lobby(id, output);
  forget(id, room);
}

void RoomHost::note(Now now, Notice::Kind kind, const Room& room, const Member* member, std::string_view reason,
                    RoomOutput& output) const {
  if (!settings_->notices) return;
  Notice notice{.kind = kind,
                .at_s = static_cast<uint64_t>(std::max<int64_t>(0, unix_seconds(now.wall))),
                .room = room.name(),
                .room_tag = room.tag(),
                .epoch = room.at().epoch,
                .since_s = member != nullptr ? member->joined_s : room.made_s(),
                .reason = reason};
  if (member != nullptr) notice.member = {member->peer, member->name, member->session, member->identity, member->role};
  output.notices.push_back(std::move(notice));
}

// To everybody, the one it is about included: it too counts the room's events.
void RoomHost::set_away(const RoomAsker& asker, bool away, RoomOutput& output) {
  const auto [room, member] = find(asker);
  if (Waiting* waiting = room != nullptr ? room->find_waiting(asker.seat) : nullptr) waiting->guest.away = away;
  if (member == nullptr || member->away == away) return;
  room->set_away(*member, away);
  tell_change(asker.now, *room, *member, false, output);
  deliver_event(*room, build_presence(room->name(), room->at(), member->peer, away), room->everyone(), output,
                superseded_by(*room, *member, 2));
}

// What one peer is like now makes pointless what it was like before.
void RoomHost::tell_update(Now now, Room& room, const Member& member, std::vector<SeatAddress> receivers,
                           RoomOutput& output) {
  tell_change(now, room, member, false, output);
  deliver_event(room, build_peer_updated(room.name(), room.at(), member.view(false)), std::move(receivers), output,
                superseded_by(room, member, 1));
}

void RoomHost::on_tick(Now now, RoomOutput& output) {
  while (const auto index = deadlines_.pop_due(now.mono)) on_deadline(now, rooms_.at_index(*index), output);
}

void RoomHost::on_deadline(Now now, RoomId id, RoomOutput& output) {
  Room& room = *rooms_.find(id);
  while (Member* member = room.metadata_ended(now.mono)) {
    member->metadata_ends.reset();
    room.update(*member, std::nullopt, "{}");
    tell_update(now, room, *member, room.everyone(), output);
  }
  while (Member* member = room.expired(now.mono)) {
    const bool was_last = room.members().size() == 1;
    take_out(now, id, room, *member, LeaveReason::kTimeout, output);
    if (was_last) return;
  }
  while (Waiting* waiting = room.waited_too_long(now.mono))
    end_waiting(room, *waiting, build_denied(room.name(), "timeout", {}), "timeout", output);
  set_deadline(id, room);
}

void RoomHost::set_deadline(RoomId id, const Room& room) {
  if (const auto next = room.next_deadline()) {
    deadlines_.set(id.index, *next);
  } else {
    deadlines_.clear(id.index);
  }
}

}  // namespace noom::signal
