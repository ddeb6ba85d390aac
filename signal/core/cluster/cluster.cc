#include "signal/core/cluster/cluster.h"

#include <algorithm>
#include <iterator>

namespace noom::signal {

void Cluster::on_bus(Now now, ClusterOutput& output) {
  membership_.announce(now, output);
  links_.nudge(now);
}

void Cluster::on_frame(Now now, std::string_view bytes, ClusterOutput& output) {
  if (!is_beat(bytes)) return on_link_frame(now, bytes, output);
  const auto beat = parse_beat(bytes);
  if (!beat) return membership_.on_malformed();
  const size_t from = output.events.size();
  membership_.on_beat(now, *beat, output);
  heed(from, output);
}

void Cluster::on_link_frame(Now now, std::string_view bytes, ClusterOutput& output) {
  const auto frame = parse_link_frame(bytes);
  if (!frame) return links_.on_malformed();
  // Until its beat is heard the sender counts as unheard, and says it again.
  const NodeView* sender = membership_.find(frame->node);
  const bool heard = sender != nullptr && sender->address.incarnation == frame->from.incarnation;
  if (!membership_.is_member() || !heard || frame->node == membership_.self().node) return links_.on_stranger();
  links_.on_frame(now, *frame, output);
}

void Cluster::on_tick(Now now, ClusterOutput& output) {
  const size_t from = output.events.size();
  membership_.on_tick(now, output);
  heed(from, output);
  links_.on_tick(now, output);
}

void Cluster::heed(size_t from, ClusterOutput& output) {
  if (output.events.size() == from) return;
  told_.events.assign(std::make_move_iterator(output.events.begin() + static_cast<std::ptrdiff_t>(from)),
                      std::make_move_iterator(output.events.end()));
  output.events.resize(from);
  for (ClusterEvent& event : told_.events) {
    if (event.kind == ClusterEvent::Kind::kLeft) links_.end(event.node, output);
    if (event.kind == ClusterEvent::Kind::kNameTaken)
      for (const NodeView& node : membership_.view()) links_.end(node.address.node, output);
    output.events.push_back(std::move(event));
  }
}

void Cluster::send(Now now, const NodeId& to, std::string_view payload, ClusterOutput& output) {
  if (membership_.is_member() && to != membership_.self().node && membership_.find(to) != nullptr)
    return links_.send(now, to, payload, output);
  output.events.push_back({ClusterEvent::Kind::kReset, to, 0, {}, true});
}

std::optional<Mono> Cluster::next_deadline() const {
  const auto a = membership_.next_deadline();
  const auto b = links_.next_deadline();
  if (!a || !b) return a ? a : b;
  return std::min(*a, *b);
}

}  // namespace noom::signal
