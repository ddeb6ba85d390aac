// What a client has that outlives its connections: the name of its session, its place in a room, what it has not
// confirmed yet, what it may still ask for. A client without the feature "resume" loses its seat with its connection.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "common/base/time.h"
#include "signal/core/ice_ranking.h"
#include "signal/core/output.h"
#include "signal/core/replay_ring.h"
#include "signal/core/room.h"
#include "signal/core/room_output.h"
#include "signal/core/session.h"

namespace noom::signal {

// A place in a room, as the room's owner has told it.
struct Place {
  uint32_t owner = kThisNode;  // the node
  RoomId room;                 // at the owner; invalid while it is on its way to another one
  std::string name;            // the room's; empty: in none
  std::string tag;             // the room's
  PeerId peer;
  std::optional<Mono> ice_due;    // when its member gets new ICE servers; nullopt: what it has does not end
  bool ice_leaves = false;        // because a relay it was given goes away
  std::vector<RelayNode> relays;  // that it was given
  bool waiting = false;           // in its lobby, not in it

  bool valid() const { return !name.empty(); }
  // In a room of this node, and not on its way here.
  bool is_here() const { return owner == kThisNode && room.valid(); }
};

struct Seat {
  std::string tag;
  std::string host;
  std::string mark;   // of its last connection (Visitor::mark)
  SessionId session;  // its connection; invalid: away
  bool can_resume = false;

  Place place;

  // Both directions are counted from the session's first welcome, or from the last one that did not recover it.
  ReplayRing outbox;      // what was sent to the client
  uint64_t received = 0;  // how many messages came from it
  uint64_t told = 0;      // of these, how many it knows to have come

  uint32_t generation = 0;  // of the newest ticket
  uint32_t oldest = 0;      // of the oldest ticket that is still good
  Wall ticket_made{};
  // From a ticket of a session nobody here knows: the peer to be again when its room is joined.
  std::string claimed_room;
  PeerId claimed_peer;

  Mono lost{};  // away: since when
  LeaveReason lost_by = LeaveReason::kClosed;
  bool told_away = false;  // the room was told

  Allowance allowance;
};

}  // namespace noom::signal
