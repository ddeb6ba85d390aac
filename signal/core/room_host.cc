// What each request does to a room: docs/protocol/noom-v1.md, in its order.
#include "signal/core/room_host.h"

#include <algorithm>
#include <array>
#include <utility>

#include "signal/core/tags.h"

namespace noom::signal {
namespace {

constexpr uint32_t kRoomRetryAfter = 5;  // seconds: someone may leave

void refuse(const RoomAsker& asker, ErrorCode code, std::string message, RoomOutput& output,
            std::optional<uint32_t> retry_after_s = std::nullopt) {
  output.items.emplace_back(RoomRefused{asker.seat, asker.re, code, std::move(message), retry_after_s});
}

// An event about a member that a later one of the same `kind` makes pointless.
Supersedable superseded_by(const Room& room, const Member& member, uint64_t kind) {
  return {uint64_t{member.seat.seat.index} << 18 | uint64_t{member.seat.node} << 2 | kind,
          build_superseded(room.name(), room.at())};
}

}  // namespace

std::string_view to_string(LeaveReason reason) {
  static constexpr std::array<std::string_view, kLeaveReasonCount> kNames = {"left", "closed", "timeout"};
  return kNames[static_cast<size_t>(reason)];
}

// What a detached member would get is kept for it.
void RoomHost::deliver(Room& room, std::string text, std::vector<SeatAddress> receivers, RoomOutput& output,
                       Supersedable by) {
  for (Member& member : room.members()) {
    if (member.detached == nullptr || std::erase(receivers, member.seat) == 0) continue;
    keep(*member.detached, text);
  }
  if (receivers.empty()) return;
  output.items.emplace_back(RoomDelivery{std::move(text), std::move(receivers), std::move(by)});
}

void RoomHost::keep(Detached& detached, const std::string& text) {
  const size_t bytes = text.size() + kReplayEntryBytes;
  if (detached.has_gap || detached.bytes + bytes > settings_->replay_bytes_max ||
      stats_.replay_bytes.value() + bytes > settings_->replay_bytes_total_max) {
    stats_.replay_bytes.subtract(detached.bytes);
    detached.kept.clear();
    detached.bytes = 0;
    detached.has_gap = true;
    return;
  }
  detached.kept.push_back(std::make_shared<const std::string>(text));
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

// Events cost as many deliveries as the room has members, so the room has a bucket, shared by all of them.
bool RoomHost::admit_event(const RoomAsker& asker, Room& room, RoomOutput& output) {
  if (room.events().take(settings_->room_events, asker.now.mono)) return true;
  const double wait_s = room.events().wait_s(settings_->room_events);
  refuse(asker, ErrorCode::kRateLimited, "Too many messages to this room: this one was dropped.", output,
         whole_seconds(wait_s));
  return false;
}

void RoomHost::join(const RoomAsker& asker, const Joiner& joiner, Join& join, RoomOutput& output) {
  const RoomId id = room_for(asker, joiner, join.room, output);
  Room* room = rooms_.find(id);
  if (room == nullptr) return;
  // A client whose node has died is the same peer again where nobody else is.
  const bool is_claim = joiner.room == room->name() && !joiner.peer.empty();
  if (is_claim && come_back(asker, id, *room, joiner, join, output)) return;
  const bool is_back = is_claim && room->find(joiner.peer) == nullptr;
  Member joining{.seat = asker.seat,
                 .peer = is_back ? PeerId(joiner.peer) : draw_tag(random_, "p_"),
                 .session = std::string(joiner.session),
                 .name = std::move(join.name),
                 .metadata_json = std::string(join.metadata_json),
                 .role = room->empty() ? kHostRole : kMemberRole};
  if (join.metadata_ttl) joining.metadata_ends = asker.now.mono + *join.metadata_ttl;
  room->join(std::move(joining));
  stats_.members.add();
  set_deadline(id, *room);

  const Member& member = room->members().back();
  tell_joined(asker, id, *room, member, output);
  deliver(*room, build_peer_joined(room->name(), room->at(), member.view(false)), room->others(member.peer), output);
  output.events.push_back(
      {LogLevel::kInfo, "peer_joined", {"members", room->members().size()}, member.session, room->tag(), member.peer});
}

// Its node is gone, and its place was kept for it: for the others it was away, nothing more.
bool RoomHost::come_back(const RoomAsker& asker, RoomId id, Room& room, const Joiner& joiner, Join& join,
                         RoomOutput& output) {
  if (!waits_for(room, joiner)) return false;
  Member& member = *room.find(joiner.peer);
  stats_.replay_bytes.subtract(member.detached->bytes);
  member.detached.reset();
  member.seat = asker.seat;
  tell_joined(asker, id, room, member, output);
  set_away(RoomAsker{asker.now, asker.seat, id, {}}, false, output);
  Update update{.name = std::move(join.name), .metadata_json = join.metadata_json, .metadata_ttl = join.metadata_ttl};
  member.metadata_ends.reset();
  if (join.metadata_ttl) member.metadata_ends = asker.now.mono + *join.metadata_ttl;
  room.update(member, std::move(update.name), update.metadata_json);
  tell_update(asker.now, room, member, room.everyone(), output);
  set_deadline(id, room);
  return true;
}

bool RoomHost::waits_for(Room& room, const Joiner& joiner) {
  const Member* member = joiner.room == room.name() ? room.find(joiner.peer) : nullptr;
  return member != nullptr && member->detached != nullptr && member->session == joiner.session;
}

void RoomHost::tell_joined(const RoomAsker& asker, RoomId id, const Room& room, const Member& member,
                           RoomOutput& output) {
  output.items.emplace_back(RoomJoined{asker.seat, asker.re, id, room.tag(),
                                       JoinedView{.room = room.name(),
                                                  .at = room.at(),
                                                  .peer = member.peer,
                                                  .role = member.role,
                                                  .peers = room.views_of_others(member.peer)}});
}

// The room of that name with a place free, made when there is none; otherwise none, and the request is answered.
RoomId RoomHost::room_for(const RoomAsker& asker, const Joiner& joiner, const std::string& name, RoomOutput& output) {
  if (const auto known = room_by_name_.find(name); known != room_by_name_.end()) {
    Room& room = *rooms_.find(known->second);
    if (!room.full() || waits_for(room, joiner)) return known->second;
    refuse(asker, ErrorCode::kRoomFull,
           "The room \"" + name + "\" holds " + std::to_string(room.capacity()) + " people at most.", output,
           kRoomRetryAfter);
    return {};
  }
  if (rooms_.size() >= settings_->rooms_max) {
    refuse(asker, ErrorCode::kTooManyRooms, "The server holds as many rooms as it may.", output, kRoomRetryAfter);
    return {};
  }
  // Seconds since 1970 or the next number: larger than any epoch before it, also after a restart.
  last_epoch_ = std::max(last_epoch_ + 1, static_cast<uint64_t>(std::max<int64_t>(0, unix_seconds(asker.now.wall))));
  const RoomId id = rooms_.insert(Room(name, draw_tag(random_, "r_"), last_epoch_, settings_->room_capacity));
  room_by_name_.emplace(name, id);
  stats_.rooms.add();
  return id;
}

void RoomHost::update(const RoomAsker& asker, Update& update, RoomOutput& output) {
  const auto [room, member] = find_or_refuse(asker, output);
  if (member == nullptr || !admit_event(asker, *room, output)) return;
  if (update.metadata_json) {
    member->metadata_ends.reset();
    if (update.metadata_ttl) member->metadata_ends = asker.now.mono + *update.metadata_ttl;
  }
  room->update(*member, std::move(update.name), update.metadata_json);
  set_deadline(asker.room, *room);
  tell_update(asker.now, *room, *member, room->others(member->peer), output);
  deliver(*room, build_ok(asker.re, room->at()), {asker.seat}, output);
}

void RoomHost::leave(const RoomAsker& asker, RoomOutput& output) {
  const auto [room, member] = find_or_refuse(asker, output);
  if (member == nullptr) return;
  output.items.emplace_back(RoomLeft{asker.seat, build_left(asker.re, room->name())});
  take_out(asker.now, asker.room, *room, *member, LeaveReason::kLeft, output);
}

void RoomHost::roster(const RoomAsker& asker, RoomOutput& output) {
  const auto [room, member] = find_or_refuse(asker, output);
  if (member != nullptr) tell_roster(*room, *member, asker.re, output);
}

void RoomHost::tell_roster(Room& room, const Member& member, std::string_view re, RoomOutput& output) {
  deliver(room, build_roster(re, {room.name(), room.at(), member.peer, room.views_of_others(member.peer)}),
          {member.seat}, output);
}

void RoomHost::send(const RoomAsker& asker, const Send& send, RoomOutput& output) {
  const auto [room, member] = find_or_refuse(asker, output);
  if (member == nullptr) return;
  const bool is_broadcast = !send.to && !send.role;
  std::vector<SeatAddress> receivers;
  std::optional<EventPosition> at;
  if (is_broadcast) {
    if (!admit_event(asker, *room, output)) return;
    at = room->count_broadcast();
    receivers = room->others(member->peer);
  } else if (send.role) {
    receivers = room->others(member->peer, *send.role);
  } else {
    const Member* target = room->find(*send.to);
    if (target == nullptr || target == member)
      return refuse(asker, ErrorCode::kNoSuchPeer, "\"to\" names nobody else in the room.", output);
    receivers = {target->seat};
  }
  deliver(*room, build_message(room->name(), member->peer, send.data_json, at), std::move(receivers), output);
  if (is_broadcast || !asker.re.empty()) deliver(*room, build_ok(asker.re, at), {asker.seat}, output);
}

void RoomHost::remove(const RoomAsker& asker, LeaveReason reason, RoomOutput& output) {
  if (const Found found = find(asker)) take_out(asker.now, asker.room, *found.room, *found.member, reason, output);
}

void RoomHost::take_out(Now now, RoomId id, Room& room, Member& member, LeaveReason reason, RoomOutput& output) {
  const PeerId peer = member.peer;
  tell_change(now, room, member, true, output);
  if (member.detached != nullptr) stats_.replay_bytes.subtract(member.detached->bytes);
  output.events.push_back(
      {LogLevel::kInfo, "peer_left", {"reason", to_string(reason)}, member.session, room.tag(), peer});
  room.leave(peer);
  stats_.members.subtract();
  if (!room.empty()) {
    set_deadline(id, room);
    return deliver(room, build_peer_left(room.name(), room.at(), peer, to_string(reason)), room.others(peer), output);
  }
  deadlines_.clear(id.index);
  room_by_name_.erase(room.name());
  rooms_.erase(id);
  stats_.rooms.subtract();
}

// To everybody, the one it is about included: it too counts the room's events.
void RoomHost::set_away(const RoomAsker& asker, bool away, RoomOutput& output) {
  const auto [room, member] = find(asker);
  if (member == nullptr || member->away == away) return;
  room->set_away(*member, away);
  deliver(*room, build_presence(room->name(), room->at(), member->peer, away), room->everyone(), output,
          superseded_by(*room, *member, 2));
  tell_change(asker.now, *room, *member, false, output);
}

// What one peer is like now makes pointless what it was like before.
void RoomHost::tell_update(Now now, Room& room, const Member& member, std::vector<SeatAddress> receivers,
                           RoomOutput& output) {
  deliver(room, build_peer_updated(room.name(), room.at(), member.view(false)), std::move(receivers), output,
          superseded_by(room, member, 1));
  tell_change(now, room, member, false, output);
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
