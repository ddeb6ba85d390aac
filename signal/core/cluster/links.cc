#include "signal/core/cluster/links.h"

namespace noom::signal {

void Links::send(Now now, const NodeId& to, std::string_view payload, ClusterOutput& output) {
  if (!slot_by_node_.contains(to) && slot_by_node_.size() >= common_.settings.links_max) {
    common_.stats.resets.add();
    output.events.push_back({ClusterEvent::Kind::kReset, to, 0, {}, true});
    return;
  }
  const uint32_t slot = slot_of(to);
  slots_[slot].link->send(now, payload, output);
  reschedule(slot);
}

void Links::on_frame(Now now, const LinkFrame& frame, ClusterOutput& output) {
  // Meant for another process of this name.
  if (frame.to.incarnation > common_.self.incarnation) return common_.stats.frames_stale.add();
  const NodeId node(frame.node);
  if (!slot_by_node_.contains(node) && slot_by_node_.size() >= common_.settings.links_max) return on_stranger();
  const uint32_t slot = slot_of(node);
  slots_[slot].link->on_frame(now, frame, output);
  reschedule(slot);
}

void Links::on_tick(Now now, ClusterOutput& output) {
  while (const auto due = deadlines_.pop_due(now.mono)) {
    slots_[*due].link->on_tick(now, output);
    reschedule(*due);
  }
}

void Links::nudge(Now now) {
  for (const auto& [node, slot] : slot_by_node_) {
    slots_[slot].link->nudge(now);
    reschedule(slot);
  }
}

void Links::end(const NodeId& node, ClusterOutput& output) {
  const auto found = slot_by_node_.find(node);
  if (found == slot_by_node_.end()) return;
  const uint32_t slot = found->second;
  slots_[slot].link->end(output);
  slots_[slot] = {};
  deadlines_.clear(slot);
  free_slots_.push_back(slot);
  slot_by_node_.erase(found);
}

size_t Links::waiting_bytes(const NodeId& node) const {
  const auto found = slot_by_node_.find(node);
  return found == slot_by_node_.end() ? 0 : slots_[found->second].link->waiting_bytes();
}

uint32_t Links::slot_of(const NodeId& node) {
  if (const auto found = slot_by_node_.find(node); found != slot_by_node_.end()) return found->second;
  uint32_t slot = static_cast<uint32_t>(slots_.size());
  if (free_slots_.empty()) {
    slots_.emplace_back();
  } else {
    slot = free_slots_.back();
    free_slots_.pop_back();
  }
  slots_[slot] = {std::make_unique<Link>(common_, node), node};
  slot_by_node_.emplace(node, slot);
  return slot;
}

void Links::reschedule(uint32_t slot) {
  if (const auto deadline = slots_[slot].link->deadline()) {
    deadlines_.set(slot, *deadline);
  } else {
    deadlines_.clear(slot);
  }
}

}  // namespace noom::signal
