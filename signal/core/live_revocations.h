// What was taken back from relays and has not ended by itself yet: a relay that starts anew, or was away from the bus,
// is told again. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/base/time.h"
#include "signal/core/ice_ranking.h"
#include "signal/core/output.h"

namespace noom::signal {

class LiveRevocations {
 public:
  static constexpr size_t kMax = 1024;        // beyond it those are forgotten first that end first: 128 KB
  static constexpr size_t kRelaysMax = 1024;  // beyond it the rest counts as known

  // By this node, or heard from another one. Only what is a room's or a member's is kept: a user of noom-turn's own,
  // who was put out once, may have been let in again.
  void add(Wall now, const Revocation& revocation);
  std::vector<Revocation> live(Wall now);
  // Whether the relay may have missed what was said before: it is new, started again or connected again.
  bool may_have_missed(const RelayStatus& status);

  size_t size() const { return by_name_.size(); }

 private:
  void forget_ended(Wall now);

  std::map<std::string, Wall> by_name_;
  std::set<std::pair<Wall, std::string>> by_end_;
  std::map<std::string, std::pair<uint64_t, uint64_t>> relays_;  // incarnation and connection, as last heard
};

}  // namespace noom::signal
