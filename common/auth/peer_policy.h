// Which peers a relay may reach. Denied by default: everything that is not a public unicast address. See
// ARCHITECTURE.md, "Trust".
#pragma once

#include <string_view>
#include <vector>

#include "common/auth/ip_prefix.h"
#include "common/base/endpoint.h"

namespace noom::auth {

// What a peer address really is on this host, RFC 8656 §21.1.1: v4-mapped, NAT64 (64:ff9b::/96) and the deprecated
// v4-compatible addresses become the IPv4 address inside; anything else is returned as it is.
IpAddress canonical_peer(const IpAddress& peer);

struct PeerVerdict {
  bool allowed = false;
  std::string_view rule;  // why: "default: private", "allow 10.1.0.0/16", …; borrowed from the policy
};

// Immutable once built; shared by all shards.
//
// One table: the longest matching prefix decides. Among equal prefixes the operator's deny beats the operator's allow,
// which beats a default deny. What no rule names is allowed. Hence:
//   allow 10.0.0.0/8   opens that default-denied block, and
//   allow 10.1.0.0/16  a part of it;
//   allow 0.0.0.0/0    opens no default-denied block: each must be named, so that nobody opens the metadata service by
//   a wide rule; deny 0.0.0.0/0     with allow 203.0.113.0/24 leaves just that block.
// The host's own addresses are default-denied each by itself, so that allow 10.0.0.0/8 opens the neighbours but not the
// relay's host; to open that too, allow it by its full address. Loopback is one block all of which is the host's own:
// allow 127.0.0.0/8 opens 127.0.0.1. A rule is compared with the canonical address; a deny also with the address as the
// client wrote it (deny 64:ff9b::/96 refuses NAT64 peers).
class PeerPolicy {
 public:
  PeerPolicy(std::vector<IpPrefix> allow, std::vector<IpPrefix> deny, std::vector<IpAddress> own_addresses);

  // The same rules on a host that has these addresses instead.
  PeerPolicy with_own(const std::vector<IpAddress>& own_addresses) const {
    return PeerPolicy(allow_, deny_, own_addresses);
  }

  // O(log rules).
  PeerVerdict check(const IpAddress& peer) const;

 private:
  std::vector<IpPrefix> allow_;
  std::vector<IpPrefix> deny_;
  PrefixTable rules_;
  PrefixTable denied_as_written_;  // the operator's deny rules alone
};

}  // namespace noom::auth
