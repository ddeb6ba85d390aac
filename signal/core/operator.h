// What an operator sees of rooms, and orders in them, past all roles, in the whole cluster: of rooms of this node the
// hub knows, nodes that own others are asked (operator_cluster.cc).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "signal/core/hub.h"
#include "signal/core/operator_values.h"

namespace noom::signal {

constexpr Duration kOperatorPatience = std::chrono::seconds(3);  // with another node's answer
constexpr size_t kOperatorQuestionsMax = 256;                    // that wait for other nodes; further ones are refused

struct NodeSummary {
  std::string name;
  bool self = false;
  bool draining = false;
  NodeLoad load;
};

// Lives for one call into the hub.
class Operator {
 public:
  Operator(Hub& hub, Now now, Output& output) : hub_(hub), now_(now), output_(output) {}

  // The answer; or a number, for another node's answer or none within kOperatorPatience: Output::replies has it then.
  // A list brings the rooms of one node after the other. A room that is made, ends or goes to another node meanwhile
  // may be missed or be twice; no other is.
  std::variant<OperatorAnswer, uint64_t> ask(const OperatorQuestion& question);
  // Of rooms of this node alone.
  OperatorAnswer answer(const OperatorQuestion& question);
  std::variant<std::string, OperatorRefusal> mint_ticket(const JoinTicket& ticket);
  // By name; alone: none.
  std::vector<NodeSummary> nodes() const;
  // Of this node; empty: the only one.
  std::string node() const { return hub_.node_name(); }

  // What `node` has answered, or has not (nullptr), as whoever asked gets it.
  OperatorAnswer complete(const OperatorQuestion& question, const std::string& node, OperatorAnswer* answer) const;

 private:
  RoomPage list_rooms(uint32_t from, size_t limit) const;
  RoomDetail describe(const Room& room) const;
  RoomSummary summary_of(const Room& room) const;
  OperatorRefusal no_such_room(std::string_view room) const;

  std::variant<OperatorAnswer, uint64_t> ask_for_list(const OperatorQuestion& question);
  OperatorAnswer own_list(const OperatorQuestion& question);
  uint64_t ask_node(uint32_t node, const OperatorQuestion& question);
  bool may_ask() const;

  Hub& hub_;
  Now now_;
  Output& output_;
};

}  // namespace noom::signal
