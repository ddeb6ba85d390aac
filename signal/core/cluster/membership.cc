#include "signal/core/cluster/membership.h"

#include <algorithm>

#include "signal/core/cluster/rendezvous.h"

namespace noom::signal {
namespace {

constexpr int kBeatsWhileJoining = 3;  // one may be lost

}  // namespace

Membership::Membership(NodeAddress self, MembershipSettings settings) : self_(std::move(self)), settings_(settings) {}

void Membership::announce(Now now, ClusterOutput& output) {
  if (state_ == State::kNew) return begin_joining(now, output);
  if (state_ == State::kJoining || state_ == State::kMember) beat(now, output);
}

void Membership::begin_joining(Now now, ClusterOutput& output) {
  state_ = State::kJoining;
  join_until_ = now.mono + settings_.join_wait;
  beat(now, output);
}

void Membership::become_member(Now now, ClusterOutput& output) {
  state_ = State::kMember;
  Beat own = own_beat(NodeState::kMember);
  NodeView& view = add(now, own);
  view.draining = draining_;
  beat(now, output);
}

void Membership::on_beat(Now now, const Beat& beat, ClusterOutput& output) {
  if (state_ == State::kLeft || state_ == State::kNew) return;
  if (beat.from.node == self_.node) return on_own_name(now, beat, output);
  const auto at = place_of(beat.from.node);
  const bool known = at != view_.end() && at->address.node == beat.from.node;
  if (known && beat.from.incarnation < at->address.incarnation) return stats_.beats_stale.add();
  switch (beat.state) {
    case NodeState::kLeaving:
      if (known && beat.from == at->address) remove(beat.from.node, output);
      return;
    case NodeState::kJoining:
      return answer(beat.from.node, output);
    case NodeState::kMember:
    case NodeState::kDraining:
      break;
  }
  const bool draining = beat.state == NodeState::kDraining;
  if (known && at->address == beat.from) {
    at->heard = now.mono;
    at->load = beat.load;
    if (at->draining == draining) return;
    at->draining = draining;
    ++view_version_;
    output.events.push_back({ClusterEvent::Kind::kDraining, beat.from.node, beat.from.incarnation, {}});
    return;
  }
  if (known) remove(beat.from.node, output);
  if (view_.size() >= settings_.nodes_max) return stats_.beats_beyond.add();
  add(now, beat).draining = draining;
  if (!bury_at_) bury_at_ = now.mono + settings_.dead_after;
  output.events.push_back({ClusterEvent::Kind::kJoined, beat.from.node, beat.from.incarnation, {}});
  answer(beat.from.node, output);
}

// Another process claims this node's name. The older one keeps it.
void Membership::on_own_name(Now now, const Beat& beat, ClusterOutput& output) {
  if (beat.from == self_ || beat.state == NodeState::kLeaving) return;
  if (beat.from.incarnation > self_.incarnation) {
    if (state_ == State::kMember || state_ == State::kJoining)
      output.frames.push_back(
          {self_.node, encode(own_beat(state_ == State::kJoining ? NodeState::kJoining : NodeState::kMember))});
    return;
  }
  older_heard_ = now.mono;
  if (state_ == State::kNameTaken) return;
  output.frames.push_back({std::nullopt, encode(own_beat(NodeState::kLeaving))});
  leave_view();
  state_ = State::kNameTaken;
  beat_at_ = now.mono + settings_.dead_after;
  output.events.push_back({ClusterEvent::Kind::kNameTaken, self_.node, beat.from.incarnation, {}});
}

void Membership::on_tick(Now now, ClusterOutput& output) {
  // When this process itself was stopped for a while, the others' silence is its own.
  if (const auto due = next_deadline(); due && now.mono - *due > settings_.heartbeat) {
    for (NodeView& node : view_) node.heard += now.mono - *due;
    if (state_ == State::kNameTaken) older_heard_ += now.mono - *due;
  }
  if (beat_at_ && *beat_at_ <= now.mono) {
    if (state_ == State::kJoining && now.mono >= join_until_) {
      become_member(now, output);
    } else if (state_ == State::kNameTaken) {
      beat_at_ = older_heard_ + settings_.dead_after;
      if (*beat_at_ <= now.mono) {
        output.events.push_back({ClusterEvent::Kind::kNameFree, self_.node, self_.incarnation, {}});
        begin_joining(now, output);
      }
    } else {
      beat(now, output);
    }
  }
  if (bury_at_ && *bury_at_ <= now.mono) bury_silent(now, output);
}

void Membership::bury_silent(Now now, ClusterOutput& output) {
  bury_at_.reset();
  std::vector<NodeId> silent;
  for (const NodeView& node : view_) {
    if (node.address.node == self_.node) continue;
    const Mono dead_at = node.heard + settings_.dead_after;
    if (dead_at <= now.mono) {
      silent.push_back(node.address.node);
    } else {
      bury_at_ = std::min(bury_at_.value_or(dead_at), dead_at);
    }
  }
  for (const NodeId& node : silent) remove(node, output);
}

void Membership::set_draining(Now now, bool draining, ClusterOutput& output) {
  if (draining_ == draining) return;
  draining_ = draining;
  if (state_ != State::kMember) return;
  place_of(self_.node)->draining = draining;
  ++view_version_;
  beat(now, output);
}

void Membership::leave(Now, ClusterOutput& output) {
  if (state_ == State::kMember || state_ == State::kJoining)
    output.frames.push_back({std::nullopt, encode(own_beat(NodeState::kLeaving))});
  leave_view();
  state_ = State::kLeft;
  beat_at_.reset();
  bury_at_.reset();
}

void Membership::set_load(NodeLoad load) {
  load_ = load;
  if (state_ == State::kMember) place_of(self_.node)->load = load;
}

void Membership::leave_view() {
  if (state_ != State::kMember) return;
  view_.erase(place_of(self_.node));
  ++view_version_;
}

Beat Membership::own_beat(NodeState state) const {
  return {self_, state == NodeState::kMember && draining_ ? NodeState::kDraining : state, load_};
}

void Membership::beat(Now now, ClusterOutput& output) {
  const bool joining = state_ == State::kJoining;
  output.frames.push_back({std::nullopt, encode(own_beat(joining ? NodeState::kJoining : NodeState::kMember))});
  beat_at_ = joining ? std::min(join_until_, now.mono + settings_.join_wait / kBeatsWhileJoining)
                     : now.mono + settings_.heartbeat;
}

// To a node that may not know this one yet.
void Membership::answer(const NodeId& node, ClusterOutput& output) {
  if (state_ == State::kMember) output.frames.push_back({node, encode(own_beat(NodeState::kMember))});
}

std::vector<NodeView>::iterator Membership::place_of(std::string_view node) {
  return std::lower_bound(view_.begin(), view_.end(), node,
                          [](const NodeView& view, std::string_view name) { return view.address.node < name; });
}

const NodeView* Membership::find(std::string_view node) const {
  const auto at = const_cast<Membership*>(this)->place_of(node);
  return at != view_.end() && at->address.node == node ? &*at : nullptr;
}

NodeView& Membership::add(Now now, const Beat& beat) {
  ++view_version_;
  return *view_.insert(place_of(beat.from.node), {beat.from, false, beat.load, now.mono, stable_hash(beat.from.node)});
}

void Membership::remove(std::string_view node, ClusterOutput& output) {
  const auto at = place_of(node);
  output.events.push_back({ClusterEvent::Kind::kLeft, at->address.node, at->address.incarnation, {}});
  view_.erase(at);
  ++view_version_;
}

const NodeId& Membership::owner_of(std::string_view room) const {
  const bool all_drain = std::all_of(view_.begin(), view_.end(), [](const NodeView& node) { return node.draining; });
  const uint64_t room_hash = stable_hash(room);
  const NodeView* best = nullptr;
  uint64_t best_weight = 0;
  for (const NodeView& node : view_) {
    if (node.draining && !all_drain) continue;
    const uint64_t weight = rendezvous_weight(node.hash, room_hash);
    if (best != nullptr && weight <= best_weight) continue;
    best = &node;
    best_weight = weight;
  }
  return best == nullptr ? self_.node : best->address.node;
}

std::optional<Mono> Membership::next_deadline() const {
  if (!beat_at_ || !bury_at_) return beat_at_ ? beat_at_ : bury_at_;
  return std::min(*beat_at_, *bury_at_);
}

}  // namespace noom::signal
