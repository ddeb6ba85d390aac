// What a room host has to say to the edges: in order, to seats of any node. Views and pointers borrow the host's state
// and are good until its next call; whoever keeps an item longer encodes it.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "signal/core/answers.h"
#include "signal/core/output.h"
#include "signal/core/room.h"
#include "signal/core/saved_state.h"

namespace noom::signal {

// Why somebody is not in a room any more.
enum class LeaveReason : uint8_t { kLeft, kClosed, kTimeout, kKicked, kEnded };
constexpr size_t kLeaveReasonCount = 5;
std::string_view to_string(LeaveReason reason);

// An event that a later one with the same subject makes pointless for those who have not read it. Subject 0: none.
struct Supersedable {
  uint64_t subject = 0;
  std::string stub;
};

// One text of `room` for several seats. `counted`: it is one of the room's events, or tells the room as a whole.
struct RoomDelivery {
  std::string text;
  std::vector<SeatAddress> receivers;
  Supersedable by;
  std::optional<Counted> counted = std::nullopt;
  RoomId room = {};
};

// The seat is a member now. Its edge answers the client: credentials and tickets are the edge's. Tells the room as it
// is at that moment, whatever else happens before this is read.
struct RoomJoined {
  SeatAddress seat;
  std::string_view re;
  RoomId id;
  std::string_view room_tag = {};
  JoinedView view = {};  // without ICE servers and ticket
  std::unique_ptr<std::deque<std::string>> texts = std::make_unique<std::deque<std::string>>();  // that it views
  std::optional<SavedRoom> room = std::nullopt;  // for a seat of another node
};

// The seat is in the room's lobby. Its edge remembers the place and answers the client.
struct RoomWaiting {
  SeatAddress seat;
  RoomId id;
  std::string_view room;
  std::string_view room_tag;
  std::string_view peer;
  std::string text;
};

// A member may invite somebody: its edge, which has the key, makes the ticket.
struct RoomInvited {
  SeatAddress seat;
  std::string_view re;
  std::string_view room;
  Role role = Role::kMember;
  Duration lifetime{};
};

// The seat is no member any more, nor waiting; `text` is what its client is told, empty when nothing. `room`: only if
// that is where the seat is.
struct RoomLeft {
  SeatAddress seat;
  std::string text;
  std::optional<RoomId> room = std::nullopt;
};

struct RoomRefused {
  SeatAddress seat;
  std::string_view re;
  ErrorCode code = ErrorCode::kBadMessage;
  std::string message;
  std::optional<uint32_t> retry_after_s;
};

// The member's room is here now, under this id. `whole`: a roster follows.
struct RoomAttached {
  SeatAddress seat;
  RoomId id;
  bool whole = false;
};

// For other nodes with members in the room: a member as it is now, or who is gone.
struct RoomChanged {
  std::vector<uint32_t> nodes;
  std::string room;
  EventPosition at;
  SavedMember member;
  bool gone = false;
};

// For other nodes with members in the room: who may come in now. A room without members.
struct RoomRulesChanged {
  std::vector<uint32_t> nodes;
  SavedRoom room;
};

// For all other nodes, when there are any.
struct RoomTicketSpent {
  TicketUse use;
};

using RoomItem = std::variant<RoomDelivery, RoomJoined, RoomWaiting, RoomInvited, RoomLeft, RoomRefused, RoomAttached,
                              RoomChanged, RoomRulesChanged, RoomTicketSpent>;

struct RoomOutput {
  std::vector<RoomItem> items;
  std::vector<Revocation> revocations;
  std::vector<Notice> notices;
  std::vector<Event> events;

  void clear() {
    items.clear();
    revocations.clear();
    notices.clear();
    events.clear();
  }
};

}  // namespace noom::signal
