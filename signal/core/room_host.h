// The rooms that this node owns. Orders each room's events, decides who is in it and what its members may do. Knows
// members by the seats that edges name, and no connections.
#pragma once

#include <absl/container/flat_hash_map.h>

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/deadline_queue.h"
#include "common/base/handle_table.h"
#include "common/base/random.h"
#include "common/base/time.h"
#include "signal/core/ended_rooms.h"
#include "signal/core/grant.h"
#include "signal/core/join_ticket.h"
#include "signal/core/requests.h"
#include "signal/core/room.h"
#include "signal/core/room_output.h"
#include "signal/core/saved_state.h"
#include "signal/core/settings.h"
#include "signal/core/stats.h"

namespace noom::signal {

// Beyond it no ticket is taken until some expire: 8 MB.
constexpr size_t kSpentTicketsMax = 65'536;

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
  std::string_view mark;     // Visitor::mark
  const Grant& grant;        // by its token; the token itself stays at the edge
  std::string_view room;     // claimed: the peer that the session was in this room, by a ticket of a node that is gone
  std::string_view peer;
};

// What an edge knows of a room, and which of its members are connected there.
struct Attachment {
  struct Own {
    PeerId peer;
    SeatAddress seat;
    EventPosition at;      // how far its client has been told
    bool waiting = false;  // in the lobby
  };
  SavedRoom room;
  std::vector<Own> own;
  bool lost = false;  // messages between owner and edge may have been lost
};

// Single-threaded. Every call appends to `output`. A request about a room that is gone, or by somebody who is not in
// it, is answered with not_joined; who may not do it, with forbidden. Invariants: a room has members; a seat is in a
// room, or in its lobby, once; every event takes the next seq and goes to each member once; nobody comes in past a ban,
// a lock, a password or a lobby but as docs/admission.md says. room_host.cc: what every member does; room_entry.cc:
// coming in; room_lobby.cc: waiting for that; room_moderation.cc: what some may do; room_host_nodes.cc: what outlives a
// process; room_attach.cc: what outlives a node.
class RoomHost {
 public:
  // `random` and `stats` outlive the host.
  RoomHost(std::shared_ptr<const Settings> settings, Random& random, Stats& stats)
      : settings_(std::move(settings)), random_(random), stats_(stats), spent_(kSpentTicketsMax) {}

  void join(const RoomAsker& asker, const Joiner& joiner, Join& join, RoomOutput& output);
  void update(const RoomAsker& asker, Update& update, RoomOutput& output);
  void send(const RoomAsker& asker, const Send& send, RoomOutput& output);
  void roster(const RoomAsker& asker, RoomOutput& output);
  void leave(const RoomAsker& asker, RoomOutput& output);

  void configure(const RoomAsker& asker, const Configure& configure, RoomOutput& output);
  void kick(const RoomAsker& asker, const Kick& kick, RoomOutput& output);
  void admit(const RoomAsker& asker, const Admit& admit, RoomOutput& output);
  void deny(const RoomAsker& asker, const Deny& deny, RoomOutput& output);
  void request_mute(const RoomAsker& asker, const RequestMute& mute, RoomOutput& output);
  void set_role(const RoomAsker& asker, const SetRole& set_role, RoomOutput& output);
  void end_room(const RoomAsker& asker, const EndRoom& end, RoomOutput& output);
  void invite(const RoomAsker& asker, const Invite& invite, RoomOutput& output);

  // Not asked by the client but found by its edge; nothing happens when the seat is not in the room.
  void remove(const RoomAsker& asker, LeaveReason reason, RoomOutput& output);
  void set_away(const RoomAsker& asker, bool away, RoomOutput& output);

  // ---- by the operator (room_moderation.cc) ----
  // nullptr when there is no such room. Valid until the next call.
  const Room* look_at(RoomId id) const { return rooms_.find(id); }
  // Of the rooms that may be anywhere below slots(), in no order that means anything.
  RoomId at_slot(uint32_t slot) const { return rooms_.at_index(slot); }
  uint32_t slots() const { return rooms_.slots(); }
  // The room is there. False: the peer is not.
  bool put_out(Now now, RoomId id, std::string_view peer, Duration ban, std::string_view message, RoomOutput& output);
  void end(Now now, RoomId id, std::string_view message, RoomOutput& output);

  // Everything due at or before now.mono. Call when next_deadline() has passed.
  void on_tick(Now now, RoomOutput& output);
  std::optional<Mono> next_deadline() const { return deadlines_.next(); }  // O(1)

