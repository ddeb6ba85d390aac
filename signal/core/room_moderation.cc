// What hosts and moderators do: docs/admission.md has the table of who may what. What they change is told to everybody
// in the room, themselves included.
#include <algorithm>

#include "signal/core/room_replies.h"

namespace noom::signal {
namespace {

Role least_role(const Configure& configure) {
  return configure.password ? Role::kHost : Role::kModerator;
}

}  // namespace

Member* RoomHost::find_lesser(const RoomAsker& asker, const Found& found, std::string_view peer, RoomOutput& output) {
  Member* target = found.room->find(peer);
  if (target == nullptr || target == found.member) {
    refuse(asker, ErrorCode::kNoSuchPeer, "\"peer\" names nobody else in the room.", output);
    return nullptr;
  }
  if (target->role < found.member->role) return target;
  refuse(asker, ErrorCode::kForbidden, "\"peer\" has the same role as you, or a higher one.", output);
  return nullptr;
}

void RoomHost::configure(const RoomAsker& asker, const Configure& configure, RoomOutput& output) {
  const Found found = find_power(asker, least_role(configure), output);
  if (!found) return;
  Room& room = *found.room;
  const RoomFlags before = room.rules().flags();
  if (configure.locked) room.rules().locked = *configure.locked;
  if (configure.lobby) room.rules().lobby = *configure.lobby;
  if (configure.password) {
    room.rules().password.reset();
    if (!configure.password->empty()) room.rules().password = RoomPassword::make(random_, *configure.password);
  }
  confirm(asker, *found.room, output);
  if (room.rules().flags() != before) {
    const EventPosition at = room.count_event();
    deliver_event(room, build_room_updated(room.name(), at, room.rules().flags()), room.everyone(), output);
  }
  tell_rules(asker.now, room, output);
  if (room.rules().lobby) return;
  while (!room.waiting().empty() && !room.full()) let_in(asker.now, asker.room, room, room.waiting().front(), output);
}

void RoomHost::kick(const RoomAsker& asker, const Kick& kick, RoomOutput& output) {
  const Found found = find_power(asker, Role::kModerator, output);
  Member* target = found ? find_lesser(asker, found, kick.peer, output) : nullptr;
  if (target == nullptr) return;
  confirm(asker, *found.room, output);
  put_out(asker.now, asker.room, *found.room, *target, kick.ban, kick.message, output);
}

bool RoomHost::put_out(Now now, RoomId id, std::string_view peer, Duration ban, std::string_view message,
                       RoomOutput& output) {
  Room& room = *rooms_.find(id);
  Member* target = room.find(peer);
  if (target != nullptr) put_out(now, id, room, *target, ban, message, output);
  return target != nullptr;
}

void RoomHost::put_out(Now now, RoomId id, Room& room, Member& target, Duration asked_ban, std::string_view message,
                       RoomOutput& output) {
  // Its node may come back with it, as long as it could resume.
  const Duration out_of_reach = target.detached != nullptr ? settings_->resume_window : Duration::zero();
  if (const Duration ban = std::max(asked_ban, out_of_reach); ban > Duration::zero()) {
    room.bans().add(now.mono, target.visitor(), now.mono + ban);
    tell_rules(now, room, output);
  }
  output.items.emplace_back(RoomLeft{target.seat, build_put_out(room.name(), "kicked", message, asked_ban)});
  output.revocations.push_back({room.tag() + "." + target.peer, {}});
  take_out(now, id, room, target, LeaveReason::kKicked, output);
}

void RoomHost::request_mute(const RoomAsker& asker, const RequestMute& mute, RoomOutput& output) {
  const Found found = find_power(asker, Role::kModerator, output);
  if (!found) return;
  const Member* target = found.room->find(mute.peer);
  if (target == nullptr || target == found.member)
    return refuse(asker, ErrorCode::kNoSuchPeer, "\"peer\" names nobody else in the room.", output);
  deliver(*found.room, build_mute_requested(found.room->name(), found.member->peer, mute.media), {target->seat},
          output);
  confirm(asker, *found.room, output);
}

// A host who makes another one host hands over, and moderates from then on.
void RoomHost::set_role(const RoomAsker& asker, const SetRole& set_role, RoomOutput& output) {
  const Found found = find_power(asker, Role::kHost, output);
  Member* target = found ? find_lesser(asker, found, set_role.peer, output) : nullptr;
  if (target == nullptr) return;
  confirm(asker, *found.room, output);
  target->may_inherit = set_role.role >= Role::kMember;
  if (target->role != set_role.role) give_role(asker.now, *found.room, *target, set_role.role, output);
  if (set_role.role == Role::kHost) give_role(asker.now, *found.room, *found.member, Role::kModerator, output);
}

void RoomHost::give_role(Now now, Room& room, Member& member, Role role, RoomOutput& output) {
  const bool sees_lobby = role >= Role::kModerator && member.role < Role::kModerator;
  room.set_role(member, role);
  tell_update(now, room, member, room.everyone(), output);
  if (!sees_lobby) return;
  for (const WaitingView& waiting : room.views_of_waiting(role))
    deliver(room, build_peer_waiting(room.name(), waiting), {member.seat}, output);
}

void RoomHost::find_heir(Now now, Room& room, RoomOutput& output) {
  if (Member* heir = room.heir()) give_role(now, room, *heir, Role::kHost, output);
}

void RoomHost::end_room(const RoomAsker& asker, const EndRoom& end, RoomOutput& output) {
  const Found found = find_power(asker, Role::kHost, output);
  if (!found) return;
  confirm(asker, *found.room, output);
  this->end(asker.now, asker.room, end.message, output);
}

void RoomHost::end(Now now, RoomId id, std::string_view message, RoomOutput& output) {
  Room& room = *rooms_.find(id);
  ended_.add(now.mono, {room.tag(), std::string(message), now.mono + settings_->resume_window});
  output.revocations.push_back({room.tag() + ".", {}});
  while (!room.waiting().empty())
    end_waiting(room, room.waiting().back(), build_denied(room.name(), "ended", message), "ended", output);
  for (const Member& member : room.members()) {
    tell_change(now, room, member, true, output);
    output.items.emplace_back(RoomLeft{member.seat, build_put_out(room.name(), "ended", message, {})});
    output.events.push_back({LogLevel::kInfo,
                             "peer_left",
                             {"reason", to_string(LeaveReason::kEnded)},
                             member.session,
                             room.tag(),
                             member.peer});
    note(now, Notice::Kind::kMemberLeft, room, &member, to_string(LeaveReason::kEnded), output);
  }
  note(now, Notice::Kind::kRoomEnded, room, nullptr, "ended", output);
  forget(id, room);
}

void RoomHost::invite(const RoomAsker& asker, const Invite& invite, RoomOutput& output) {
  const Found found = find_power(asker, Role::kModerator, output);
  if (!found) return;
  if (invite.role >= found.member->role)
    return refuse(asker, ErrorCode::kForbidden, "An invitation gives a lesser role than your own.", output);
  output.items.emplace_back(RoomInvited{asker.seat, asker.re, found.room->name(), invite.role, invite.lifetime});
}

}  // namespace noom::signal
