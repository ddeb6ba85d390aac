// One node's part in the cluster: who is there (Membership) and reliable messages to them (Links), as one state
// machine. A message comes from members of the view only, after their kJoined and before their kLeft; a node's kLeft is
// preceded by the kReset of its link, if anything may have been lost.
#pragma once

#include <optional>
#include <string_view>

#include "signal/core/cluster/links.h"
#include "signal/core/cluster/membership.h"

namespace noom::signal {

struct ClusterSettings {
  MembershipSettings membership;
  LinkSettings links;
};

// Single-threaded. What comes from everyone's subject and from this node's own is given to on_frame alike.
class Cluster {
 public:
  Cluster(NodeAddress self, const ClusterSettings& settings)
      : membership_(self, settings.membership), links_(self, settings.links) {}

  // The bus is connected: the first time and after each loss.
  void on_bus(Now now, ClusterOutput& output);
  // Whatever the bus brings; what is malformed is counted.
  void on_frame(Now now, std::string_view bytes, ClusterOutput& output);
  void on_tick(Now now, ClusterOutput& output);
  std::optional<Mono> next_deadline() const;  // O(1)

  // To another node. When it is not in the view, or this node is no member: a kReset at once.
  void send(Now now, const NodeId& to, std::string_view payload, ClusterOutput& output);
  void set_draining(Now now, bool draining, ClusterOutput& output) { membership_.set_draining(now, draining, output); }
  // Says goodbye; nothing is due after it.
  void leave(Now now, ClusterOutput& output) { membership_.leave(now, output); }
  void set_load(NodeLoad load) { membership_.set_load(load); }

  const Membership& membership() const { return membership_; }
  const Links& links() const { return links_; }

 private:
  void on_link_frame(Now now, std::string_view bytes, ClusterOutput& output);
  // Links follow the view.
  void heed(size_t from, ClusterOutput& output);

  Membership membership_;
  Links links_;
  ClusterOutput told_;  // by the membership, within one call
};

}  // namespace noom::signal