  // ---- rooms between nodes (room_host_nodes.cc, room_attach.cc) ----
  // What is told of changes, so that other nodes with members of a room can put it together again.
  void replicate() { replicates_ = true; }
  std::optional<RoomId> find_room(std::string_view name) const;
  std::vector<RoomId> rooms();
  std::string_view name_of(RoomId id) { return rooms_.find(id)->name(); }
  // The room with its members' seats; SavedMember::node is left to the caller.
  // Nameless when there is no such room.
  SavedRoom state_of(Now now, RoomId id) {
    const Room* room = rooms_.find(id);
    return room != nullptr ? values_of(now, *room) : SavedRoom();
  }
  // From here on another node's; nobody is told.
  SavedRoom release(Now now, RoomId id);
  // As its former owner released it, its members detached until they are attached; or, into a room that is here
  // already, its members.
  void adopt(Now now, const SavedRoom& state, RoomOutput& output);
  // Out of what several edges know of a room whose owner is gone, with a new epoch. Members of whom no edge has said
  // that they are its own are detached.
  void rebuild(Now now, const std::vector<Attachment>& parts, RoomOutput& output);
  // People whose edge has learned that the room is here, or was until somebody ended it. False: there is no such room.
  bool attach(Now now, const Attachment& attachment, RoomOutput& output);
  // The seat is about to be another node's, or its node is gone: what the member would get is kept.
  void detach(const RoomAsker& asker);
  // Tickets that were used here or elsewhere, the first to expire first.
  const std::set<TicketUse>& spent_tickets() const { return spent_.uses(); }
  void note_spent(Now now, const TicketUse& use) { spent_.note(now.wall, use); }
  bool has_people_at(RoomId id, uint32_t node);
  // How far the room has counted.
  EventPosition at(RoomId id) { return rooms_.find(id)->at(); }
  // Whether the asker is in its room, or in the lobby.
  bool knows(const RoomAsker& asker);
  // Other nodes with people in the room or its lobby, and which of theirs.
  std::vector<uint32_t> nodes_of(RoomId id) { return nodes_of(*rooms_.find(id)); }
  std::vector<SeatId> seats_at(RoomId id, uint32_t node);
  std::vector<SeatId> waiting_at(RoomId id, uint32_t node);
  void detach_node(Now now, uint32_t node, bool has_gap, RoomOutput& output);

  // Rooms in the order of their making. `index_of` says which saved seat a member of this node has.
  void save(Now now, const std::vector<size_t>& index_of, SavedState& state);
  // Into a host without rooms. `seats` are those that SavedMember::seat counts. The answer has the id of each room,
  // in the order of `saved`.
  std::vector<RoomId> restore(Now saved_at, const SavedState& saved, const std::vector<SeatId>& seats);

 private:
  struct Found {
    Room* room = nullptr;
    Member* member = nullptr;
    explicit operator bool() const { return member != nullptr; }
  };
  Found find(const RoomAsker& asker);
  Found find_or_refuse(const RoomAsker& asker, RoomOutput& output);
  // The asker, if its role is at least that; otherwise the request is answered.
  Found find_power(const RoomAsker& asker, Role least, RoomOutput& output);
  // Somebody else in the room, of a lesser role than the asker; otherwise nullptr, and the request is answered.
  Member* find_lesser(const RoomAsker& asker, const Found& found, std::string_view peer, RoomOutput& output);

  // ---- coming in ----
  // Whether the room is closed to the joiner; the request is answered then.
  bool turns_away(const RoomAsker& asker, const Joiner& joiner, const Join& join, Room& room, RoomOutput& output);
  bool asks_for_password(const RoomAsker& asker, const Join& join, Room& room, RoomOutput& output);
  bool is_spent(const RoomAsker& asker, const Joiner& joiner, RoomOutput& output);
  void wait(const RoomAsker& asker, RoomId id, Room& room, Member guest, RoomOutput& output);
  void enter(Now now, std::string_view re, RoomId id, Room& room, Member member, RoomOutput& output);
  static void tell_waiting(const RoomAsker& asker, RoomId id, const Room& room, const Waiting& waiting,
                           RoomOutput& output);
  void let_in(Now now, RoomId id, Room& room, Waiting& waiting, RoomOutput& output);
  void end_lobby(RoomId id, RoomOutput& output);
  // `text`: for the one who waited.
  void end_waiting(Room& room, Waiting& waiting, std::string text, std::string_view reason, RoomOutput& output);
  RoomId room_for(const RoomAsker& asker, const std::string& name, RoomOutput& output);
  bool is_in(const RoomAsker& asker, RoomId id, Room& room, RoomOutput& output);
  bool come_back(const RoomAsker& asker, RoomId id, Room& room, const Joiner& joiner, Join& join, RoomOutput& output);
  static void tell_joined(Now now, std::string_view re, RoomId id, const Room& room, const Member& member,
                          RoomOutput& output);

