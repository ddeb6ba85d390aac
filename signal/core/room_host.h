// The rooms that this node owns. Orders each room's events, decides who is in it and what its members may do. Knows
// members by the seats that edges name, and no connections.
#pragma once

#include <absl/container/flat_hash_map.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/deadline_queue.h"
#include "common/base/handle_table.h"
#include "common/base/random.h"
#include "common/base/time.h"
#include "signal/core/requests.h"
#include "signal/core/room.h"
#include "signal/core/room_output.h"
#include "signal/core/saved_state.h"
#include "signal/core/settings.h"
#include "signal/core/stats.h"

namespace noom::signal {

// A member's request: from which seat, about which room. `re` is borrowed for the call.
struct RoomAsker {
  Now now;
  SeatAddress seat;
  RoomId room;  // not looked at by join
  std::string_view re;
};

// What an edge vouches for, of somebody who joins.
struct Joiner {
  std::string_view session;  // its tag
  std::string_view room;     // claimed: the peer that the session was in this room, by a ticket of a node that is gone
  std::string_view peer;
};

// Single-threaded. Every call appends to `output`. A request about a room that is gone, or by somebody who is not in
// it, is answered with not_joined. Invariants: a room has members; a seat is in a room once; every event takes the next
// seq and goes to each member once.
class RoomHost {
 public:
  // `random` and `stats` outlive the host.
  RoomHost(std::shared_ptr<const Settings> settings, Random& random, Stats& stats)
      : settings_(std::move(settings)), random_(random), stats_(stats) {}

  void join(const RoomAsker& asker, const Joiner& joiner, Join& join, RoomOutput& output);
  void update(const RoomAsker& asker, Update& update, RoomOutput& output);
  void send(const RoomAsker& asker, const Send& send, RoomOutput& output);
  void roster(const RoomAsker& asker, RoomOutput& output);
  void leave(const RoomAsker& asker, RoomOutput& output);

  // Not asked by the client but found by its edge; nothing happens when the seat is not in the room.
  void remove(const RoomAsker& asker, LeaveReason reason, RoomOutput& output);
  void set_away(const RoomAsker& asker, bool away, RoomOutput& output);

  // Everything due at or before now.mono. Call when next_deadline() has passed.
  void on_tick(Now now, RoomOutput& output);
  std::optional<Mono> next_deadline() const { return deadlines_.next(); }  // O(1)

  // In the order of their making. `index_of` says which saved seat a member of this node has.
  std::vector<SavedRoom> save(Now now, const std::vector<size_t>& index_of);
  uint64_t last_epoch() const { return last_epoch_; }
  // Into a host without rooms. `seats` are those that SavedMember::seat counts. The answer has the id of each room,
  // in the order of `saved`.
  std::vector<RoomId> restore(Mono saved_at, const SavedState& saved, const std::vector<SeatId>& seats);

 private:
  struct Found {
    Room* room = nullptr;
    Member* member = nullptr;
    explicit operator bool() const { return member != nullptr; }
  };
  Found find(const RoomAsker& asker);
  Found find_or_refuse(const RoomAsker& asker, RoomOutput& output);
  RoomId room_for(const RoomAsker& asker, const std::string& name, RoomOutput& output);
  bool admit_event(const RoomAsker& asker, Room& room, RoomOutput& output);
  void tell_update(Room& room, const Member& member, std::vector<SeatAddress> receivers, RoomOutput& output);
  void take_out(RoomId id, Room& room, Member& member, LeaveReason reason, RoomOutput& output);
  void set_deadline(RoomId id, const Room& room);

  std::shared_ptr<const Settings> settings_;
  Random& random_;
  Stats& stats_;
  HandleTable<RoomTag, Room> rooms_;
  absl::flat_hash_map<std::string, RoomId> room_by_name_;  // looked up, never iterated
  DeadlineQueue deadlines_;                                // by room index
  uint64_t last_epoch_ = 0;
};

}  // namespace noom::signal
