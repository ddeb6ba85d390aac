#include "signal/core/host.h"

#include <absl/strings/ascii.h>

#include <algorithm>

#include "common/base/endpoint.h"

namespace noom::signal {
namespace {

constexpr size_t kHostBytesMax = 253;  // RFC 1035 §2.3.4

bool is_port(std::string_view text) {
  return !text.empty() && text.size() <= 5 && std::all_of(text.begin(), text.end(), [](char c) {
    return absl::ascii_isdigit(static_cast<unsigned char>(c));
  });
}

bool is_name_character(char c) {
  return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '.' || c == '-' || c == '_';
}

}  // namespace

std::optional<std::string> host_of(std::string_view host_header) {
  std::string_view host = host_header;
  const size_t after_address = host.starts_with('[') ? host.find(']') : 0;
  if (after_address == std::string_view::npos) return std::nullopt;
  if (const size_t colon = host.find(':', after_address); colon != std::string_view::npos) {
    if (!is_port(host.substr(colon + 1))) return std::nullopt;
    host = host.substr(0, colon);
  }
  if (host.starts_with('[')) {
    const auto address = host.ends_with(']') ? IpAddress::parse(host.substr(1, host.size() - 2)) : std::nullopt;
    if (!address || !address->is_v6()) return std::nullopt;
    return absl::AsciiStrToLower({host.data(), host.size()});
  }
  if (host.empty() || host.size() > kHostBytesMax || !std::all_of(host.begin(), host.end(), is_name_character))
    return std::nullopt;
  return absl::AsciiStrToLower({host.data(), host.size()});
}

std::string fill_host(std::string_view pattern, std::string_view host) {
  constexpr std::string_view kPlaceholder = "{host}";
  std::string filled;
  for (size_t at = 0; at < pattern.size();) {
    const size_t next = std::min(pattern.find(kPlaceholder, at), pattern.size());
    filled += pattern.substr(at, next - at);
    if (next < pattern.size()) filled += host;
    at = next + kPlaceholder.size();
  }
  return filled;
}

}  // namespace noom::signal
