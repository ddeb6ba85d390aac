#include "turn/external_source.h"

#include <algorithm>
#include <charconv>

namespace noom::turn {
namespace {

constexpr std::string_view kStunScheme = "stun://";
constexpr uint16_t kStunPort = 3478;   // RFC 8489 §8.1
constexpr size_t kNameBytesMax = 253;  // RFC 1035 §2.3.4, as text

bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
bool is_name_part(char c) {
  return is_letter(c) || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_';
}

bool is_name(std::string_view text) {
  if (text.ends_with('.')) text.remove_suffix(1);
  const std::string_view last = text.substr(text.rfind('.') + 1);  // npos + 1 is 0
  return !text.empty() && text.size() <= kNameBytesMax && text.front() != '.' && text.front() != '-' &&
         text.find("..") == text.npos && std::ranges::all_of(text, is_name_part) &&
         std::ranges::any_of(last, is_letter);
}

std::optional<ExternalSource> parse_stun(std::string_view server) {
  ExternalSource source{.kind = ExternalSource::Kind::kStun, .address = {}, .host = {}, .port = kStunPort};
  if (const auto endpoint = IpEndpoint::parse(server)) {
    source.host = endpoint->address.to_string();
    source.port = endpoint->port;
    return source.port == 0 ? std::nullopt : std::optional(source);
  }
  const bool bracketed = server.starts_with('[') && server.ends_with(']');
  if (const auto address = IpAddress::parse(bracketed ? server.substr(1, server.size() - 2) : server)) {
    if (address->is_v6() != bracketed) return std::nullopt;
    source.host = address->to_string();
    return source;
  }
  const size_t colon = server.find(':');
  source.host = server.substr(0, colon);
  if (!is_name(source.host)) return std::nullopt;
  if (colon == server.npos) return source;
  const std::string_view digits = server.substr(colon + 1);
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), source.port);
  if (error != std::errc() || end != digits.data() + digits.size() || source.port == 0) return std::nullopt;
  return source;
}

}  // namespace

std::optional<ExternalSource> ExternalSource::parse(std::string_view text) {
  if (const auto address = IpAddress::parse(text))
    return ExternalSource{.kind = Kind::kAddress, .address = *address, .host = {}, .port = 0};
  if (text.starts_with(kStunScheme)) return parse_stun(text.substr(kStunScheme.size()));
  if (!is_name(text)) return std::nullopt;
  return ExternalSource{.kind = Kind::kName, .address = {}, .host = std::string(text), .port = 0};
}

std::string ExternalSource::to_string() const {
  switch (kind) {
    case Kind::kAddress:
      return address.to_string();
    case Kind::kName:
      return host;
    case Kind::kStun:
      break;
  }
  const std::string shown = host.find(':') == host.npos ? host : "[" + host + "]";
  return std::string(kStunScheme) + shown + ":" + std::to_string(port);
}

}  // namespace noom::turn
