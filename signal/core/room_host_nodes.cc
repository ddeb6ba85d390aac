// Rooms as values: saved for another process, handed to another node. room_attach.cc puts them together again.
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

void RoomHost::tell_rules(Now now, const Room& room, RoomOutput& output) {
  if (!replicates_) return;
  RoomRulesChanged change{.nodes = nodes_of(room), .room = values_of(now, room)};
  change.room.members.clear();
  change.room.waiting.clear();
  if (!change.nodes.empty()) output.items.emplace_back(std::move(change));
}

void RoomHost::tell_change(Now now, const Room& room, const Member& member, bool gone, RoomOutput& output) {
  if (!replicates_) return;
  RoomChanged change{.nodes = nodes_of(room), .room = room.name(), .at = room.at(), .member = {}, .gone = gone};
  if (change.nodes.empty()) return;
  change.member = values_of(now, member);
  output.items.emplace_back(std::move(change));
}

RoomId RoomHost::put(Room room) {
  stats_.rooms.add();
  stats_.members.add(room.members().size());
  stats_.waiting.add(room.waiting().size());
  const std::string name = room.name();
  const RoomId id = rooms_.insert(std::move(room));
  rooms_.find(id)->set_id(id);
  room_by_name_.emplace(name, id);
  set_deadline(id, *rooms_.find(id));
  return id;
}

void RoomHost::forget(RoomId id, Room& room) {
  for (const Member& member : room.members()) {
    if (member.detached != nullptr) stats_.replay_bytes.subtract(member.detached->bytes);
  }
  stats_.members.subtract(room.members().size());
  stats_.waiting.subtract(room.waiting().size());
  stats_.rooms.subtract();
  deadlines_.clear(id.index);
  room_by_name_.erase(room.name());
  rooms_.erase(id);
}

void RoomHost::save(Now now, const std::vector<size_t>& index_of, SavedState& state) {
  state.last_epoch = last_epoch_;
  rooms_.for_each([&](RoomId, Room& room) {
    SavedRoom values = values_of(now, room);
    for (auto* members : {&values.members, &values.waiting}) {
      std::erase_if(*members, [](const SavedMember& member) { return member.address.node != kThisNode; });
      for (SavedMember& member : *members) member.seat = index_of[member.address.seat.index];
    }
    if (!values.members.empty()) state.rooms.push_back(std::move(values));
  });
  for (const TicketUse& use : spent_.uses())
    state.spent.push_back({static_cast<uint64_t>(unix_seconds(use.expires)), use.id});
}

std::vector<RoomId> RoomHost::restore(Now saved_at, const SavedState& saved, const std::vector<SeatId>& seats) {
  last_epoch_ = saved.last_epoch;
  for (const SavedTicketUse& use : saved.spent) spent_.spend({Wall(std::chrono::seconds(use.expires_s)), use.id});
  std::vector<RoomId> ids;
  for (const SavedRoom& from : saved.rooms) {
    const auto restored = [&](const SavedMember& values) {
      Member member = member_of(values, saved_at);
      member.seat = {kThisNode, seats[values.seat]};
      member.session = saved.seats[values.seat].tag;
      return member;
    };
    std::vector<Member> members;
    for (const SavedMember& member : from.members) members.push_back(restored(member));
    Room room(from.name, from.tag, from.at.epoch, settings_->room_capacity);
    room.restore(from.at, std::move(members));
    take_rules(room, from, saved_at);
    for (const SavedMember& waiting : from.waiting)
      room.waiting().push_back({restored(waiting), saved_at.mono + waiting.waiting_left});
    ids.push_back(put(std::move(room)));
  }
  return ids;
}

SavedRoom RoomHost::release(Now now, RoomId id) {
  Room& room = *rooms_.find(id);
  SavedRoom values = values_of(now, room);
  size_t bytes = 0;
  for (size_t i = 0; i < room.members().size(); ++i) {
    if (const Detached* detached = room.members()[i].detached.get())
      save_kept(*detached, bytes += detached->bytes, values.members[i]);
  }
  forget(id, room);
  return values;
}

