// Rooms and members as plain values, for another process or another node.
#include <algorithm>

#include "signal/core/room_host.h"

namespace noom::signal {
namespace {

constexpr size_t kHandedOverKeptMax = 1 << 20;  // bytes; LinkSettings::message_bytes_max has room for the rest

}  // namespace

SavedMember RoomHost::values_of(Now now, const Member& member) {
  SavedMember values{.peer = member.peer,
                     .identity = member.identity,
                     .mark = member.mark,
                     .name = member.name,
                     .metadata_json = member.metadata_json,
                     .metadata_left = {},
                     .role = static_cast<uint64_t>(member.role),
                     .may_inherit = member.may_inherit,
                     .name_is_given = member.name_is_given,
                     .away = member.away,
                     .since = member.since,
                     .joined_s = member.joined_s,
                     .session = member.session,
                     .node = {},
                     .address = member.seat};
  if (member.metadata_ends) values.metadata_left = std::max(Duration::zero(), *member.metadata_ends - now.mono);
  return values;
}

SavedRoom RoomHost::values_of(Now now, const Room& room) {
  SavedRoom values{.name = room.name(),
                   .tag = room.tag(),
                   .at = room.at(),
                   .made_s = room.made_s(),
                   .locked = room.rules().locked,
                   .lobby = room.rules().lobby,
                   .password_key = {},
                   .password_hash = {},
                   .members = {},
                   .waiting = {},
                   .bans = {}};
  if (const auto& password = room.rules().password) {
    values.password_key = password->key;
    values.password_hash = password->hash;
  }
  for (const Member& member : room.members()) values.members.push_back(values_of(now, member));
  for (const Waiting& waiting : room.waiting()) {
    values.waiting.push_back(values_of(now, waiting.guest));
    values.waiting.back().waiting_left = std::max(Duration::zero(), waiting.until - now.mono);
  }
  for (const Ban& ban : room.bans().bans()) {
    if (ban.until > now.mono)
      values.bans.push_back({ban.who.identity, ban.who.session, ban.who.mark, ban.until - now.mono});
  }
  return values;
}

Member RoomHost::member_of(const SavedMember& from, Now now) {
  Member member{.seat = from.address,
                .peer = from.peer,
                .session = from.session,
                .identity = from.identity,
                .mark = from.mark,
                .name = from.name,
                .metadata_json = from.metadata_json,
                .role = role_of(from),
                .may_inherit = from.may_inherit,
                .name_is_given = from.name_is_given,
                .away = from.away,
                .since = from.since,
                .joined_s = from.joined_s};
  if (from.metadata_left) member.metadata_ends = now.mono + *from.metadata_left;
  return member;
}

// `bytes`: of what is handed over with the room, this included.
void RoomHost::save_kept(const Detached& detached, size_t bytes, SavedMember& values) {
  values.has_gap = detached.has_gap || bytes > kHandedOverKeptMax;
  if (values.has_gap) return;
  for (const Detached::Kept& kept : detached.kept) values.kept.push_back({*kept.text, kept.counted});
}

void RoomHost::take_kept(const SavedMember& from, Detached& detached) {
  detached.has_gap = from.has_gap;
  for (const SavedDelivery& kept : from.kept) keep(detached, {kept.text, {}, {}, kept.counted});
}

// All of them but who waits, who is nobody's before an edge has said so.
void RoomHost::take_rules(Room& room, const SavedRoom& from, Now now) {
  room.set_made_s(from.made_s);
  room.rules().locked = from.locked;
  room.rules().lobby = from.lobby;
  if (!from.password_key.empty()) room.rules().password = RoomPassword{from.password_key, from.password_hash};
  for (const SavedBan& ban : from.bans)
    room.bans().add(now.mono, {ban.identity, ban.session, ban.mark}, now.mono + ban.left);
}

}  // namespace noom::signal