  void put_out(Now now, RoomId id, Room& room, Member& target, Duration ban, std::string_view message,
               RoomOutput& output);
  // Nothing when nobody wants to know.
  void note(Now now, Notice::Kind kind, const Room& room, const Member* member, std::string_view reason,
            RoomOutput& output) const;
  void give_role(Now now, Room& room, Member& member, Role role, RoomOutput& output);
  void find_heir(Now now, Room& room, RoomOutput& output);
  void close_room(RoomId id, Room& room, RoomOutput& output);
  // To a request that is no event of its own: only when it has an id.
  void confirm(const RoomAsker& asker, Room& room, RoomOutput& output);
  void deliver(Room& room, std::string text, std::vector<SeatAddress> receivers, RoomOutput& output);
  // The event that the room has just counted.
  void deliver_event(Room& room, std::string text, std::vector<SeatAddress> receivers, RoomOutput& output,
                     Supersedable by = {});
  void deliver(Room& room, RoomDelivery delivery, RoomOutput& output);
  void keep(Detached& detached, const RoomDelivery& delivery);
  bool admit_event(const RoomAsker& asker, Room& room, RoomOutput& output);
  void tell_update(Now now, Room& room, const Member& member, std::vector<SeatAddress> receivers, RoomOutput& output);
  void take_out(Now now, RoomId id, Room& room, Member& member, LeaveReason reason, RoomOutput& output);
  void on_deadline(Now now, RoomId id, RoomOutput& output);
  void set_deadline(RoomId id, const Room& room);
  static SavedMember values_of(Now now, const Member& member);
  static SavedRoom values_of(Now now, const Room& room);
  static Member member_of(const SavedMember& from, Now now);
  static void save_kept(const Detached& detached, size_t bytes, SavedMember& values);
  void take_kept(const SavedMember& from, Detached& detached);
  static void take_rules(Room& room, const SavedRoom& from, Now now);
  RoomId put(Room room);
  void forget(RoomId id, Room& room);
  void detach(Now now, Member& member);
  void renew(Room& room, uint64_t after_epoch, RoomOutput& output);
  void attach(Room& room, RoomId id, Member& member, const SeatAddress& seat, bool lost, RoomOutput& output);
  Member& take_in(Now now, Room& room, const SavedMember& from, RoomOutput& output);
  // Who waits, as another node had them; one whose edge has not yet said so is detached.
  Waiting waiting_of(const SavedMember& from, Now now);
  Waiting& take_in_waiting(Now now, Room& room, const SavedMember& from, RoomOutput& output);
  void attach_waiting(Now now, RoomId id, Room& room, const SavedRoom& known, const Attachment::Own& own,
                      RoomOutput& output);
  void attach_lobby(Now now, RoomId id, Room& room, const Attachment& part, RoomOutput& output);
  // They are told so if the room has been ended; false otherwise.
  bool turns_away_from_ended(Now now, const Attachment& attachment, RoomOutput& output);
  static bool is_outdated(Room& room, const Attachment::Own& own);
  static void end_lobby(const std::vector<Attachment>& parts, RoomOutput& output);
  void attach_admitted(Now now, Room& room, RoomId id, Member& member, const SeatAddress& seat, RoomOutput& output);
  static std::vector<uint32_t> nodes_of(const Room& room);
  void tell_roster(Room& room, const Member& member, std::string_view re, RoomOutput& output);
  // Before members are told: when this node dies between the two, nobody has been told what no other node knows.
  void tell_change(Now now, const Room& room, const Member& member, bool gone, RoomOutput& output);
  void tell_rules(Now now, const Room& room, RoomOutput& output);

  std::shared_ptr<const Settings> settings_;
  Random& random_;
  Stats& stats_;
  HandleTable<RoomTag, Room> rooms_;
  absl::flat_hash_map<std::string, RoomId> room_by_name_;  // looked up, never iterated
  DeadlineQueue deadlines_;                                // by room index
  SpentTickets spent_;
  EndedRooms ended_;
  uint64_t last_epoch_ = 0;
  bool replicates_ = false;
  uint32_t detached_count_ = 0;  // gives detached members addresses of their own
};

}  // namespace noom::signal
