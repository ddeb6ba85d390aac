#include "common/ops/admin_api.h"

#include <algorithm>
#include <array>
#include <cstdio>

namespace noom::ops {
namespace {

std::optional<int> hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return std::nullopt;
}

// JSON, RFC 8259 §7. Messages are this program's own words and what they quote.
std::string quoted(std::string_view text) {
  std::string json = "\"";
  for (const char c : text) {
    if (static_cast<unsigned char>(c) < 0x20) {
      std::array<char, 7> escape{};
      std::snprintf(escape.data(), escape.size(), "\\u%04x", static_cast<unsigned>(c));
      json += escape.data();
      continue;
    }
    if (c == '"' || c == '\\') json += '\\';
    json += c;
  }
  return json + "\"";
}

std::string_view take_segment(std::string_view& path) {
  path.remove_prefix(1);  // the slash
  const std::string_view segment = path.substr(0, path.find('/'));
  path.remove_prefix(segment.size());
  return segment;
}

// What stands at each {…}; nullopt when the path is another one.
std::optional<std::vector<std::string>> match(std::string_view pattern, std::string_view path) {
  std::vector<std::string> parts;
  while (pattern.starts_with('/') && path.starts_with('/')) {
    const std::string_view wanted = take_segment(pattern);
    const std::string_view given = take_segment(path);
    if (!wanted.starts_with('{')) {
      if (wanted != given) return std::nullopt;
      continue;
    }
    auto part = percent_decoded(given);
    if (!part || part->empty()) return std::nullopt;
    parts.push_back(*std::move(part));
  }
  if (!pattern.empty() || !path.empty()) return std::nullopt;
  return parts;
}

// RFC 6750 §2.1.
bool bears(std::string_view authorization, const Secret& token) {
  constexpr std::string_view kScheme = "Bearer ";
  return !token.empty() && authorization.starts_with(kScheme) &&
         equal_constant_time(as_bytes(authorization.substr(kScheme.size())), token.bytes());
}

}  // namespace

std::optional<std::string> percent_decoded(std::string_view text) {
  std::string decoded;
  for (size_t at = 0; at < text.size(); ++at) {
    if (text[at] != '%') {
      decoded += text[at];
      continue;
    }
    const auto high = at + 2 < text.size() ? hex_digit(text[at + 1]) : std::nullopt;
    const auto low = at + 2 < text.size() ? hex_digit(text[at + 2]) : std::nullopt;
    if (!high || !low || (*high == 0 && *low == 0)) return std::nullopt;
    decoded += static_cast<char>(*high * 16 + *low);
    at += 2;
  }
  return decoded;
}

std::optional<std::string> AdminRequest::parameter(std::string_view name) const {
  for (std::string_view rest = query; !rest.empty();) {
    const std::string_view one = rest.substr(0, rest.find('&'));
    rest.remove_prefix(std::min(rest.size(), one.size() + 1));
    const size_t equals = one.find('=');
    if (equals != std::string_view::npos && one.substr(0, equals) == name)
      return percent_decoded(one.substr(equals + 1));
  }
  return std::nullopt;
}

AdminReply admin_error(int status, std::string_view code, std::string_view message) {
  return {status, "{\"code\":" + quoted(code) + ",\"message\":" + quoted(message) + "}\n"};
}

std::optional<std::variant<AdminMatch, AdminRefusal>> find_route(const AdminApi& api, const AdminQuestion& question) {
  const size_t mark = std::min(question.target.find('?'), question.target.size());
  const std::string_view path = question.target.substr(0, mark);
  std::string allow;
  for (const AdminRoute& route : api.routes) {
    auto parts = match(route.path, path);
    if (!parts) continue;
    if (route.method != question.method) {
      allow += (allow.empty() ? "" : ", ") + route.method;
      continue;
    }
    if (!question.trusted && !bears(question.authorization, api.token))
      return AdminRefusal{401, "unauthorized", "the bearer token is missing or wrong"};
    const std::string_view query = question.target.substr(std::min(mark + 1, question.target.size()));
    return AdminMatch{&route, {*std::move(parts), std::string(query), std::string(question.body)}};
  }
  if (allow.empty()) return std::nullopt;
  return AdminRefusal{405, "method_not_allowed", "only " + allow, allow};
}

}  // namespace noom::ops
