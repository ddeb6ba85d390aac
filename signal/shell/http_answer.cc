// The decisions in the order in which a request meets them: form, path, upgrade, file.
#include "signal/shell/http_answer.h"

#include <absl/strings/ascii.h>
#include <absl/strings/match.h>

#include <algorithm>
#include <array>
#include <ctime>

#include "signal/core/host.h"
#include "signal/core/settings.h"

namespace noom::signal {
namespace {

absl::string_view to_absl(std::string_view text) {
  return {text.data(), text.size()};
}
bool equals_in_any_case(std::string_view a, std::string_view b) {
  return absl::EqualsIgnoreCase(to_absl(a), to_absl(b));
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

std::string_view reason_phrase(int status) {
  switch (status) {
    case 101:
      return "Switching Protocols";
    case 200:
      return "OK";
    case 204:
      return "No Content";
    case 304:
      return "Not Modified";
    case 400:
      return "Bad Request";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 409:
      return "Conflict";
    case 413:
      return "Content Too Large";
    case 421:
      return "Misdirected Request";
    case 426:
      return "Upgrade Required";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    default:
      return "Service Unavailable";
  }
}

// RFC 9110 §5.6.7.
std::string http_date(Wall now) {
  const auto seconds = static_cast<time_t>(unix_seconds(now));
  tm utc{};
  gmtime_r(&seconds, &utc);
  std::array<char, 40> text{};
  const size_t size = std::strftime(text.data(), text.size(), "%a, %d %b %Y %H:%M:%S GMT", &utc);
  return {text.data(), size};
}

// `host` is the Host header, whose characters host_of has checked. ws: and wss: are named because older browsers do not
// count them as 'self'.
std::string security_fields(std::string_view host) {
  std::string fields =
      "Content-Security-Policy: default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
      "media-src 'self' blob: mediastream:; font-src 'self'; manifest-src 'self'; worker-src 'self'; connect-src "
      "'self'";
  if (!host.empty()) {
    const std::string name(host);
    fields += " ws://" + name + " wss://" + name;
  }
  fields +=
      "; base-uri 'none'; form-action 'self'; frame-ancestors 'none'\r\n"
      "X-Content-Type-Options: nosniff\r\n"
      "Referrer-Policy: no-referrer\r\n"
      "Cross-Origin-Opener-Policy: same-origin\r\n"
      "Permissions-Policy: camera=(self), microphone=(self), display-capture=(self), fullscreen=(self), "
      "geolocation=(), payment=(), usb=()\r\n";
  return fields;
}

bool is_room_path(std::string_view path) {
  if (!path.starts_with("/r/")) return false;
  const std::string_view room = path.substr(3);
  return !room.empty() && room.size() <= kRoomNameBytesMax && room.find('/') == std::string_view::npos;
}

// A folder's name, with its slash or without, stands for the page in it.
std::string index_of(std::string_view folder) {
  if (folder.ends_with('/')) folder.remove_suffix(1);
  return std::string(folder) + "/index.html";
}

// RFC 9110 §13.1.2: weak comparison against a list, or "*".
bool matches_etag(std::string_view if_none_match, std::string_view etag) {
  for (size_t at = 0; at < if_none_match.size();) {
    const size_t comma = std::min(if_none_match.find(',', at), if_none_match.size());
    std::string_view one = trimmed(if_none_match.substr(at, comma - at));
    if (one.starts_with("W/")) one.remove_prefix(2);
    if (one == etag || one == "*") return true;
    at = comma + 1;
  }
  return false;
}

HttpAnswer not_found(std::string_view host, const WebFiles& files) {
  HttpAnswer answer = refuse_request(404, "There is nothing here.");
  if (const WebFile* page = files.find("/404.html")) {
    answer.fields = "Content-Type: " + page->content_type + "\r\nCache-Control: no-cache\r\n" + security_fields(host);
    answer.body = page->body;
  }
  return answer;
}

HttpAnswer serve_file(const HttpRequest& request, std::string_view path, const WebFiles& files) {
  const WebFile* file = files.find(is_room_path(path) ? "/index.html" : path);
  if (file == nullptr) file = files.find(index_of(path));
  HttpAnswer answer;
  if (file == nullptr) {
    answer = not_found(request.host, files);
  } else {
    // no-cache: the browser keeps it and asks each time, so that a new version is never mixed with an old one.
    answer.fields = "Content-Type: " + file->content_type + "\r\nETag: " + file->etag +
                    "\r\nCache-Control: no-cache\r\n" + security_fields(request.host);
    answer.body = file->body;
    if (matches_etag(request.if_none_match, file->etag)) {
      answer.status = 304;
      answer.body = nullptr;
    }
  }
  answer.head_only = request.method == "HEAD";
  return answer;
}

// RFC 6455 §4.2.1, then noom.v1.
std::variant<HttpAnswer, UpgradeAccepted> answer_upgrade(const HttpRequest& request, std::string host,
                                                         const HttpSettings& settings) {
  const bool asks = has_token(request.connection, "upgrade") && has_token(request.upgrade, "websocket");
  if (!asks) return refuse_request(426, "This is a WebSocket endpoint for noom.v1.", "Upgrade: websocket\r\n");
  if (request.method != "GET") return refuse_request(405, "A WebSocket begins with GET.", "Allow: GET\r\n");
  if (request.sec_websocket_version != "13") {
    return refuse_request(426, "Only WebSocket version 13 is spoken here.",
                          "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n");
  }
  if (request.sec_websocket_key.size() != 24)
    return refuse_request(400, "Sec-WebSocket-Key must be 16 bytes in base64.");
  if (!is_origin_allowed(request.origin, request.host, settings.allowed_origins)) {
    return refuse_request(403, "Pages from this origin may not connect; see http.allowed_origins.");
  }
  if (!has_token(request.sec_websocket_protocol, kProtocol)) {
    return refuse_request(400, "The WebSocket subprotocol must be noom.v1.");
  }
  return UpgradeAccepted{std::move(host), std::string(request.sec_websocket_key),
                         std::string(request.sec_websocket_extensions)};
}

}  // namespace

std::variant<HttpAnswer, UpgradeAccepted> answer_request(const HttpRequest& request, const WebFiles& files,
                                                         const HttpSettings& settings) {
  std::optional<std::string> host = host_of(request.host);
  if (!host) return refuse_request(400, "The Host header must name a host.");
  if (request.has_body) return refuse_request(413, "Requests must not have a body.");
  const std::string_view path = request.target.substr(0, request.target.find('?'));
  if (!path.starts_with('/')) return refuse_request(400, "The request target must be a path.");
  if (path == "/ws") return answer_upgrade(request, *std::move(host), settings);
  if (request.method != "GET" && request.method != "HEAD") {
    return refuse_request(405, "Only GET and HEAD are served here.", "Allow: GET, HEAD\r\n");
  }
  return serve_file(request, path, files);
}

HttpAnswer refuse_request(int status, std::string_view sentence, std::string_view more_fields) {
  HttpAnswer answer;
  answer.status = status;
  answer.close = status != 404;
  answer.fields =
      "Content-Type: text/plain; charset=utf-8\r\nCache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n";
  answer.fields += more_fields;
  answer.body = std::make_shared<const std::string>(std::string(sentence) + "\n");
  return answer;
}

std::string build_header(const HttpAnswer& answer, Wall now, bool keep_alive) {
  std::string header = "HTTP/1.1 " + std::to_string(answer.status) + " ";
  header += reason_phrase(answer.status);
  header += "\r\nServer: noom-signal\r\nDate: " + http_date(now) + "\r\n" + answer.fields;
  if (answer.status != 304 && answer.status != 204 && !answer.streams)
    header += "Content-Length: " + std::to_string(answer.body ? answer.body->size() : 0) + "\r\n";
  header += keep_alive ? "\r\n" : "Connection: close\r\n\r\n";
  return header;
}

bool is_origin_allowed(std::string_view origin, std::string_view host_header,
                       const std::vector<std::string>& allowed_origins) {
  if (origin.empty()) return true;
  const auto is_listed = [&](const std::string& allowed) {
    return allowed == "*" || equals_in_any_case(allowed, origin);
  };
  if (std::any_of(allowed_origins.begin(), allowed_origins.end(), is_listed)) return true;
  const size_t scheme_end = origin.find("://");
  if (scheme_end == std::string_view::npos) return false;
  // A proxy in front may have changed the scheme, not the host; a default port may be written or not.
  const std::string_view default_port = equals_in_any_case(origin.substr(0, scheme_end), "https") ? ":443" : ":80";
  const auto without_default_port = [&](std::string_view host) {
    return host.ends_with(default_port) ? host.substr(0, host.size() - default_port.size()) : host;
  };
  return equals_in_any_case(without_default_port(origin.substr(scheme_end + 3)), without_default_port(host_header));
}

bool has_token(std::string_view list, std::string_view token) {
  for (size_t at = 0; at < list.size();) {
    const size_t comma = std::min(list.find(',', at), list.size());
    if (equals_in_any_case(trimmed(list.substr(at, comma - at)), token)) return true;
    at = comma + 1;
  }
  return false;
}

}  // namespace noom::signal
