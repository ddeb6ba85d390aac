// Rooms as values: saved for another process, handed to another node, put together again after their owner's death.
#include <algorithm>
#include <utility>

#include "signal/core/room_host.h"

namespace noom::signal {

std::optional<RoomId> RoomHost::find_room(std::string_view name) const {
  const auto found = room_by_name_.find(std::string(name));
  return found == room_by_name_.end() ? std::nullopt : std::optional(found->second);
}

std::vector<RoomId> RoomHost::rooms() {
  std::vector<RoomId> ids;
  rooms_.for_each([&](RoomId id, Room&) { ids.push_back(id); });
  return ids;
}

SavedMember RoomHost::values_of(Now now, const Member& member) {
  SavedMember values{.peer = member.peer,
                     .name = member.name,
                     .metadata_json = member.metadata_json,
                     .metadata_left = {},
                     .is_host = member.role == kHostRole,
                     .away = member.away,
                     .since = member.since,
                     .session = member.session,
                     .node = {},
                     .address = member.seat};
  if (member.metadata_ends) values.metadata_left = std::max(Duration::zero(), *member.metadata_ends - now.mono);
  return values;
}

SavedRoom RoomHost::values_of(Now now, const Room& room) {
  SavedRoom values{.name = room.name(), .tag = room.tag(), .at = room.at(), .members = {}};
  for (const Member& member : room.members()) values.members.push_back(values_of(now, member));
  return values;
}

void RoomHost::tell_change(Now now, const Room& room, const Member& member, bool gone, RoomOutput& output) {
  if (!replicates_) return;
  RoomChanged change{.nodes = {}, .room = room.name(), .at = room.at(), .member = {}, .gone = gone};
  for (const Member& other : room.members()) {
    const uint32_t node = other.seat.node;
    if (node == kThisNode || node == kNoNode || other.peer == member.peer) continue;
    if (std::find(change.nodes.begin(), change.nodes.end(), node) == change.nodes.end()) change.nodes.push_back(node);
  }
  if (member.seat.node != kThisNode && member.seat.node != kNoNode && !gone &&
      std::find(change.nodes.begin(), change.nodes.end(), member.seat.node) == change.nodes.end())
    change.nodes.push_back(member.seat.node);
  if (change.nodes.empty()) return;
  change.member = values_of(now, member);
  output.items.emplace_back(std::move(change));
}

Member RoomHost::member_of(const SavedMember& from, Now now) {
  Member member{.seat = from.address,
                .peer = from.peer,
                .session = from.session,
                .name = from.name,
                .metadata_json = from.metadata_json,
                .role = from.is_host ? kHostRole : kMemberRole,
                .away = from.away,
                .since = from.since};
  if (from.metadata_left) member.metadata_ends = now.mono + *from.metadata_left;
  return member;
}

RoomId RoomHost::put(Room room) {
  stats_.rooms.add();
  stats_.members.add(room.members().size());
  const std::string name = room.name();
  const RoomId id = rooms_.insert(std::move(room));
  room_by_name_.emplace(name, id);
  set_deadline(id, *rooms_.find(id));
  return id;
}

void RoomHost::forget(RoomId id, Room& room) {
  for (const Member& member : room.members()) {
    if (member.detached != nullptr) stats_.replay_bytes.subtract(member.detached->bytes);
  }
  stats_.members.subtract(room.members().size());
  stats_.rooms.subtract();
  deadlines_.clear(id.index);
  room_by_name_.erase(room.name());
  rooms_.erase(id);
}

std::vector<SavedRoom> RoomHost::save(Now now, const std::vector<size_t>& index_of) {
  std::vector<SavedRoom> saved;
  rooms_.for_each([&](RoomId, Room& room) {
    SavedRoom values = values_of(now, room);
    std::erase_if(values.members, [](const SavedMember& member) { return member.address.node != kThisNode; });
    for (SavedMember& member : values.members) member.seat = index_of[member.address.seat.index];
    if (!values.members.empty()) saved.push_back(std::move(values));
  });
  return saved;
}

std::vector<RoomId> RoomHost::restore(Now saved_at, const SavedState& saved, const std::vector<SeatId>& seats) {
  last_epoch_ = saved.last_epoch;
  std::vector<RoomId> ids;
  for (const SavedRoom& from : saved.rooms) {
    std::vector<Member> members;
    for (const SavedMember& member : from.members) {
      members.push_back(member_of(member, saved_at));
      members.back().seat = {kThisNode, seats[member.seat]};
      members.back().session = saved.seats[member.seat].tag;
    }
    Room room(from.name, from.tag, from.at.epoch, settings_->room_capacity);
    room.restore(from.at, std::move(members));
    ids.push_back(put(std::move(room)));
  }
  return ids;
}

SavedRoom RoomHost::release(Now now, RoomId id) {
  Room& room = *rooms_.find(id);
  SavedRoom values = values_of(now, room);
  forget(id, room);
  return values;
}

void RoomHost::adopt(Now now, const SavedRoom& state, RoomOutput& output) {
  last_epoch_ = std::max(last_epoch_, state.at.epoch);
  if (find_room(state.name)) {
    attach(now, {state, {}, false}, output);
    return;
  }
  std::vector<Member> members;
  // What is still on its way from a member's edge, by way of the former owner, names its seat.
  for (const SavedMember& from : state.members) {
    members.push_back(member_of(from, now));
    const SeatAddress seat = members.back().seat;
    detach(now, members.back());
    if (seat.node != kNoNode) members.back().seat = seat;
  }
  if (members.empty()) return;
  Room room(state.name, state.tag, state.at.epoch, settings_->room_capacity);
  room.restore(state.at, std::move(members));
  put(std::move(room));
}

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
    if (is_known) return;
    members.push_back(member_of(from, now));
    if (seat != nullptr) {
      members.back().seat = *seat;
    } else {
      detach(now, members.back());
      members.back().away = true;
    }
  };
  for (const Attachment* part : newest_first) {
    for (const Attachment::Own& own : part->own) {
      const auto from = std::find_if(part->room.members.begin(), part->room.members.end(),
                                     [&](const SavedMember& member) { return member.peer == own.peer; });
      if (from != part->room.members.end()) take_in(*from, &own.seat);
    }
  }
  for (const SavedMember& from : newest.members) take_in(from, nullptr);
  std::stable_sort(members.begin(), members.end(), [](const Member& a, const Member& b) {
    return std::pair(a.since.epoch, a.since.seq) < std::pair(b.since.epoch, b.since.seq);
  });
  // Two halves of a room that was divided may be too many together: whoever came last has no place.
  while (members.size() > settings_->room_capacity) {
    if (members.back().detached == nullptr)
      output.items.emplace_back(RoomLeft{members.back().seat, build_left({}, newest.name)});
    members.pop_back();
  }
  last_epoch_ = std::max(last_epoch_, newest.at.epoch) + 1;
  Room room(newest.name, newest.tag, last_epoch_, settings_->room_capacity);
  room.restore({last_epoch_, 0}, std::move(members));
  const RoomId id = put(std::move(room));
  Room& made = *rooms_.find(id);
  for (const Member& member : made.members()) {
    if (member.detached != nullptr) continue;
    output.items.emplace_back(RoomAttached{member.seat, id});
    tell_roster(made, member, {}, output);
  }
}

