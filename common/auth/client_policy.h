// Which clients are served, by the address they come from. Peers have a policy of their own (peer_policy.h).
#pragma once

#include <string_view>
#include <vector>

#include "common/auth/ip_prefix.h"

namespace noom::auth {

// Immutable once built; shared by all shards. The longest matching prefix decides, and deny wins against an equal
// allow. What no rule names is served when there is no allow rule at all, and refused otherwise: a list of who may come
// in says that nobody else may.
class ClientPolicy {
 public:
  ClientPolicy(const std::vector<IpPrefix>& allow, const std::vector<IpPrefix>& deny);

  // Why the client is refused: "deny 10.0.0.0/8", "default: not in the allow list"; borrowed from the policy. Empty
  // when it is served. A v4-mapped address is the IPv4 address inside. O(log rules).
  std::string_view denial(const IpAddress& client) const;

 private:
  PrefixTable rules_;
  bool only_listed_;
};

}  // namespace noom::auth
