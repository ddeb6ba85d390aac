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
  bool dormant = false;           // as another process left it; the owner hears of it when the client is back
  EventPosition at{};             // how far its client has been told what happens in the room
  bool out_of_step = false;       // something is missing: only a roster makes sense

  // Whether a message of that count is the next to be told; notes it then, and what is missing otherwise.
  bool takes(const Counted& counted);

  bool valid() const { return !name.empty(); }
  // In a room of this node, and not on its way here.
  bool is_here() const { return owner == kThisNode && room.valid(); }
};

inline bool Place::takes(const Counted& counted) {
  if (counted.whole ? counted.at < at : counted.at.epoch == at.epoch && counted.at.seq <= at.seq) {
    out_of_step |= counted.whole;  // another one counts from behind
    return false;
  }
  out_of_step = !counted.whole && (out_of_step || counted.at != EventPosition{at.epoch, at.seq + 1});
  if (!out_of_step) at = counted.at;
  return !out_of_step;
}

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
  // The ticket that came with the welcome both began with; who has an older one has not heard of it.
  uint32_t counted_since = 0;

  uint64_t life = 0;        // Ticket::life
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

  // Whether a ticket is good for this life and not used up.
  bool takes(uint64_t of_life, uint32_t of_generation) const {
    return of_life == life && of_generation >= oldest && of_generation <= generation;
  }
};

}  // namespace noom::signal
