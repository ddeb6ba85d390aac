// Coming into a room: what stands in the way, in the order of docs/admission.md.
#include <algorithm>

#include "signal/core/room_replies.h"
#include "signal/core/tags.h"

namespace noom::signal {
namespace {

constexpr uint32_t kRoomRetryAfter = 5;     // seconds: someone may leave
constexpr uint32_t kTicketRetryAfter = 60;  // seconds: tickets expire

// Who answers for a room is not held back by what keeps strangers out.
bool is_trusted(const Grant& grant) {
  return grant.role && *grant.role >= Role::kModerator;
}
bool is_invited(const Grant& grant) {
  return is_trusted(grant) || grant.once.has_value();
}

uint32_t seconds_until(Mono until, Mono now) {
  return whole_seconds(std::chrono::duration<double>(until - now).count());
}

}  // namespace

void RoomHost::join(const RoomAsker& asker, const Joiner& joiner, Join& join, RoomOutput& output) {
  const auto known = room_by_name_.find(join.room);
  Room* room = known == room_by_name_.end() ? nullptr : rooms_.find(known->second);
  if (room != nullptr && is_in(asker, known->second, *room, output)) return;
  const bool is_claim = joiner.room == join.room && !joiner.peer.empty();
  if (room != nullptr && is_claim && come_back(asker, known->second, *room, joiner, join, output)) return;
  if (is_spent(asker, joiner, output)) return;
  if (room != nullptr && turns_away(asker, joiner, join, *room, output)) return;
  const Grant& grant = joiner.grant;
  // A client whose node has died is the same peer again where nobody else is.
  const bool is_back = is_claim && (room == nullptr ||
                                    (room->find(joiner.peer) == nullptr && room->find_waiting(joiner.peer) == nullptr));
  Member joining{.seat = asker.seat,
                 .peer = is_back ? PeerId(joiner.peer) : draw_tag(random_, "p_"),
                 .session = std::string(joiner.session),
                 .identity = grant.identity,
                 .mark = std::string(joiner.mark),
                 .name = grant.name ? *grant.name : std::move(join.name),
                 .metadata_json = grant.metadata_json ? *grant.metadata_json : std::string(join.metadata_json),
                 .role = grant.role.value_or(room == nullptr ? Role::kHost : Role::kMember),
                 .may_inherit = !grant.role || *grant.role >= Role::kModerator,
                 .name_is_given = grant.name.has_value()};
  if (join.metadata_ttl) joining.metadata_ends = asker.now.mono + *join.metadata_ttl;
  if (room != nullptr && room->rules().lobby && !is_invited(grant))
    return wait(asker, known->second, *room, std::move(joining), output);
  const RoomId id = room_for(asker, join.room, output);
  if (!id.valid()) return;
  if (grant.once) {
    spent_.spend(*grant.once);
    if (replicates_) output.items.emplace_back(RoomTicketSpent{*grant.once});
  }
  enter(asker.now, asker.re, id, *rooms_.find(id), std::move(joining), output);
}

// Its edge has asked twice: it may not have heard the answer.
bool RoomHost::is_in(const RoomAsker& asker, RoomId id, Room& room, RoomOutput& output) {
  if (const Member* member = room.find(asker.seat)) {
    tell_joined(asker.now, asker.re, id, room, *member, output);
  } else if (const Waiting* waiting = room.find_waiting(asker.seat)) {
    tell_waiting(asker, id, room, *waiting, output);
  } else {
    return false;
  }
  return true;
}

// Its node is gone, and its place was kept for it: for the others it was away, nothing more.
bool RoomHost::come_back(const RoomAsker& asker, RoomId id, Room& room, const Joiner& joiner, Join& join,
                         RoomOutput& output) {
  Member* const member = room.find(joiner.peer);
  if (member == nullptr || member->detached == nullptr || member->session != joiner.session) return false;
  stats_.replay_bytes.subtract(member->detached->bytes);
  member->detached.reset();
  member->seat = asker.seat;
  tell_joined(asker.now, asker.re, id, room, *member, output);
  set_away(RoomAsker{asker.now, asker.seat, id, {}}, false, output);
  std::optional<std::string> name;
  if (!member->name_is_given) name = std::move(join.name);
  member->metadata_ends.reset();
  if (join.metadata_ttl) member->metadata_ends = asker.now.mono + *join.metadata_ttl;
  room.update(*member, std::move(name), join.metadata_json);
  tell_update(asker.now, room, *member, room.everyone(), output);
  set_deadline(id, room);
  return true;
}

bool RoomHost::turns_away(const RoomAsker& asker, const Joiner& joiner, const Join& join, Room& room,
                          RoomOutput& output) {
  const Visitor visitor{joiner.grant.identity, std::string(joiner.session), std::string(joiner.mark)};
  if (const auto until = room.bans().until(asker.now.mono, visitor)) {
    refuse(asker, ErrorCode::kBanned, "You may not come back to this room for a while.", output,
           seconds_until(*until, asker.now.mono));
    return true;
  }
  if (room.rules().locked && !is_trusted(joiner.grant)) {
    refuse(asker, ErrorCode::kLocked, "The room is locked.", output);
    return true;
  }
  return room.rules().password && !is_invited(joiner.grant) && asks_for_password(asker, join, room, output);
}

bool RoomHost::is_spent(const RoomAsker& asker, const Joiner& joiner, RoomOutput& output) {
  if (!joiner.grant.once) return false;
  switch (spent_.look_up(asker.now.wall, *joiner.grant.once)) {
    case SpentTickets::Verdict::kFresh:
      return false;
    case SpentTickets::Verdict::kUsed:
      refuse(asker, ErrorCode::kTokenUsed, "The ticket has been used.", output);
      return true;
    case SpentTickets::Verdict::kFull:
      break;
  }
  refuse(asker, ErrorCode::kRateLimited, "Too many tickets are in use; try again later.", output, kTicketRetryAfter);
  return true;
}

// While the guesses of anybody have emptied the room's bucket, even the right password has to wait.
bool RoomHost::asks_for_password(const RoomAsker& asker, const Join& join, Room& room, RoomOutput& output) {
  if (!join.password) {
    refuse(asker, ErrorCode::kPasswordRequired, "The room has a password.", output);
    return true;
  }
  if (!room.guesses().take(settings_->room_guesses, asker.now.mono)) {
    refuse(asker, ErrorCode::kRateLimited, "Too many passwords are tried on this room.", output,
           whole_seconds(room.guesses().wait_s(settings_->room_guesses)));
    return true;
  }
  if (room.rules().password->matches(*join.password)) return false;
  refuse(asker, ErrorCode::kWrongPassword, "That is not the room's password.", output);
  return true;
}

// There is a place free.
void RoomHost::enter(Now now, std::string_view re, RoomId id, Room& room, Member joining, RoomOutput& output) {
  const bool away = joining.away;
  joining.away = false;
  joining.joined_s = static_cast<uint64_t>(std::max<int64_t>(0, unix_seconds(now.wall)));
  room.join(std::move(joining));
  stats_.members.add();
  set_deadline(id, room);
  const Member& member = room.members().back();
  // Whose seat is on its way to another node is told there.
  if (member.detached == nullptr) tell_joined(now, re, id, room, member, output);
  tell_change(now, room, member, false, output);
  deliver_event(room, build_peer_joined(room.name(), room.at(), member.view(false)), room.others(member.peer), output);
  output.events.push_back(
      {LogLevel::kInfo, "peer_joined", {"members", room.members().size()}, member.session, room.tag(), member.peer});
  if (room.members().size() == 1) note(now, Notice::Kind::kRoomStarted, room, nullptr, {}, output);
  note(now, Notice::Kind::kMemberJoined, room, &member, {}, output);
  if (away) set_away({now, member.seat, id, {}}, true, output);
}

void RoomHost::tell_joined(Now now, std::string_view re, RoomId id, const Room& room, const Member& member,
                           RoomOutput& output) {
  RoomJoined joined{.seat = member.seat, .re = re, .id = id};
  const auto own = [&](std::string_view& text) { text = joined.texts->emplace_back(text); };
  joined.room_tag = room.tag();
  own(joined.room_tag);
  joined.view = {.room = room.name(),
                 .at = room.at(),
                 .peer = member.peer,
                 .role = to_string(member.role),
                 .peers = room.views_of_others(member.peer),
                 .flags = room.rules().flags(),
                 .waiting = room.views_of_waiting(member.role)};
  own(joined.view.room);
  own(joined.view.peer);
  for (PeerView& peer : joined.view.peers) {
    own(peer.peer);
    own(peer.name);
    own(peer.metadata_json);
  }
  for (WaitingView& waiting : joined.view.waiting) {
    own(waiting.peer);
    own(waiting.name);
  }
  if (member.seat.node != kThisNode) joined.room = values_of(now, room);
  output.items.emplace_back(std::move(joined));
}

// The room of that name with a place free, made when there is none; otherwise none, and the request is answered.
RoomId RoomHost::room_for(const RoomAsker& asker, const std::string& name, RoomOutput& output) {
  if (const auto known = room_by_name_.find(name); known != room_by_name_.end()) {
    const Room& room = *rooms_.find(known->second);
    if (!room.full()) return known->second;
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
  const RoomId id = rooms_.insert(Room(name, draw_tag(random_, kRoomTagPrefix), last_epoch_, settings_->room_capacity));
  rooms_.find(id)->set_id(id);
  rooms_.find(id)->set_made_s(static_cast<uint64_t>(std::max<int64_t>(0, unix_seconds(asker.now.wall))));
  room_by_name_.emplace(name, id);
  stats_.rooms.add();
  return id;
}

}  // namespace noom::signal
