// A room that comes together: after its owner's death of what its members' nodes know, and of parts that were divided.
#include <algorithm>
#include <utility>

#include "signal/core/room_host.h"

namespace noom::signal {

// The edge that is connected to a member knows it best; otherwise the part with the newest events.
void RoomHost::rebuild(Now now, const std::vector<Attachment>& parts, RoomOutput& output) {
  if (parts.empty()) return;
  std::vector<const Attachment*> newest_first;
  for (const Attachment& part : parts) newest_first.push_back(&part);
  std::stable_sort(newest_first.begin(), newest_first.end(), [](const Attachment* a, const Attachment* b) {
    return std::pair(a->room.at.epoch, a->room.at.seq) > std::pair(b->room.at.epoch, b->room.at.seq);
  });
  const SavedRoom& newest = newest_first.front()->room;
  std::vector<Member> members;
  const auto take_in = [&](const SavedMember& from, const SeatAddress* seat) {
    const bool is_known =
        std::any_of(members.begin(), members.end(), [&](const Member& known) { return known.peer == from.peer; });
    if (is_known) return false;
    members.push_back(member_of(from, now));
    if (seat != nullptr) {
      members.back().seat = *seat;
    } else {
      detach(now, members.back());
      members.back().away = true;
    }
    return true;
  };
  for (const Attachment* part : newest_first) {
    for (const Attachment::Own& own : part->own) {
      // An edge may have said it twice.
      const bool is_taken_in = std::any_of(members.begin(), members.end(), [&](const Member& member) {
        return member.peer == own.peer && member.seat == own.seat;
      });
      if (own.waiting || is_taken_in) continue;
      const auto from = std::find_if(part->room.members.begin(), part->room.members.end(),
                                     [&](const SavedMember& member) { return member.peer == own.peer; });
      if (from == part->room.members.end() || !take_in(*from, &own.seat))
        output.items.emplace_back(RoomLeft{own.seat, build_left({}, newest.name)});
    }
  }
  for (const SavedMember& from : newest.members) take_in(from, nullptr);
  if (members.empty()) return end_lobby(parts, output);
  std::stable_sort(members.begin(), members.end(), [](const Member& a, const Member& b) {
    return std::pair(a.since.epoch, a.since.seq) < std::pair(b.since.epoch, b.since.seq);
  });
  // Two halves of a room that was divided may be too many together: whoever came last has no place.
  while (members.size() > settings_->room_capacity) {
    if (members.back().detached == nullptr)
      output.items.emplace_back(RoomLeft{members.back().seat, build_left({}, newest.name)});
    members.pop_back();
  }
  for (const Attachment& part : parts) {
    for (const Attachment::Own& own : part.own) last_epoch_ = std::max(last_epoch_, own.at.epoch);
  }
  last_epoch_ = std::max(last_epoch_, newest.at.epoch) + 1;
  Room room(newest.name, newest.tag, last_epoch_, settings_->room_capacity);
  room.restore({last_epoch_, 0}, std::move(members));
  take_rules(room, newest, now);
  const RoomId id = put(std::move(room));
  Room& made = *rooms_.find(id);
  for (const Member& member : made.members()) {
    if (member.detached != nullptr) continue;
    output.items.emplace_back(RoomAttached{member.seat, id, true});
    tell_roster(made, member, {}, output);
  }
  for (const Attachment& part : parts) attach_lobby(now, id, made, part, output);
}

// Of a room that has come to its end unseen.
void RoomHost::end_lobby(const std::vector<Attachment>& parts, RoomOutput& output) {
  for (const Attachment& part : parts) {
    for (const Attachment::Own& own : part.own)
      output.items.emplace_back(RoomLeft{own.seat, build_denied(part.room.name, "ended", {})});
  }
}

// Behind the members.
void RoomHost::attach_lobby(Now now, RoomId id, Room& room, const Attachment& part, RoomOutput& output) {
  for (const Attachment::Own& own : part.own) {
    if (own.waiting && !is_outdated(room, own)) attach_waiting(now, id, room, part.room, own, output);
  }
}

// Ended while their node was out of reach: what that knows of the room must not bring it back.
bool RoomHost::turns_away_from_ended(Now now, const Attachment& attachment, RoomOutput& output) {
  const auto* ended = ended_.find(now.mono, attachment.room.tag);
  if (ended == nullptr) return false;
  const std::string& name = attachment.room.name;
  for (const Attachment::Own& own : attachment.own)
    output.items.emplace_back(RoomLeft{own.seat, own.waiting ? build_denied(name, "ended", ended->message)
                                                             : build_put_out(name, "ended", ended->message, {})});
  return true;
}

// It has come around by a former owner, and its client has left and come anew since.
bool RoomHost::is_outdated(Room& room, const Attachment::Own& own) {
  const Member* member = room.find(own.seat);
  const Waiting* waiting = room.find_waiting(own.seat);
  return (member != nullptr && member->peer != own.peer) || (waiting != nullptr && waiting->guest.peer != own.peer);
}

bool RoomHost::attach(Now now, const Attachment& attachment, RoomOutput& output) {
  if (turns_away_from_ended(now, attachment, output)) return true;
  const auto id = find_room(attachment.room.name);
  if (!id) return false;
  Room& room = *rooms_.find(*id);
  // Parts of a room that was divided have counted their events apart.
  EventPosition seen = attachment.room.at;
  for (const Attachment::Own& own : attachment.own) seen = std::max(seen, own.at);
  if (seen > room.at()) renew(room, std::max(seen.epoch, room.at().epoch), output);
  for (const Attachment::Own& own : attachment.own) {
    if (own.waiting || is_outdated(room, own)) continue;
    const auto known = std::find_if(attachment.room.members.begin(), attachment.room.members.end(),
                                    [&](const SavedMember& member) { return member.peer == own.peer; });
    Member* member = room.find(own.peer);
    if (member == nullptr) {
      const bool is_member = known != attachment.room.members.end();
      // Put out while its node was out of reach.
      if (is_member && room.bans().until(now.mono, {known->identity, known->session, known->mark})) {
        output.items.emplace_back(RoomLeft{own.seat, build_put_out(room.name(), "kicked", {}, {})});
        continue;
      }
      if (!is_member || room.full()) {
        output.items.emplace_back(RoomLeft{own.seat, build_left({}, room.name())});
        continue;
      }
      member = &take_in(now, room, *known, output);
    }
    attach(room, *id, *member, own.seat, attachment.lost || own.at.epoch != room.at().epoch, output);
  }
  // A whole room, not what an edge has of it.
  if (attachment.own.empty()) {
    const auto is_new = [&](const SavedMember& from) {
      return room.find(from.peer) == nullptr && room.find_waiting(from.peer) == nullptr &&
             !room.bans().until(now.mono, {from.identity, from.session, from.mark});
    };
    for (const SavedMember& from : attachment.room.members) {
      if (is_new(from) && !room.full()) take_in(now, room, from, output);
      // What the other part has kept for somebody, nobody can put in its place any more.
      Member* member = room.find(from.peer);
      if (member != nullptr && member->detached != nullptr)
        member->detached->has_gap |= from.has_gap || !from.kept.empty();
    }
    for (const SavedMember& from : attachment.room.waiting) {
      if (is_new(from) && room.waiting().size() < kWaitingMax) take_in_waiting(now, room, from, output);
    }
  }
  attach_lobby(now, *id, room, attachment, output);
  set_deadline(*id, room);
  return true;
}

// A member of another part of the room, whose seat is still to come.
Member& RoomHost::take_in(Now now, Room& room, const SavedMember& from, RoomOutput& output) {
  if (const Waiting* waiting = room.find_waiting(from.peer)) {
    room.waiting().erase(room.waiting().begin() + (waiting - room.waiting().data()));
    stats_.waiting.subtract();
    deliver(room, build_waiting_ended(room.name(), from.peer, "admitted"), room.moderators(), output);
  }
  room.join(member_of(from, now));
  stats_.members.add();
  Member& member = *room.find(from.peer);
  detach(now, member);
  member.detached->has_gap = true;
  tell_change(now, room, member, false, output);
  deliver_event(room, build_peer_joined(room.name(), room.at(), member.view(false)), room.others(member.peer), output);
  return member;
}

void RoomHost::attach(Room& room, RoomId id, Member& member, const SeatAddress& seat, bool lost, RoomOutput& output) {
  const std::unique_ptr<Detached> was = std::move(member.detached);
  if (was == nullptr && member.seat != seat)
    output.items.emplace_back(RoomLeft{member.seat, build_left({}, room.name()), id});
  member.seat = seat;
  const bool whole = lost || (was != nullptr && was->has_gap);
  output.items.emplace_back(RoomAttached{seat, id, whole});
  if (was != nullptr) stats_.replay_bytes.subtract(was->bytes);
  if (whole) return tell_roster(room, member, {}, output);
  if (was == nullptr) return;
  for (const Detached::Kept& kept : was->kept)
    output.items.emplace_back(RoomDelivery{*kept.text, {seat}, {}, kept.counted, id});
}

// The count begins anew, above an epoch that some have seen elsewhere.
void RoomHost::renew(Room& room, uint64_t after_epoch, RoomOutput& output) {
  last_epoch_ = std::max(last_epoch_, after_epoch) + 1;
  room.count_anew(last_epoch_);
  for (Member& member : room.members()) {
    if (member.detached == nullptr) {
      tell_roster(room, member, {}, output);
    } else {
      stats_.replay_bytes.subtract(member.detached->bytes);
      member.detached->kept.clear();
      member.detached->bytes = 0;
      member.detached->has_gap = true;
    }
  }
}

}  // namespace noom::signal
