// What an operator sees of a hub, and orders it to do, past all roles: values of the rooms that this node owns. HTTP
// and JSON are signal/admin_routes.*.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "signal/core/hub.h"

namespace noom::signal {

constexpr size_t kRoomPageMax = 100;         // rooms in one answer
constexpr uint32_t kRoomPageScanMax = 2048;  // slots looked at for it: bounds the time it takes

struct RoomSummary {
  std::string name;
  std::string tag;
  std::string owner;  // the node; empty: the only one
  size_t members = 0;
  size_t waiting = 0;  // in the lobby
  size_t capacity = 0;
  RoomFlags flags;
  EventPosition at;
  uint64_t since_s = 0;  // Unix seconds
};
struct RoomPage {
  std::vector<RoomSummary> rooms;
  std::optional<uint32_t> next;  // for the page after it
};
struct MemberSummary {
  std::string peer;
  std::string name;
  std::string session;
  std::string identity;
  std::string node;  // that it is connected to; empty: the only one, or none at the moment
  Role role = Role::kMember;
  bool away = false;
  uint64_t since_s = 0;  // Unix seconds
};
struct RoomDetail {
  RoomSummary room;
  std::vector<MemberSummary> members;
};
struct NodeSummary {
  std::string name;
  bool self = false;
  bool draining = false;
  NodeLoad load;
};

// Why an order was not obeyed.
struct OperatorRefusal {
  enum class Why : uint8_t { kNoSuchRoom, kNoSuchPeer, kOtherOwner, kNoTickets };
  Why why = Why::kNoSuchRoom;
  std::string owner = {};  // of kOtherOwner
};
using OperatorResult = std::optional<OperatorRefusal>;  // nullopt: done

// Lives for one call into the hub.
class Operator {
 public:
  Operator(Hub& hub, Now now, Output& output) : hub_(hub), now_(now), output_(output) {}

  // From the slot that an earlier page named; at most `limit` and kRoomPageMax. A room that is made or ends meanwhile
  // may be missed; no other is, or is twice.
  RoomPage list_rooms(uint32_t from, size_t limit);
  std::variant<RoomDetail, OperatorRefusal> describe(std::string_view room);
  OperatorResult end_room(std::string_view room, std::string_view message);
  OperatorResult kick(std::string_view room, std::string_view peer, Duration ban, std::string_view message);
  std::variant<std::string, OperatorRefusal> mint_ticket(const JoinTicket& ticket);
  // By name; alone: none.
  std::vector<NodeSummary> nodes() const;
  // Of this node; empty: the only one.
  std::string node() const { return hub_.node_name(); }

 private:
  std::variant<RoomId, OperatorRefusal> find(std::string_view room) const;
  RoomSummary summary_of(const Room& room) const;

  Hub& hub_;
  Now now_;
  Output& output_;
};

}  // namespace noom::signal
