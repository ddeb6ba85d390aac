// Which nodes there are. Each tells everyone of itself once a heartbeat, and at once when it comes, drains, leaves, or
// hears of a node that may not know it; who is silent for too long is gone.
//
// A node first listens for a moment (join_wait), so that it does not take itself for the only one. During that time it
// also learns whether an older process has its name: then it is no member, until the other is silent.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "common/base/counter.h"
#include "common/base/time.h"
#include "signal/core/cluster/frame.h"
#include "signal/core/cluster/output.h"

namespace noom::signal {

struct MembershipSettings {
  Duration heartbeat = std::chrono::seconds(1);
  Duration dead_after = std::chrono::seconds(3);
  Duration join_wait = std::chrono::milliseconds(300);
  size_t nodes_max = 256;
};

struct NodeView {
  NodeAddress address;
  bool draining = false;
  NodeLoad load;
  Mono heard;  // of this node itself: not set
  uint64_t hash = 0;
};

struct MembershipStats {
  Counter beats_malformed;
  Counter beats_stale;   // of a former incarnation
  Counter beats_beyond;  // of nodes beyond nodes_max
};

// Single-threaded. Beats go to everyone's subject, or to BusFrame::to's.
class Membership {
 public:
  Membership(NodeAddress self, MembershipSettings settings);

  // The bus is there, perhaps again.
  void announce(Now now, ClusterOutput& output);
  void on_beat(Now now, const Beat& beat, ClusterOutput& output);
  void on_malformed() { stats_.beats_malformed.add(); }
  void on_tick(Now now, ClusterOutput& output);
  // From now on (or no longer) no new rooms.
  void set_draining(Now now, bool draining, ClusterOutput& output);
  // Tells everyone that this node is gone; nothing is due any more.
  void leave(Now now, ClusterOutput& output);
  // Goes out with the next heartbeat.
  void set_load(NodeLoad load);

  // Whether this node takes part: it has listened long enough, its name is its own, and it has not left.
  bool is_member() const { return state_ == State::kMember; }
  bool name_taken() const { return state_ == State::kNameTaken; }

  // By name; this node is among them while it is a member. Valid until the next call.
  std::span<const NodeView> view() const { return view_; }
  const NodeView* find(std::string_view node) const;
  // Changes with the set of nodes, their incarnations and which of them drain: with owners, that is.
  uint64_t view_version() const { return view_version_; }
  // Among nodes that do not drain; among all, when all do; this node, when there is none. O(nodes).
  const NodeId& owner_of(std::string_view room) const;

  std::optional<Mono> next_deadline() const;  // O(1)
  const NodeAddress& self() const { return self_; }
  const MembershipStats& stats() const { return stats_; }

 private:
  enum class State : uint8_t { kNew, kJoining, kMember, kNameTaken, kLeft };

  void on_own_name(Now now, const Beat& beat, ClusterOutput& output);
  void beat(Now now, ClusterOutput& output);
  Beat own_beat(NodeState state) const;
  void answer(const NodeId& node, ClusterOutput& output);
  void begin_joining(Now now, ClusterOutput& output);
  void become_member(Now now, ClusterOutput& output);
  void leave_view();
  NodeView& add(Now now, const Beat& beat);
  void remove(std::string_view node, ClusterOutput& output);
  void bury_silent(Now now, ClusterOutput& output);
  std::vector<NodeView>::iterator place_of(std::string_view node);

  NodeAddress self_;
  MembershipSettings settings_;
  MembershipStats stats_;
  State state_ = State::kNew;
  bool draining_ = false;
  NodeLoad load_;

  std::vector<NodeView> view_;
  uint64_t view_version_ = 0;

  Mono join_until_, older_heard_;
  std::optional<Mono> beat_at_, bury_at_;  // bury_at_ may be early, never late
};

}  // namespace noom::signal
