#include "common/auth/peer_policy.h"

#include <absl/strings/str_cat.h>

#include <algorithm>
#include <array>
#include <iterator>

namespace noom::auth {
namespace {

struct DefaultRule {
  std::string_view prefix;
  std::string_view name;
};

// From IANA's special-purpose address registries, what is not a public unicast address, and the addresses where clouds
// keep their instance metadata. The documentation prefixes are left out: they route nowhere, and examples and tests
// live in them.
constexpr auto kDefaultDeny = std::to_array<DefaultRule>({
    {"0.0.0.0/8", "default: unspecified"},  // RFC 1122 §3.2.1.3; Linux delivers 0.0.0.0 to the host itself
    {"10.0.0.0/8", "default: private"},     // RFC 1918
    {"100.64.0.0/10", "default: private"},  // RFC 6598, carrier-grade NAT
    {"100.100.100.200/32", "default: metadata"},
    {"127.0.0.0/8", "default: loopback"},
    {"168.63.129.16/32", "default: metadata"},
    {"169.254.0.0/16", "default: link-local"},  // RFC 3927
    {"169.254.169.254/32", "default: metadata"},
    {"169.254.170.2/32", "default: metadata"},
    {"172.16.0.0/12", "default: private"},
    {"192.0.0.0/24", "default: protocol assignment"},  // RFC 6890
    {"192.0.0.192/32", "default: metadata"},
    {"192.88.99.0/24", "default: 6to4"},  // RFC 7526
    {"192.168.0.0/16", "default: private"},
    {"198.18.0.0/15", "default: benchmark"},  // RFC 2544
    {"224.0.0.0/4", "default: multicast"},
    {"240.0.0.0/4", "default: reserved"},  // RFC 1112 §4
    {"255.255.255.255/32", "default: broadcast"},
    {"::/128", "default: unspecified"},
    {"::1/128", "default: loopback"},
    {"::ffff:0:0:0/96", "default: v4-translated"},  // RFC 2765
    {"64:ff9b:1::/48",
     "default: local NAT64"},          // RFC 8215: the embedded address cannot be told without the network's plan
    {"100::/64", "default: discard"},  // RFC 6666
    {"2001::/23", "default: protocol assignment"},  // RFC 2928
    {"2001::/32", "default: teredo"},               // RFC 4380
    {"2001:2::/48", "default: benchmark"},          // RFC 5180
    {"2002::/16", "default: 6to4"},                 // RFC 3056
    {"5f00::/16", "default: segment routing"},      // RFC 9602
    {"fc00::/7", "default: private"},               // RFC 4193
    {"fd00:ec2::254/128", "default: metadata"},
    {"fd20:ce::254/128", "default: metadata"},
    {"fe80::/10", "default: link-local"},
    {"fec0::/10", "default: private"},  // RFC 3879
    {"ff00::/8", "default: multicast"},
});
constexpr std::string_view kOwnAddress = "default: own address";
constexpr std::string_view kPublic = "default: public";

IpAddress low_32_bits(const IpAddress& address) {
  return IpAddress::v4(address.bytes().last<4>());
}

bool is_loopback(const IpAddress& address) {
  static const IpPrefix kV4 = *IpPrefix::parse("127.0.0.0/8");
  static const IpPrefix kV6 = *IpPrefix::parse("::1");
  return kV4.contains(address) || kV6.contains(address);
}

std::vector<PrefixRule> operators(std::string_view verb, bool allow, const std::vector<IpPrefix>& prefixes) {
  std::vector<PrefixRule> rules;
  for (const IpPrefix& prefix : prefixes)
    rules.push_back(
        {prefix.unmapped(), allow, absl::StrCat(absl::string_view(verb.data(), verb.size()), " ", prefix.to_string())});
  return rules;
}

// The first of equal prefixes wins: the operator's deny, the operator's allow, the default.
std::vector<PrefixRule> all_rules(const std::vector<IpPrefix>& allow, const std::vector<IpPrefix>& deny,
                                  const std::vector<IpAddress>& own_addresses) {
  std::vector<PrefixRule> rules = operators("deny", false, deny);
  std::ranges::move(operators("allow", true, allow), std::back_inserter(rules));
  for (const DefaultRule& rule : kDefaultDeny)
    rules.push_back({*IpPrefix::parse(rule.prefix), false, std::string(rule.name)});
  for (const IpAddress& own : own_addresses) {
    const IpAddress address = canonical_peer(own);
    if (!is_loopback(address)) rules.push_back({IpPrefix::host(address), false, std::string(kOwnAddress)});
  }
  return rules;
}

}  // namespace

IpAddress canonical_peer(const IpAddress& peer) {
  static const IpPrefix kNat64 = *IpPrefix::parse("64:ff9b::/96");  // RFC 6052 §2.1
  static const IpPrefix kCompatible = *IpPrefix::parse("::/96");    // RFC 4291 §2.5.5.1
  static const IpPrefix kReserved = *IpPrefix::parse("::/127");     // :: and ::1 are themselves
  if (kNat64.contains(peer)) return low_32_bits(peer);
  if (kCompatible.contains(peer) && !kReserved.contains(peer)) return low_32_bits(peer);
  return peer.unmapped();
}

PeerPolicy::PeerPolicy(std::vector<IpPrefix> allow, std::vector<IpPrefix> deny, std::vector<IpAddress> own_addresses)
    : allow_(std::move(allow)),
      deny_(std::move(deny)),
      rules_(all_rules(allow_, deny_, own_addresses)),
      denied_as_written_(operators("deny", false, deny_)) {}

PeerVerdict PeerPolicy::check(const IpAddress& peer) const {
  const IpAddress canonical = canonical_peer(peer);
  if (canonical != peer)
    if (const PrefixRule* const rule = denied_as_written_.find(peer)) return {false, rule->name};
  const PrefixRule* const rule = rules_.find(canonical);
  if (rule == nullptr) return {true, kPublic};
  return {rule->allow, rule->name};
}

}  // namespace noom::auth
