// CIDR blocks, and tables of them in which the longest prefix decides.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
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
  static IpPrefix host(const IpAddress& address);  // the address alone
  bool contains(const IpAddress& candidate) const;
  IpAddress last() const;  // the highest address in it
  // ::ffff:10.0.0.0/104 is 10.0.0.0/8; anything else is returned as it is.
  IpPrefix unmapped() const;
  std::string to_string() const;
  friend auto operator<=>(const IpPrefix&, const IpPrefix&) = default;
};

struct PrefixRule {
  IpPrefix prefix;
  bool allow = false;
  std::string name;  // what logs say of it: "deny 10.0.0.0/8"
};

// Immutable once built. Which rule decides about an address: that with the longest prefix around it; of equal prefixes,
// the one given first.
class PrefixTable {
 public:
  explicit PrefixTable(std::vector<PrefixRule> rules);

  // nullptr when no rule names the address, which is taken as it is. Borrowed from the table. O(log rules).
  const PrefixRule* find(const IpAddress& address) const;

 private:
  static constexpr uint32_t kNone = UINT32_MAX;
  // From `first` up to the next segment's `first`, `rule` decides.
  struct Segment {
    IpAddress first;
    uint32_t rule;
  };
  void add_family(Family family);

  std::vector<PrefixRule> rules_;                 // by address, then wider first
  std::array<std::vector<Segment>, 2> segments_;  // IPv4, IPv6; ordered by `first`
};

}  // namespace noom::auth
