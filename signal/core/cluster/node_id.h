// Names of nodes. A node keeps its name for good (cluster.node); each start of it is an incarnation of its own.
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "common/base/random.h"
#include "common/base/time.h"

namespace noom::signal {

using NodeId = std::string;
constexpr size_t kNodeIdBytesMax = 64;

// Letters, digits, '-' and '_', with single dots between them, so that a host name is one and a NATS subject may end in
// it.
constexpr bool is_node_id(std::string_view name) {
  if (name.empty() || name.size() > kNodeIdBytesMax) return false;
  bool dot_allowed = false;
  for (const char c : name) {
    const bool word =
        (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
    if (!word && !(c == '.' && dot_allowed)) return false;
    dot_allowed = word;
  }
  return dot_allowed;
}

// One start of a node. Later starts have larger incarnations, as long as the wall clock does not go back between them.
struct NodeAddress {
  NodeId node;
  uint64_t incarnation = 0;

  friend bool operator==(const NodeAddress&, const NodeAddress&) = default;
};

// Milliseconds of the start, and twenty random bits, so that two processes started at once still differ. Never 0.
inline uint64_t make_incarnation(Wall start, Random& random) {
  const auto milliseconds = std::chrono::floor<std::chrono::milliseconds>(start.time_since_epoch()).count();
  return (static_cast<uint64_t>(milliseconds) << 20) | random.below((1 << 20) - 1) | 1;
}

}  // namespace noom::signal
