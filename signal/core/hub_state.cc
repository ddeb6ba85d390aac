// The end of a process and the beginning of the next one: docs/decisions/0008.
#include <algorithm>

#include "signal/core/cluster/nodes.h"
#include "signal/core/hub.h"
#include "signal/core/saved_state.h"

namespace noom::signal {

void Hub::on_drain(Now now, Output& output) {
  draining_ = true;
  if (nodes_ != nullptr) nodes_->cluster.set_draining(now, true, nodes_->told);
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
  heed(now, output);
}

SavedSeat Hub::saved_seat(Now now, const Seat& seat) {
  SavedSeat saved{.tag = seat.tag,
                  .host = seat.host,
                  .life = seat.life,
                  .generation = seat.generation,
                  .oldest = seat.oldest,
                  .received = seat.received,
                  .appended = seat.outbox.appended(),
                  .kept = {seat.outbox.kept().begin(), seat.outbox.kept().end()},
                  .lost_since = now.mono - seat.lost,
                  .lost_by = static_cast<uint64_t>(seat.lost_by),
                  .told_away = seat.told_away,
                  .ice_left = {},
                  .counted_since = seat.counted_since,
                  .at = seat.place.at};
  if (seat.place.ice_due) saved.ice_left = std::max(Duration::zero(), *seat.place.ice_due - now.mono);
  return saved;
}

// A seat without a connection. The caller sets its deadline.
SeatId Hub::take_in(Now now, SavedSeat from) {
  Seat seat;
  seat.tag = std::move(from.tag);
  seat.host = std::move(from.host);
  seat.can_resume = true;
  seat.outbox = ReplayRing::restored(std::move(from.kept), from.appended);
  seat.received = seat.told = from.received;
  seat.life = from.life;
  seat.generation = static_cast<uint32_t>(from.generation);
  seat.oldest = static_cast<uint32_t>(from.oldest);
  seat.counted_since = static_cast<uint32_t>(from.counted_since);
  seat.lost = now.mono - from.lost_since;
  seat.lost_by = from.lost_by == 2 ? LeaveReason::kTimeout : LeaveReason::kClosed;
  seat.told_away = from.told_away;
  stats_.away.add();
  stats_.replay_bytes.add(seat.outbox.bytes());
  const SeatId id = seats_.insert(std::move(seat));
  seat_by_tag_.insert_or_assign(seats_.find(id)->tag, id);
  return id;
}

std::string Hub::save(Now now) {
  SavedState state;
  state.saved = now.wall;
  std::vector<size_t> index_of_seat;
  seats_.for_each([&](SeatId id, Seat& seat) {
    if (!seat.can_resume || seat.session.valid()) return;
    index_of_seat.resize(std::max<size_t>(index_of_seat.size(), id.index + 1));
    index_of_seat[id.index] = state.seats.size();
    state.seats.push_back(saved_seat(now, seat));
  });
  host_.save(now, index_of_seat, state);
  save_remote_rooms(index_of_seat, state);
  if (state.seats.empty() && state.spent.empty()) return {};
  return encode_state(state);
}

void Hub::save_remote_rooms(const std::vector<size_t>& index_of_seat, SavedState& state) {
  if (nodes_ == nullptr) return;
  for (const auto& [name, room] : nodes_->remote_rooms) {
    SavedRemoteRoom saved{room.known, {}};
    for (const SeatId id : room.seats) {
      const Seat* seat = seats_.find(id);
      if (seat == nullptr || seat->place.name != name || !seat->can_resume || seat->session.valid()) continue;
      saved.own.push_back({index_of_seat[id.index], seat->place.peer, seat->place.waiting});
    }
    if (!saved.own.empty()) state.remote_rooms.push_back(std::move(saved));
  }
}

// Nobody owns the room before the bus has told who is there.
void Hub::restore_remote_room(Now saved_at, const SavedRemoteRoom& saved, const SavedState& state,
                              const std::vector<SeatId>& seats) {
  const std::string& name = saved.known.name;
  if (nodes_ == nullptr || host_.find_room(name)) return;
  RemoteRoom& room = nodes_->remote_rooms[name];
  room.known = saved.known;
  number_nodes(room.known);
  room.attach_again = saved_at.mono;
  for (const SavedRemoteRoom::Own& own : saved.own) {
    const SavedSeat& from = state.seats[own.seat];
    Place place{.owner = kNoNode,
                .room = {},
                .name = name,
                .tag = saved.known.tag,
                .peer = own.peer,
                .ice_due = {},
                .relays = {}};
    place.waiting = own.waiting;
    place.dormant = true;
    place.at = from.at;
    if (from.ice_left) place.ice_due = saved_at.mono + *from.ice_left;
    seats_.find(seats[own.seat])->place = std::move(place);
    room.seats.push_back(seats[own.seat]);
  }
}

// The client of a seat that another process left is back.
void Hub::wake(Now now, Seat& seat) {
  if (!std::exchange(seat.place.dormant, false)) return;
  const auto room = nodes_->remote_rooms.find(seat.place.name);
  if (room == nodes_->remote_rooms.end()) return;
  room->second.attach_again = now.mono;
  expect_answer(now);
}

bool Hub::restore(Now now, std::string_view saved) {
  auto state = decode_state(saved);
  if (!state) return false;
  for (const SavedRoom& room : state->rooms) {
    for (const auto* members : {&room.members, &room.waiting}) {
      for (const SavedMember& member : *members) {
        if (member.seat >= state->seats.size()) return false;
      }
    }
  }
  for (const SavedRemoteRoom& room : state->remote_rooms) {
    for (const SavedRemoteRoom::Own& own : room.own) {
      if (own.seat >= state->seats.size()) return false;
    }
  }
  // A clock that was set back in between makes the pause look like none.
  const Duration pause = std::max(Duration::zero(), Duration(now.wall - state->saved));
  const Now saved_at{now.mono - pause, now.wall - std::chrono::duration_cast<Wall::duration>(pause)};
  std::vector<SeatId> seats;
  for (const SavedSeat& from : state->seats) seats.push_back(take_in(saved_at, from));
  const std::vector<RoomId> rooms = host_.restore(saved_at, *state, seats);
  for (size_t i = 0; i < rooms.size(); ++i) {
    const SavedRoom& room = state->rooms[i];
    for (const SavedMember& member : room.members) {
      Place place{
          .room = rooms[i], .name = room.name, .tag = room.tag, .peer = member.peer, .ice_due = {}, .relays = {}};
      place.at = room.at;
      if (const auto left = state->seats[member.seat].ice_left) place.ice_due = saved_at.mono + *left;
      seats_.find(seats[member.seat])->place = std::move(place);
    }
    for (const SavedMember& waiting : room.waiting) {
      Place& place = seats_.find(seats[waiting.seat])->place;
      place = {.room = rooms[i], .name = room.name, .tag = room.tag, .peer = waiting.peer, .ice_due = {}, .relays = {}};
      place.waiting = true;
    }
  }
  for (const SavedRemoteRoom& room : state->remote_rooms) restore_remote_room(saved_at, room, *state, seats);
  for (const SeatId id : seats) set_seat_deadline(id, *seats_.find(id));
  return true;
}

}  // namespace noom::signal
