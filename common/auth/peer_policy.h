// Which peers a relay may reach. Denied by default: everything that is not a public unicast address. See ARCHITECTURE.md, "Trust".
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/endpoint.h"

namespace noom::auth {

// A CIDR block. Host bits must be zero.
struct IpPrefix {
  IpAddress address;
  uint8_t length = 0;  // bits

  // "192.0.2.0/24", "2001:db8::/32", or an address alone for a whole-length prefix.
  static std::optional<IpPrefix> parse(std::string_view text);
  bool contains(const IpAddress& candidate) const;
  std::string to_string() const;
  friend auto operator<=>(const IpPrefix&, const IpPrefix&) = default;
};

// What a peer address really is on this host, RFC 8656 §21.1.1 and trap 18: v4-mapped and NAT64 (64:ff9b::/96) become their IPv4 address.
IpAddress canonical_peer(const IpAddress& peer);

struct PeerVerdict {
  bool allowed = false;
  std::string_view rule;  // why: "default: private", "allow 10.1.0.0/16", …; borrowed from the policy
};

// Immutable once built; shared by all shards. Longest prefix wins, deny wins ties; the default deny list is at the bottom of the same table; what
// no rule names is allowed.
class PeerPolicy {
 public:
  // `own_addresses`: the host's addresses, denied by a rule of their own.
  PeerPolicy(std::vector<IpPrefix> allow, std::vector<IpPrefix> deny, std::vector<IpAddress> own_addresses);

  // Canonicalises first. O(rules).
  PeerVerdict check(const IpAddress& peer) const;

 private:
  struct Rule {
    IpPrefix prefix;
    bool allow = false;
    std::string name;
  };
  std::vector<Rule> rules_;  // longest prefix first, deny before allow
};

}  // namespace noom::auth
