#include "common/auth/ip_prefix.h"

#include <absl/strings/str_cat.h>

#include <algorithm>
#include <charconv>
#include <tuple>

#include "common/base/bytes.h"

namespace noom::auth {
namespace {

constexpr uint8_t kEmbeddedBits = 96;  // before the IPv4 address in an IPv6 one

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

using AddressBytes = std::array<std::byte, 16>;

AddressBytes copy_of(const IpAddress& address) {
  AddressBytes bytes{};
  std::ranges::copy(address.bytes(), bytes.begin());
  return bytes;
}

IpAddress address_of(const AddressBytes& bytes, Family family) {
  return family == Family::kV4 ? IpAddress::v4(std::span(bytes).first<4>()) : IpAddress::v6(bytes);
}

// The address after; nullopt after the highest.
std::optional<IpAddress> next(const IpAddress& address) {
  AddressBytes bytes = copy_of(address);
  for (size_t i = address.bytes().size(); i-- > 0;) {
    bytes[i] = static_cast<std::byte>(std::to_integer<uint8_t>(bytes[i]) + 1);
    if (bytes[i] != std::byte{0}) return address_of(bytes, address.family());
  }
  return std::nullopt;
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

IpPrefix IpPrefix::host(const IpAddress& address) {
  return {address, address_bits(address)};
}

bool IpPrefix::contains(const IpAddress& candidate) const {
  return candidate.family() == address.family() && equal_bits(candidate.bytes(), address.bytes(), length);
}

IpAddress IpPrefix::last() const {
  AddressBytes bytes = copy_of(address);
  for (size_t bit = length; bit < address_bits(address); ++bit)
    bytes[bit / 8] |= static_cast<std::byte>(0x80 >> bit % 8);
  return address_of(bytes, address.family());
}

IpPrefix IpPrefix::unmapped() const {
  const IpAddress inside = address.unmapped();
  if (inside.family() == address.family() || length < kEmbeddedBits) return *this;
  return {inside, static_cast<uint8_t>(length - kEmbeddedBits)};
}

std::string IpPrefix::to_string() const {
  return absl::StrCat(address.to_string(), "/", length);
}

PrefixTable::PrefixTable(std::vector<PrefixRule> rules) : rules_(std::move(rules)) {
  std::ranges::stable_sort(rules_, [](const PrefixRule& a, const PrefixRule& b) {
    return std::tie(a.prefix.address, a.prefix.length) < std::tie(b.prefix.address, b.prefix.length);
  });
  const auto repeated = std::ranges::unique(rules_, {}, &PrefixRule::prefix);
  rules_.erase(repeated.begin(), repeated.end());
  add_family(Family::kV4);
  add_family(Family::kV6);
}

// One sweep from the lowest address up. Blocks nest and never cross: the innermost open one decides.
void PrefixTable::add_family(Family family) {
  std::vector<Segment>& segments = segments_[family == Family::kV6];
  std::vector<uint32_t> open;
  const auto begin = [&](const IpAddress& first, uint32_t rule) {
    if (!segments.empty() && segments.back().first == first) segments.pop_back();
    segments.push_back({first, rule});
  };
  const auto close = [&] {
    const IpAddress end = rules_[open.back()].prefix.last();
    open.pop_back();
    if (const auto after = next(end)) begin(*after, open.empty() ? kNone : open.back());
  };
  for (uint32_t i = 0; i < rules_.size(); ++i) {
    const IpPrefix& prefix = rules_[i].prefix;
    if (prefix.address.family() != family) continue;
    while (!open.empty() && !rules_[open.back()].prefix.contains(prefix.address)) close();
    begin(prefix.address, i);
    open.push_back(i);
  }
  while (!open.empty()) close();
}

const PrefixRule* PrefixTable::find(const IpAddress& address) const {
  const std::vector<Segment>& segments = segments_[address.family() == Family::kV6];
  const auto after = std::ranges::upper_bound(segments, address, {}, &Segment::first);
  if (after == segments.begin()) return nullptr;
  const uint32_t rule = std::prev(after)->rule;
  return rule == kNone ? nullptr : &rules_[rule];
}

}  // namespace noom::auth
