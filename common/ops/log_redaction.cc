#include "common/ops/log_redaction.h"

#include <algorithm>
#include <array>
#include <optional>

#include "common/base/endpoint.h"

namespace noom::ops {
namespace {

constexpr std::array<std::string_view, 7> kOwn = {"local",   "external", "relayed", "listener",
                                                  "metrics", "server",   "receiver"};
constexpr size_t kV4NetworkBytes = 3;
constexpr size_t kV6NetworkBytes = 6;

std::optional<IpAddress> address_of(std::string_view word) {
  if (const auto endpoint = IpEndpoint::parse(word)) return endpoint->address;
  return IpAddress::parse(word);
}

std::string network_of(const IpAddress& address) {
  std::array<std::byte, 16> bytes{};
  const size_t kept = address.is_v4() ? kV4NetworkBytes : kV6NetworkBytes;
  std::copy_n(address.bytes().begin(), kept, bytes.begin());
  const std::span<const std::byte> cut(bytes);
  return address.is_v4() ? IpAddress::v4(cut.first<4>()).to_string() + "/24"
                         : IpAddress::v6(cut.first<16>()).to_string() + "/48";
}

}  // namespace

std::string redact(LogAddresses addresses, std::string_view key, std::string_view value) {
  if (addresses == LogAddresses::kFull || std::ranges::find(kOwn, key) != kOwn.end()) return std::string(value);
  std::string text;
  while (!value.empty()) {
    const std::string_view word = value.substr(0, value.find(' '));
    value.remove_prefix(word.size());
    const auto address = address_of(word);
    if (!address) {
      text += word;
    } else if (addresses == LogAddresses::kNetwork) {
      text += network_of(address->unmapped());
    } else {
      text += address->unmapped().is_v4() ? "ipv4" : "ipv6";
    }
    if (!value.empty()) {
      text += ' ';
      value.remove_prefix(1);
    }
  }
  return text;
}

}  // namespace noom::ops
