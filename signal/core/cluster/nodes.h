// What a hub knows because it is one node of several: who the others are, the rooms that they own and its clients are
// in, what it has asked them and waits for. hub_nodes.cc, hub_edge.cc, hub_owner.cc and hub_seat_moves.cc work on it.
#pragma once

#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "signal/core/cluster/cluster.h"
#include "signal/core/cluster/node_messages.h"
#include "signal/core/room_host.h"
#include "signal/core/ticket.h"

namespace noom::signal {

constexpr Duration kNodePatience = std::chrono::seconds(3);     // with another node's answer
constexpr Duration kJoinPatience = std::chrono::seconds(6);     // of a client that wants to join, over all tries
constexpr Duration kGatherTime = std::chrono::seconds(1);       // for the others to say what they know of a room
constexpr Duration kHealTime = std::chrono::seconds(2);         // for nodes to hear of each other once the bus is back
constexpr Duration kNodeTick = std::chrono::milliseconds(100);  // while something is waited for
constexpr Duration kAuditInterval = std::chrono::seconds(20);   // between two comparisons of books
constexpr size_t kHeldMax = 1024;                               // requests about a room that is on its way
constexpr size_t kHandedOverMax = 16'384;                       // rooms whose new owner is remembered
constexpr uint8_t kHopsMax = 4;
constexpr size_t kTicketsAtOnce = 1000;  // used ones in a message: 36 KB

// A room that another node owns and clients of this one are in.
struct RemoteRoom {
  uint32_t owner = kNoNode;
  RoomId id;        // at the owner; invalid until it is known
  SavedRoom known;  // as the owner last told
  std::vector<SeatId> seats;
  // Set: the owner has not yet said that the seats are attached; asked again then. Requests are held.
  std::optional<Mono> attach_again;
  // Of this room, while what was asked of it there may still be passed on: the seats are attached behind that.
  struct Former {
    uint32_t owner = kNoNode;
    RoomId id;
  };
  std::optional<Former> former;
  bool lost = false;  // what the owner said may not have come
  std::vector<node::Message> held;
};

// A room that this node is about to own, and of which others may know.
struct Gathering {
  std::set<uint32_t> awaited;
  Mono ends{};
  std::vector<Attachment> parts;
  std::vector<std::pair<node::JoinAsked, uint32_t>> joins;  // and whose clients
};

// A client of this node that another one has been asked to let into a room.
struct Joining {
  node::JoinAsked asked;
  std::string re;
  std::string room;
  uint32_t owner = kNoNode;
  Mono ask_again{};
  Mono ends{};
};

// A client with a ticket whose seat another node has.
struct SeatComing {
  std::string re;
  std::string client;
  uint64_t received = 0;
  Ticket ticket;
  uint32_t from = kNoNode;
  Mono ends{};
};
// A seat that another node wants, and the owner has not let go of yet.
struct SeatGoing {
  uint32_t to = kNoNode;
  node::SeatWanted wanted;
  Mono ends{};
  bool is_detaching =
      false;  // the owner has been asked to let go: whatever it was told before, the seat stays out of it
};

// An operator's, to another node.
struct OpenQuestion {
  OperatorQuestion question;
  uint32_t node = kNoNode;
  Mono ends{};
};

struct Nodes {
  Nodes(NodeAddress self, const ClusterSettings& settings) : cluster(std::move(self), settings) {
    names.push_back(cluster.membership().self().node);
  }

  // A node's number here; names keep theirs.
  uint32_t number(std::string_view name) {
    for (uint32_t i = 0; i < names.size(); ++i) {
      if (names[i] == name) return i;
    }
    names.emplace_back(name);
    return static_cast<uint32_t>(names.size() - 1);
  }
  std::string name(uint32_t number) const { return number < names.size() ? names[number] : std::string(); }
  bool is_there(uint32_t number) const {
    return number == kThisNode || (number < names.size() && cluster.membership().find(names[number]) != nullptr);
  }
  uint32_t owner_of(std::string_view room) { return number(cluster.membership().owner_of(room)); }
  bool is_alone() const { return cluster.membership().view().size() <= 1; }

  Cluster cluster;
  ClusterOutput told;
  std::vector<std::string> names;  // by number; kThisNode is this one
  bool is_connected = false;       // to the bus
  uint64_t view_seen = 0;
  Mono heals{};  // until then nodes may only seem to be gone

  std::vector<SeatId> out_of_step;  // Place::out_of_step

  std::set<uint32_t> reset;  // nodes that may have missed something since they last asked to attach
  std::map<std::string, RemoteRoom, std::less<>> remote_rooms;
  std::map<std::string, Gathering, std::less<>> gatherings;
  std::map<SeatId, Joining> joining;
  std::map<SessionId, SeatComing> coming;
  std::map<SeatId, SeatGoing> going;
  std::map<uint64_t, OpenQuestion> questions;  // by number: in the order of their asking
  uint64_t questions_asked = 0;
  // Rooms that were here: what still comes for them is passed on.
  struct HandedOver {
    RoomId id;
    std::string room;
    uint32_t owner = kNoNode;
  };
  std::deque<HandedOver> handed_over;
  uint8_t hops = 0;  // of the message that is being heeded
  std::optional<Mono> next_tick;
  std::optional<Mono> next_audit;
};

}  // namespace noom::signal