void RoomHost::adopt(Now now, const SavedRoom& state, RoomOutput& output) {
  last_epoch_ = std::max(last_epoch_, state.at.epoch);
  if (ended_.find(now.mono, state.tag) != nullptr) return;
  if (find_room(state.name)) {
    attach(now, {state, {}, false}, output);
    return;
  }
  // What is still on its way from a member's edge, by way of the former owner, names its seat.
  const auto keep_seat = [](Member& member, const SavedMember& from) {
    if (from.address.node != kNoNode) member.seat = from.address;
  };
  std::vector<Member> members;
  for (const SavedMember& from : state.members) {
    members.push_back(member_of(from, now));
    detach(now, members.back());
    take_kept(from, *members.back().detached);
    keep_seat(members.back(), from);
  }
  if (members.empty()) return;
  Room room(state.name, state.tag, state.at.epoch, settings_->room_capacity);
  room.restore(state.at, std::move(members));
  take_rules(room, state, now);
  for (const SavedMember& from : state.waiting) {
    room.waiting().push_back(waiting_of(from, now));
    keep_seat(room.waiting().back().guest, from);
  }
  put(std::move(room));
}

void RoomHost::detach(Now now, Member& member) {
  member.seat = {kNoNode, {detached_count_++, 0}};
  if (member.detached == nullptr) member.detached = std::make_unique<Detached>();
  member.detached->ends = now.mono + settings_->resume_window;
}

void RoomHost::detach(const RoomAsker& asker) {
  const auto [room, member] = find(asker);
  Waiting* waiting = room != nullptr ? room->find_waiting(asker.seat) : nullptr;
  if (member == nullptr && waiting == nullptr) return;
  detach(asker.now, member != nullptr ? *member : waiting->guest);
  set_deadline(asker.room, *room);
}

bool RoomHost::knows(const RoomAsker& asker) {
  Room* room = rooms_.find(asker.room);
  return room != nullptr && (room->find(asker.seat) != nullptr || room->find_waiting(asker.seat) != nullptr);
}

std::vector<uint32_t> RoomHost::nodes_of(const Room& room) {
  std::vector<uint32_t> nodes;
  const auto add = [&](const Member& member) {
    const uint32_t node = member.seat.node;
    if (node != kThisNode && node != kNoNode && std::find(nodes.begin(), nodes.end(), node) == nodes.end())
      nodes.push_back(node);
  };
  for (const Member& member : room.members()) add(member);
  for (const Waiting& waiting : room.waiting()) add(waiting.guest);
  return nodes;
}

std::vector<SeatId> RoomHost::seats_at(RoomId id, uint32_t node) {
  std::vector<SeatId> seats;
  for (const Member& member : rooms_.find(id)->members()) {
    if (member.seat.node == node && member.detached == nullptr) seats.push_back(member.seat.seat);
  }
  return seats;
}

bool RoomHost::has_people_at(RoomId id, uint32_t node) {
  const std::vector<uint32_t> nodes = nodes_of(id);
  return std::find(nodes.begin(), nodes.end(), node) != nodes.end();
}

void RoomHost::detach_node(Now now, uint32_t node, bool has_gap, RoomOutput& output) {
  for (const RoomId id : rooms()) {
    Room& room = *rooms_.find(id);
    std::vector<SeatAddress> lost;
    for (Member& member : room.members()) {
      if (member.seat.node != node) continue;
      detach(now, member);
      member.detached->has_gap |= has_gap;
      lost.push_back(member.seat);
    }
    for (const SeatAddress& seat : lost) set_away({now, seat, id, {}}, true, output);
    // Nobody would know where to find them; whoever is still there is told where the room is, and comes back to wait.
    for (size_t i = room.waiting().size(); i-- > 0;) {
      Waiting& waiting = room.waiting()[i];
      if (waiting.guest.seat.node != node) continue;
      detach(now, waiting.guest);
      end_waiting(room, waiting, {}, "left", output);
    }
    set_deadline(id, room);
  }
}

}  // namespace noom::signal
