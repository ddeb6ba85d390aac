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

// Behind the members: what they are told of the room stays good meanwhile.
void RoomHost::attach_lobby(Now now, RoomId id, Room& room, const Attachment& part, RoomOutput& output) {
  room.make_space(part.own.size());
  for (const Attachment::Own& own : part.own) {
    if (own.waiting) attach_waiting(now, id, room, part.room, own, output);
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
    if (own.waiting) continue;
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
    output.items.emplace_back(RoomDelivery{*kept.text, {seat}, {}, kept.counted});
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
