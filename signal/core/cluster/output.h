// What the cluster asks of its bus and tells its user. One ClusterOutput is reused for all calls.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "signal/core/cluster/node_id.h"

namespace noom::signal {

// To be published, at most once, to one node or to everyone but the sender.
struct BusFrame {
  std::optional<NodeId> to;  // nothing: everyone
  std::string bytes;
};

// In the order in which they happened, and to be heeded in that order.
struct ClusterEvent {
  enum class Kind : uint8_t {
    kMessage,  // `payload` from `node`
    kReset,    // what was sent to `node` and not heard of again, and what it sent and has not arrived, is gone
    kJoined,   // `node` is in the view
    kLeft,  // no longer: it said so, was silent for too long, or a newer incarnation takes its place (kJoined follows)
    kDraining,   // `node` takes no new rooms any more, or (kJoined is not repeated) takes them again
    kNameTaken,  // an older process has this node's name: this one is no member
    kNameFree,   // and is silent now: this one joins anew
  };
  Kind kind;
  NodeId node;
  uint64_t incarnation = 0;  // of kJoined, kLeft, kDraining, kNameTaken: the other one's
  std::string payload = {};
  bool sent_lost = false;  // of kReset: something that this end has sent is, or may be, among it
};

struct ClusterOutput {
  std::vector<BusFrame> frames;
  std::vector<ClusterEvent> events;

  void clear() {
    frames.clear();
    events.clear();
  }
  bool empty() const { return frames.empty() && events.empty(); }
};

}  // namespace noom::signal
