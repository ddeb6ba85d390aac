// What an operator asks of rooms, and is answered, as values: they go to the node that has the room, and back. HTTP and
// JSON are signal/admin_routes.*.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/base/time.h"
#include "signal/core/answers.h"
#include "signal/core/role.h"

namespace noom::signal {

constexpr size_t kRoomPageMax = 100;         // rooms in one answer
constexpr uint32_t kRoomPageScanMax = 2048;  // slots looked at for it: bounds the time it takes

// Where a list of rooms goes on: a slot of that node, or of the one after it when it is gone.
struct RoomCursor {
  std::string node;  // empty: the first one
  uint32_t slot = 0;
};

struct OperatorQuestion {
  enum class Kind : uint8_t { kListRooms, kDescribe, kEndRoom, kKick };
  Kind kind = Kind::kListRooms;
  RoomCursor from = {};      // of kListRooms
  uint32_t limit = 0;        // of kListRooms; at most kRoomPageMax
  std::string room = {};     // of the others
  std::string peer = {};     // of kKick
  Duration ban = {};         // of kKick
  std::string message = {};  // of kEndRoom and kKick: what those concerned are told

  bool is_order() const { return kind == Kind::kEndRoom || kind == Kind::kKick; }
};
constexpr size_t kOperatorQuestionKinds = 4;

struct RoomSummary {
  std::string name;
  std::string tag;
  std::string owner;  // the node; empty: the only one
  uint32_t members = 0;
  uint32_t waiting = 0;  // in the lobby
  uint32_t capacity = 0;
  RoomFlags flags;
  EventPosition at;
  uint64_t since_s = 0;  // Unix seconds
};
// Rooms of one node.
struct RoomPage {
  std::vector<RoomSummary> rooms;
  std::optional<RoomCursor> next;  // for the page after it
  std::string unavailable;         // the node that should have answered and did not
  bool cut_off = false;            // other nodes are not asked: there is no way to them
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

// Why a question has no answer, or an order was not obeyed.
struct OperatorRefusal {
  // kUnavailable: nobody can tell at the moment. Of an order that another node was asked to obey: it may have.
  enum class Why : uint8_t { kNoSuchRoom, kNoSuchPeer, kNoTickets, kUnavailable };
  Why why = Why::kNoSuchRoom;
  std::string node = {};  // of kUnavailable: the one that is to be asked; empty: this one is cut off
};
constexpr size_t kOperatorRefusals = 4;

struct OperatorAnswer {
  std::optional<OperatorRefusal> refusal;
  RoomPage page;      // of kListRooms
  RoomDetail detail;  // of kDescribe
};
// To the question that Operator::ask gave this number.
struct OperatorReply {
  uint64_t number = 0;
  OperatorAnswer answer;
};

}  // namespace noom::signal
