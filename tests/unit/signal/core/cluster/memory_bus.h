// A bus in memory and in virtual time, for any number of nodes: it loses, doubles, delays and reorders frames, cuts
// nodes off from each other, and is the same for the same seed. It drives the nodes: `run_for` delivers frames and
// ticks nodes at their deadlines, in the order of time.
//
//   struct Core final : MemoryBus::Node { … };       // hands frames to its state machine, publishes what that puts out
//   MemoryBus bus(seed, {.loss_permille = 50});
//   bus.attach("a", a); bus.attach("b", b);
//   bus.publish(a, output.frames);
//   bus.run_for(std::chrono::seconds(10));
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "common/base/random.h"
#include "signal/core/cluster/output.h"

namespace noom::signal {

struct BusFaults {
  uint32_t loss_permille = 0;
  uint32_t doubled_permille = 0;
  Duration delay_min = std::chrono::milliseconds(1);
  Duration delay_max = std::chrono::milliseconds(1);  // each frame by itself: more than delay_min reorders
};

class MemoryBus {
 public:
  class Node {
   public:
    virtual ~Node() = default;
    virtual void on_frame(Now now, std::string_view bytes) = 0;
    virtual void on_tick(Now now) = 0;
    virtual std::optional<Mono> next_deadline() const = 0;
  };
  explicit MemoryBus(uint64_t seed, BusFaults faults = {}) : dice_(seed), faults_(faults) {}

  // Several nodes may have one name, as on a real bus: each gets what is sent to it.
  void attach(NodeId name, Node& node) { nodes_.push_back({std::move(name), &node}); }
  // The node is gone; what it has published is still on its way.
  void detach(const Node& node) {
    std::erase_if(nodes_, [&](const Attached& attached) { return attached.node == &node; });
    std::erase_if(under_way_, [&](const auto& entry) { return entry.second.to == &node; });
  }

  void publish(const Node& from, const BusFrame& frame) {
    const NodeId& sender = name_of(from);
    if (const auto left = frames_left_.find(sender); left != frames_left_.end() && left->second-- == 0) isolate(sender);
    for (const Attached& attached : nodes_) {
      if (attached.node == &from || (frame.to && *frame.to != attached.name)) continue;
      if (is_cut(sender, attached.name) || chance(faults_.loss_permille)) continue;
      const int copies = chance(faults_.doubled_permille) ? 2 : 1;
      for (int i = 0; i < copies; ++i)
        under_way_.emplace(std::pair(now_ + delay(), ++published_), UnderWay{attached.node, frame.bytes});
    }
  }
  void publish(const Node& from, const std::vector<BusFrame>& frames) {
    for (const BusFrame& frame : frames) publish(from, frame);
  }

  void set_faults(BusFaults faults) { faults_ = faults; }
  // Nothing passes between the two any more; what is under way still does.
  void cut(const NodeId& one, const NodeId& other) {
    cut_one_way(one, other);
    cut_one_way(other, one);
  }
  void cut_one_way(const NodeId& from, const NodeId& to) { cuts_.insert({from, to}); }
  // From everyone: its connection with the bus is lost.
  void isolate(const NodeId& node) { isolated_.insert(node); }
  // From everyone, once it has published so many frames more: in the midst of what it says.
  void isolate_after(const NodeId& node, size_t frames) { frames_left_[node] = frames; }
  void heal() {
    cuts_.clear();
    isolated_.clear();
  }
  void heal(const NodeId& node) { isolated_.erase(node); }

  Now now() const { return {now_, Wall(std::chrono::seconds(1'800'000'000)) + now_.time_since_epoch()}; }
  void run_for(Duration duration) {
    const Mono until = now_ + duration;
    while (step(until)) {
    }
    now_ = until;
  }
  size_t under_way() const { return under_way_.size(); }

 private:
  struct Attached {
    NodeId name;
    Node* node;
  };
  struct UnderWay {
    Node* to;
    std::string bytes;
  };

  bool step(Mono until) {
    Node* due = nullptr;
    Mono at = until;
    for (const Attached& attached : nodes_) {
      const auto deadline = attached.node->next_deadline();
      if (!deadline || *deadline > at || (due != nullptr && *deadline == at)) continue;
      due = attached.node;
      at = *deadline;
    }
    if (!under_way_.empty() && under_way_.begin()->first.first <= at) {
      const auto first = under_way_.extract(under_way_.begin());
      now_ = std::max(now_, first.key().first);
      first.mapped().to->on_frame(now(), first.mapped().bytes);
      return true;
    }
    if (due == nullptr) return false;
    now_ = std::max(now_, at);
    due->on_tick(now());
    const auto next = is_attached(due) ? due->next_deadline() : std::nullopt;
    if (!next || *next > now_) return true;
    ADD_FAILURE() << "a tick must leave nothing due";
    return false;
  }

  bool is_attached(const Node* node) const {
    for (const Attached& attached : nodes_)
      if (attached.node == node) return true;
    return false;
  }
  const NodeId& name_of(const Node& node) const {
    static const NodeId nobody;
    for (const Attached& attached : nodes_)
      if (attached.node == &node) return attached.name;
    return nobody;
  }
  bool is_cut(const NodeId& from, const NodeId& to) const {
    return cuts_.contains({from, to}) || isolated_.contains(from) || isolated_.contains(to);
  }
  bool chance(uint32_t permille) { return permille > 0 && dice_.below(1000) < permille; }
  Duration delay() {
    const auto spread = std::chrono::duration_cast<std::chrono::microseconds>(faults_.delay_max - faults_.delay_min);
    return faults_.delay_min + std::chrono::microseconds(dice_.below(static_cast<uint32_t>(spread.count()) + 1));
  }

  SeededRandom dice_;
  BusFaults faults_;
  Mono now_{std::chrono::seconds(1000)};
  std::vector<Attached> nodes_;
  std::map<std::pair<Mono, uint64_t>, UnderWay> under_way_;
  uint64_t published_ = 0;
  std::set<std::pair<NodeId, NodeId>> cuts_;
  std::set<NodeId> isolated_;
  std::map<NodeId, size_t> frames_left_;
};

}  // namespace noom::signal
