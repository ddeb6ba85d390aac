// What an HTTP request is answered with: pages, refusals, and whether an upgrade to WebSocket is in order. Decides;
// reads and writes nothing. RFC 9110; RFC 6455 §4.2.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "common/base/time.h"
#include "signal/shell/web_files.h"

namespace noom::signal {

// What matters of a request. Borrowed. Fields that are missing are empty; a field given several times is joined by
// commas.
struct HttpRequest {
  std::string_view method;
  std::string_view target;
  std::string_view host;
  std::string_view origin;
  std::string_view if_none_match;
  std::string_view connection;
  std::string_view upgrade;
  std::string_view sec_websocket_version;
  std::string_view sec_websocket_key;
  std::string_view sec_websocket_protocol;
  std::string_view sec_websocket_extensions;
  bool has_body = false;
};

struct HttpAnswer {
  int status = 200;
  std::string fields;  // header lines, each ending in CRLF, without Content-Length, Date and Connection
  std::shared_ptr<const std::string> body;
  bool close = false;      // the connection cannot go on
  bool head_only = false;  // Content-Length of the body, but no body
  bool streams = false;    // the body is the beginning of a stream, which ends with the connection
};

// The upgrade is in order as far as HTTP is concerned; the hub decides next.
struct UpgradeAccepted {
  std::string host;        // host_of the Host header
  std::string key;         // Sec-WebSocket-Key
  std::string extensions;  // Sec-WebSocket-Extensions
};

struct HttpSettings {
  std::vector<std::string>
      allowed_origins;  // "https://app.example"; "*" allows every origin. Same-host is always allowed.
};

// `files` holds /index.html for "/" and "/r/<room>", /doctor/index.html for "/doctor". Any request is legal input.
std::variant<HttpAnswer, UpgradeAccepted> answer_request(const HttpRequest& request, const WebFiles& files,
                                                         const HttpSettings& settings);

HttpAnswer refuse_request(int status, std::string_view sentence, std::string_view more_fields = "");
// The status line and header, complete with Content-Length, Date and Connection.
std::string build_header(const HttpAnswer& answer, Wall now, bool keep_alive);

// Whether a page from `origin` may open a WebSocket here. No Origin (not a browser): yes.
bool is_origin_allowed(std::string_view origin, std::string_view host_header,
                       const std::vector<std::string>& allowed_origins);
// Whether a comma-separated list of tokens holds `token`, in any case (RFC 9110 §5.6.1).
bool has_token(std::string_view list, std::string_view token);

}  // namespace noom::signal
