// The end of a process and the beginning of the next one: docs/decisions/0008.
#include <algorithm>

#include "signal/core/hub.h"
#include "signal/core/saved_state.h"

namespace noom::signal {

void Hub::on_drain(Now now, Output& output) {
  draining_ = true;
  std::vector<SessionId> open;
  sessions_.for_each([&](SessionId id, Session& session) {
    open.push_back(id);
    if (session.stage != SessionStage::kOpened) {
      const auto spread_ms = std::chrono::duration_cast<std::chrono::milliseconds>(settings_->reconnect_spread).count();
      tell(build_go_away(std::chrono::milliseconds(random_.below(static_cast<uint32_t>(spread_ms) + 1))), id, output);
    }
    output.closes.push_back({id, CloseCode::kGoingAway, "the server is going away"});
    // From here on nothing is delivered: what still happens in the rooms is kept for those who may resume.
    if (Seat* seat = seats_.find(session.seat)) seat->session = {};
  });
  for (const SessionId id : open) end_session(now, id, LeaveReason::kClosed, output);
}

std::string Hub::save(Now now) {
  SavedState state;
  state.saved = now.wall;
  state.last_epoch = last_epoch_;
  std::vector<size_t> index_of_seat;
  seats_.for_each([&](SeatId id, Seat& seat) {
    if (!seat.can_resume || seat.session.valid()) return;
    index_of_seat.resize(std::max<size_t>(index_of_seat.size(), id.index + 1));
    index_of_seat[id.index] = state.seats.size();
    SavedSeat saved{.tag = seat.tag,
                    .host = seat.host,
                    .peer = seat.peer,
                    .generation = seat.generation,
                    .oldest = seat.oldest,
                    .received = seat.received,
                    .appended = seat.outbox.appended(),
                    .kept = {seat.outbox.kept().begin(), seat.outbox.kept().end()},
                    .lost_since = now.mono - seat.lost,
                    .lost_by = static_cast<uint64_t>(seat.lost_by),
                    .told_away = seat.told_away,
                    .metadata_left = {}};
    if (seat.metadata_ends) saved.metadata_left = std::max(Duration::zero(), *seat.metadata_ends - now.mono);
    state.seats.push_back(std::move(saved));
  });
  if (state.seats.empty()) return {};
  rooms_.for_each([&](RoomId, Room& room) {
    SavedRoom saved{
        .name = room.name(), .tag = room.tag(), .epoch = room.at().epoch, .seq = room.at().seq, .members = {}};
    for (const Member& member : room.members()) {
      saved.members.push_back({.seat = index_of_seat[member.seat.index],
                               .peer = member.peer,
                               .name = member.name,
                               .metadata_json = member.metadata_json,
                               .is_host = member.role == kHostRole,
                               .away = member.away});
    }
    state.rooms.push_back(std::move(saved));
  });
  return encode_state(state);
}

bool Hub::restore(Now now, std::string_view saved) {
  auto state = decode_state(saved);
  if (!state) return false;
  for (const SavedRoom& room : state->rooms) {
    for (const SavedMember& member : room.members) {
      if (member.seat >= state->seats.size()) return false;
    }
  }
  // A clock that was set back in between makes the pause look like none.
  const Duration pause = std::max(Duration::zero(), Duration(now.wall - state->saved));
  last_epoch_ = state->last_epoch;
  std::vector<SeatId> seats;
  for (SavedSeat& from : state->seats) {
    Seat seat;
    seat.tag = std::move(from.tag);
    seat.host = std::move(from.host);
    seat.can_resume = true;
    seat.peer = std::move(from.peer);
    if (from.metadata_left) seat.metadata_ends = now.mono + *from.metadata_left - pause;
    seat.outbox = ReplayRing::restored(std::move(from.kept), from.appended);
    seat.received = seat.told = from.received;
    seat.generation = static_cast<uint32_t>(from.generation);
    seat.oldest = static_cast<uint32_t>(from.oldest);
    seat.lost = now.mono - pause - from.lost_since;
    seat.lost_by = from.lost_by == 2 ? LeaveReason::kTimeout : LeaveReason::kClosed;
    seat.told_away = from.told_away;
    stats_.away.add();
    stats_.replay_bytes.add(seat.outbox.bytes());
    seats.push_back(seats_.insert(std::move(seat)));
    seat_by_tag_.emplace(seats_.find(seats.back())->tag, seats.back());
  }
  for (SavedRoom& from : state->rooms) restore_room(from, seats);
  for (const SeatId id : seats) set_seat_deadline(id, *seats_.find(id));
  return true;
}

void Hub::restore_room(SavedRoom& from, const std::vector<SeatId>& seats) {
  const RoomId id = rooms_.insert(Room(from.name, std::move(from.tag), from.epoch, settings_->room_capacity));
  room_by_name_.emplace(std::move(from.name), id);
  std::vector<Member> members;
  for (SavedMember& member : from.members) {
    seats_.find(seats[member.seat])->room = id;
    members.push_back({.seat = seats[member.seat],
                       .peer = std::move(member.peer),
                       .name = std::move(member.name),
                       .metadata_json = std::move(member.metadata_json),
                       .role = member.is_host ? kHostRole : kMemberRole,
                       .away = member.away});
  }
  stats_.members.add(members.size());
  stats_.rooms.add();
  rooms_.find(id)->restore(from.seq, std::move(members));
}

}  // namespace noom::signal
