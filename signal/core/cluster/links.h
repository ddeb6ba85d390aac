// All reliable links of one node (link.h), by the other's name. They come into being when either side has something to
// send.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "common/base/deadline_queue.h"
#include "signal/core/cluster/link.h"

namespace noom::signal {

// Single-threaded. Frames go to BusFrame::to's own subject; what comes is told as ClusterEvents kMessage and kReset.
class Links {
 public:
  Links(NodeAddress self, LinkSettings settings) : common_{std::move(self), settings, {}, 0} {}

  // Delivered once and in order, or the link is reset. A message that does not fit LinkSettings resets it too, and is
  // gone with the rest. The payload is copied.
  void send(Now now, const NodeId& to, std::string_view payload, ClusterOutput& output);
  void on_frame(Now now, const LinkFrame& frame, ClusterOutput& output);
  void on_malformed() { common_.stats.frames_malformed.add(); }
  void on_stranger() { common_.stats.frames_of_strangers.add(); }
  void on_tick(Now now, ClusterOutput& output);
  std::optional<Mono> next_deadline() const { return deadlines_.next(); }  // O(1)

  // The bus is back: what waits for an answer is due at once.
  void nudge(Now now);
  // That node is gone for good: its link ends, with a reset for whatever may be lost.
  void end(const NodeId& node, ClusterOutput& output);

  const LinkStats& stats() const { return common_.stats; }
  size_t waiting_bytes(const NodeId& node) const;  // unacknowledged

 private:
  struct Slot {
    std::unique_ptr<Link> link;
    NodeId node;
  };
  uint32_t slot_of(const NodeId& node);
  void reschedule(uint32_t slot);

  LinkCommon common_;
  std::map<NodeId, uint32_t, std::less<>> slot_by_node_;
  std::vector<Slot> slots_;
  std::vector<uint32_t> free_slots_;
  DeadlineQueue deadlines_;  // of slots_
};

}  // namespace noom::signal
