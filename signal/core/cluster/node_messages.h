// What nodes tell each other about rooms and their members, over reliable links (link.h). An edge is the node a client
// is connected to, an owner the node that has the room; a node is both. Nodes trust each other.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "signal/core/grant.h"
#include "signal/core/operator_values.h"
#include "signal/core/room.h"
#include "signal/core/room_output.h"
#include "signal/core/saved_state.h"
#include "signal/core/session.h"

namespace noom::signal::node {

// ---- edge to owner ----

// `frame` is the request as the client wrote it; the owner parses it again.
struct JoinAsked {
  SeatId seat;
  std::string session;
  std::string mark;
  Grant grant;  // by the token in the frame
  std::string claimed_room;
  std::string claimed_peer;
  std::string frame;
};
struct Asked {
  SeatId seat;
  RoomId room;
  std::string frame;
};
struct SeatEnded {
  SeatId seat;
  RoomId room;
  LeaveReason reason = LeaveReason::kClosed;
};
struct SeatAway {
  SeatId seat;
  RoomId room;
  bool away = false;
};
// The seat is about to be another node's: answered with SeatDetached, after which nothing comes for it.
struct SeatDetaching {
  SeatId seat;
  RoomId room;
};
// What the edge knows of the room, and who is connected to it, in the room or in its lobby. `former`: the id at an
// owner that has handed the room over and passes this on; invalid when it goes to the new owner at once.
struct AttachAsked {
  struct Own {
    std::string peer;
    SeatId seat;
    EventPosition at;
    bool waiting = false;
  };
  RoomId former;
  SavedRoom room;
  std::vector<Own> own;
  bool lost = false;
};

// Answered with Audited, or with Moved when there is no such room.
struct AuditAsked {
  RoomId id;
  std::string room;
};

// ---- owner to edge ----

struct Delivered {
  std::vector<SeatId> seats;
  RoomId room;  // a seat that is elsewhere by now is not told
  std::string text;
  uint64_t subject = 0;
  std::string stub;
  std::optional<Counted> counted;
};
struct Joined {
  struct Waiting {
    std::string peer;
    std::string name;
  };
  SeatId seat;
  std::string re;
  RoomId id;
  std::string peer;
  SavedRoom room;
  std::vector<Waiting> waiting;  // for one who decides about the lobby
};
// In the lobby of the room; the edge knows the room as it would if the seat were in it, should the owner die.
struct Waits {
  SeatId seat;
  RoomId id;
  std::string peer;
  SavedRoom room;
  std::string text;
};
struct LeftRoom {
  SeatId seat;
  std::string text;
  std::optional<RoomId> room;  // RoomLeft::room
};
// A request about a room in which the owner does not know the seat: the edge attaches it, then asks again.
struct Bounced {
  SeatId seat;
  std::string frame;
};
struct Refused {
  SeatId seat;
  std::string re;
  ErrorCode code = ErrorCode::kBadMessage;
  std::string message;
  std::optional<uint32_t> retry_after_s;
};
struct SeatDetached {
  SeatId seat;
};
// The room is `owner`'s from here on.
struct Moved {
  RoomId id;
  std::string room;
  std::string owner;
};
// The room is the sender's, under this id.
struct Attached {
  SeatId seat;
  RoomId id;
  std::string room;
  bool whole = false;  // a roster follows
};
struct Changed {
  std::string room;
  EventPosition at;
  SavedMember member;
  bool gone = false;
};

// Who may come in has changed: a room without members.
struct Rules {
  SavedRoom room;
};

// Which seats of the receiver are in the room, or in its lobby, in the sender's books, and how far they have been told.
// What does not agree is set right.
struct Audited {
  RoomId id;
  std::string room;
  EventPosition at;
  std::vector<SeatId> seats;
  std::vector<SeatId> waiting;
};

// ---- node to node ----

// The sender is about to own a room and asks who has members in it, or has it. AttachAsked and HandedOver come before
// the answer.
struct Census {
  std::string room;
};
struct CensusAnswered {
  std::string room;
  bool owns = false;  // and goes on doing so
};
struct HandedOver {
  SavedRoom room;
};
// What `edge` asked about a room, from a node that does not own it (any more).
struct PassedOn {
  std::string edge;
  std::string room;
  std::string message;
  uint8_t hops = 0;  // while the views of nodes differ
};
// A client of this session has come to the sender with a good ticket.
struct SeatWanted {
  SessionId session;  // of the sender
  std::string tag;
  uint64_t life = 0;
  uint32_t generation = 0;
  uint64_t received = 0;
};
struct SeatGiven {
  SessionId session;  // of the receiver
  ResumeOutcome outcome = ResumeOutcome::kSessionUnknown;
  std::optional<SavedSeat> seat;
  std::string owner;  // of its room; empty: in none
  RoomId room_id;
  SavedRoom room;
  std::string peer;
  bool waiting = false;  // in the room's lobby
};

// Wherever a room goes next, its tickets are good once.
struct TicketsSpent {
  std::vector<TicketUse> uses;
};
// What the sender's operator wants to know of rooms of the receiver, or orders in them. Answered by its number.
struct OperatorAsked {
  uint64_t number = 0;
  OperatorQuestion question;
};
struct OperatorAnswered {
  uint64_t number = 0;
  OperatorAnswer answer;
};

using Message = std::variant<JoinAsked, Asked, SeatEnded, SeatAway, SeatDetaching, AttachAsked, Delivered, Joined,
                             LeftRoom, Refused, SeatDetached, Moved, Attached, Changed, Census, CensusAnswered,
                             HandedOver, PassedOn, SeatWanted, SeatGiven, Waits, Rules, AuditAsked, Audited, Bounced,
                             TicketsSpent, OperatorAsked, OperatorAnswered>;

std::string encode(const Message& message);
// Any bytes are legal input; nullopt for what encode did not make.
std::optional<Message> decode(std::string_view bytes);

}  // namespace noom::signal::node