bool RoomHost::attach(Now now, const Attachment& attachment, RoomOutput& output) {
  const auto id = find_room(attachment.room.name);
  if (!id) return false;
  Room& room = *rooms_.find(*id);
  for (const SavedMember& from : attachment.room.members) {
    const auto own = std::find_if(attachment.own.begin(), attachment.own.end(),
                                  [&](const Attachment::Own& entry) { return entry.peer == from.peer; });
    const bool is_own = own != attachment.own.end();
    Member* member = room.find(from.peer);
    if (member == nullptr && !is_own && !attachment.own.empty()) continue;
    if (member == nullptr && room.full()) {
      if (is_own) output.items.emplace_back(RoomLeft{own->seat, build_left({}, room.name())});
      continue;
    }
    const bool is_new = member == nullptr;
    if (is_new) {
      room.join(member_of(from, now));
      stats_.members.add();
      member = room.find(from.peer);
      detach(now, *member);
      member->detached->has_gap = true;
      deliver(room, build_peer_joined(room.name(), room.at(), member->view(false)), room.others(member->peer), output);
      tell_change(now, room, *member, false, output);
    }
    if (is_own) attach(room, *id, *member, own->seat, attachment.lost, output);
  }
  set_deadline(*id, room);
  return true;
}

void RoomHost::attach(Room& room, RoomId id, Member& member, const SeatAddress& seat, bool lost, RoomOutput& output) {
  const std::unique_ptr<Detached> was = std::move(member.detached);
  member.seat = seat;
  output.items.emplace_back(RoomAttached{seat, id});
  if (was != nullptr) stats_.replay_bytes.subtract(was->bytes);
  if (lost || (was != nullptr && was->has_gap)) return tell_roster(room, member, {}, output);
  if (was == nullptr) return;
  for (const Text& text : was->kept) output.items.emplace_back(RoomDelivery{*text, {seat}, {}});
}

void RoomHost::detach(Now now, Member& member) {
  member.seat = {kNoNode, {detached_count_++, 0}};
  member.detached = std::make_unique<Detached>();
  member.detached->ends = now.mono + settings_->resume_window;
}

void RoomHost::detach(const RoomAsker& asker) {
  const auto [room, member] = find(asker);
  if (member == nullptr) return;
  detach(asker.now, *member);
  set_deadline(asker.room, *room);
}

bool RoomHost::has_members_at(RoomId id, uint32_t node) {
  const auto& members = rooms_.find(id)->members();
  return std::any_of(members.begin(), members.end(), [&](const Member& member) { return member.seat.node == node; });
}

void RoomHost::detach_node(Now now, uint32_t node, bool has_gap, RoomOutput& output) {
  for (const RoomId id : rooms()) {
    Room& room = *rooms_.find(id);
    std::vector<SeatAddress> lost;
    for (Member& member : room.members()) {
      if (member.seat.node != node) continue;
      detach(now, member);
      member.detached->has_gap = has_gap;
      lost.push_back(member.seat);
    }
    for (const SeatAddress& seat : lost) set_away({now, seat, id, {}}, true, output);
    set_deadline(id, room);
  }
}

}  // namespace noom::signal
