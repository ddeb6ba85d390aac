#include "common/auth/peer_policy.h"

#include <absl/strings/str_cat.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <tuple>

#include "common/base/bytes.h"

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

constexpr uint8_t kEmbeddedBits = 96;

uint8_t address_bits(const IpAddress& address) {
  return static_cast<uint8_t>(address.bytes().size() * 8);
}

bool equal_bits(Bytes a, Bytes b, size_t bits) {
  const size_t whole = bits / 8;
  if (!std::equal(a.begin(), a.begin() + static_cast<std::ptrdiff_t>(whole), b.begin())) return false;
  if (bits % 8 == 0) return true;
  const auto mask = static_cast<std::byte>(0xFF << (8 - bits % 8));
  return ((a[whole] ^ b[whole]) & mask) == std::byte{0};
}

IpAddress low_32_bits(const IpAddress& address) {
  return IpAddress::v4(address.bytes().last<4>());
}

bool is_loopback(const IpAddress& address) {
  static const IpPrefix kV4 = *IpPrefix::parse("127.0.0.0/8");
  static const IpPrefix kV6 = *IpPrefix::parse("::1");
  return kV4.contains(address) || kV6.contains(address);
}

// ::ffff:10.0.0.0/104 is 10.0.0.0/8.
IpPrefix unmapped(const IpPrefix& prefix) {
  const IpAddress address = prefix.address.unmapped();
  if (address.family() == prefix.address.family() || prefix.length < kEmbeddedBits) return prefix;
  return {address, static_cast<uint8_t>(prefix.length - kEmbeddedBits)};
}

}  // namespace

std::optional<IpPrefix> IpPrefix::parse(std::string_view text) {
  const size_t slash = text.find('/');
  const auto address = IpAddress::parse(text.substr(0, slash));
  if (!address) return std::nullopt;
  const uint8_t bits = address_bits(*address);
  if (slash == text.npos) return IpPrefix{*address, bits};

  const std::string_view digits = text.substr(slash + 1);
  uint8_t length = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), length);
  if (error != std::errc() || end != digits.data() + digits.size() || length > bits) return std::nullopt;
  const Bytes bytes = address->bytes();
  for (size_t bit = length; bit < bits; ++bit)
    if ((bytes[bit / 8] & static_cast<std::byte>(0x80 >> bit % 8)) != std::byte{0}) return std::nullopt;
  return IpPrefix{*address, length};
}

bool IpPrefix::contains(const IpAddress& candidate) const {
  return candidate.family() == address.family() && equal_bits(candidate.bytes(), address.bytes(), length);
}

std::string IpPrefix::to_string() const {
  return absl::StrCat(address.to_string(), "/", length);
}

IpAddress canonical_peer(const IpAddress& peer) {
  static const IpPrefix kNat64 = *IpPrefix::parse("64:ff9b::/96");  // RFC 6052 §2.1
  static const IpPrefix kCompatible = *IpPrefix::parse("::/96");    // RFC 4291 §2.5.5.1
  static const IpPrefix kReserved = *IpPrefix::parse("::/127");     // :: and ::1 are themselves
  if (kNat64.contains(peer)) return low_32_bits(peer);
  if (kCompatible.contains(peer) && !kReserved.contains(peer)) return low_32_bits(peer);
  return peer.unmapped();
}

PeerPolicy::PeerPolicy(std::vector<IpPrefix> allow, std::vector<IpPrefix> deny, std::vector<IpAddress> own_addresses) {
  for (const IpPrefix& prefix : deny)
    rules_.push_back({unmapped(prefix), Rank::kUserDeny, absl::StrCat("deny ", prefix.to_string())});
  for (const IpPrefix& prefix : allow)
    rules_.push_back({unmapped(prefix), Rank::kUserAllow, absl::StrCat("allow ", prefix.to_string())});
  for (const DefaultRule& rule : kDefaultDeny)
    rules_.push_back({*IpPrefix::parse(rule.prefix), Rank::kDefaultDeny, std::string(rule.name)});
  for (const IpAddress& own : own_addresses) {
    const IpAddress address = canonical_peer(own);
    if (is_loopback(address)) continue;
    rules_.push_back({{address, address_bits(address)}, Rank::kDefaultDeny, std::string(kOwnAddress)});
  }
  std::ranges::stable_sort(rules_, [](const Rule& a, const Rule& b) {
    return std::tuple(b.prefix.length, a.rank) < std::tuple(a.prefix.length, b.rank);
  });
}

PeerVerdict PeerPolicy::check(const IpAddress& peer) const {
  const IpAddress canonical = canonical_peer(peer);
  if (canonical != peer) {
    const auto denied_as_written = [&](const Rule& rule) {
      return rule.rank == Rank::kUserDeny && rule.prefix.contains(peer);
    };
    if (const auto rule = std::ranges::find_if(rules_, denied_as_written); rule != rules_.end())
      return {false, rule->name};
  }
  const auto matches = [&](const Rule& rule) { return rule.prefix.contains(canonical); };
  const auto rule = std::ranges::find_if(rules_, matches);
  if (rule == rules_.end()) return {true, kPublic};
  return {rule->rank == Rank::kUserAllow, rule->name};
}

}  // namespace noom::auth
