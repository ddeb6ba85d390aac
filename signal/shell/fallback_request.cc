// The decisions in the order in which a request meets them: form, origin, method, what is switched off, the query.
#include "signal/shell/fallback_request.h"

#include <charconv>
#include <optional>

#include "signal/core/host.h"
#include "signal/shell/carrier_names.h"

namespace noom::signal {
namespace {

constexpr std::string_view kSsePath = "/v1/sse";
constexpr std::string_view kPollPath = "/v1/poll";

constexpr std::string_view kNotStored = "Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n";

std::string_view path_of(std::string_view target) {
  return target.substr(0, target.find('?'));
}

// `path` itself, or something below it.
bool is_at(std::string_view path, std::string_view base) {
  return path.starts_with(base) && (path.size() == base.size() || path[base.size()] == '/');
}

// "<name>=<number>" as the whole query.
std::optional<uint64_t> read_number(std::string_view target, std::string_view name) {
  const size_t mark = target.find('?');
  if (mark == std::string_view::npos) return std::nullopt;
  std::string_view query = target.substr(mark + 1);
  if (!query.starts_with(name) || !query.substr(name.size()).starts_with('=')) return std::nullopt;
  query.remove_prefix(name.size() + 1);
  uint64_t number = 0;
  const auto [end, error] = std::from_chars(query.data(), query.data() + query.size(), number);
  if (error != std::errc() || end != query.data() + query.size()) return std::nullopt;
  return number;
}

// Fetch standard: no credentials are ever asked for, so none are allowed.
std::string cors_of(std::string_view origin) {
  if (origin.empty()) return "Vary: Origin\r\n";
  return "Vary: Origin\r\nAccess-Control-Allow-Origin: " + std::string(origin) +
         "\r\nAccess-Control-Expose-Headers: Retry-After\r\n";
}

HttpAnswer answer_preflight(const std::string& cors) {
  HttpAnswer answer = answer_nothing(cors);
  answer.fields +=
      "Access-Control-Allow-Methods: GET, POST\r\nAccess-Control-Allow-Headers: Content-Type\r\n"
      "Access-Control-Max-Age: 7200\r\n";
  return answer;
}

HttpAnswer refuse_method(std::string_view allowed, const std::string& cors) {
  HttpAnswer answer = refuse_fallback(405, "bad_request", "This method is not served here.", cors);
  answer.fields += "Allow: " + std::string(allowed) + "\r\n";
  return answer;
}

}  // namespace

bool is_fallback_path(std::string_view target) {
  const std::string_view path = path_of(target);
  return is_at(path, kSsePath) || is_at(path, kPollPath);
}

std::variant<HttpAnswer, FallbackRequest> read_fallback_request(const HttpRequest& request, const HttpSettings& http,
                                                                const FallbackSettings& settings) {
  const std::string_view path = path_of(request.target);
  const bool is_sse = is_at(path, kSsePath);
  std::string_view name = path.substr(is_sse ? kSsePath.size() : kPollPath.size());
  auto host = host_of(request.host);
  if (!host) return refuse_fallback(400, "bad_request", "The Host header must name a host.", "");
  if (!is_origin_allowed(request.origin, request.host, http.allowed_origins)) {
    return refuse_fallback(403, "origin_forbidden", "Pages from this origin may not connect; see http.allowed_origins.",
                           "Vary: Origin\r\n");
  }
  FallbackRequest asked;
  asked.cors = cors_of(request.origin);
  asked.host = *std::move(host);
  asked.has_body = request.has_body;
  if (request.method == "OPTIONS") return answer_preflight(asked.cors);
  if (!(is_sse ? settings.sse : settings.poll))
    return refuse_fallback(404, "carrier_off", "This carrier is switched off here.", asked.cors);
  if (name.empty()) {
    if (request.method != "GET") return refuse_method("GET, OPTIONS", asked.cors);
    if (request.has_body) return refuse_fallback(413, "bad_request", "GET has no body.", asked.cors);
    asked.verb = is_sse ? FallbackVerb::kOpenSse : FallbackVerb::kOpenPoll;
    return asked;
  }
  name.remove_prefix(1);
  if (name.size() > kCarrierNameBytesMax)
    return refuse_fallback(404, "connection_unknown", "There is no such connection.", asked.cors);
  asked.connection = name;
  const bool is_post = request.method == "POST";
  if (!is_post && (is_sse || request.method != "GET"))
    return refuse_method(is_sse ? "POST, OPTIONS" : "GET, POST, OPTIONS", asked.cors);
  if (!is_post && request.has_body) return refuse_fallback(413, "bad_request", "GET has no body.", asked.cors);
  asked.verb = is_post ? FallbackVerb::kPost : FallbackVerb::kPoll;
  const auto number = read_number(request.target, is_post ? "post" : "cursor");
  if (!number || (is_post && *number == 0)) {
    return refuse_fallback(400, "bad_request",
                           is_post ? "The query must be post=<number>, from 1." : "The query must be cursor=<number>.",
                           asked.cors);
  }
  asked.number = *number;
  return asked;
}

HttpAnswer refuse_fallback(int status, std::string_view code, std::string_view message, std::string_view cors,
                           uint32_t retry_after_s) {
  std::string body = R"({"code":")" + std::string(code) + R"(","message":")" + std::string(message) + '"';
  if (retry_after_s > 0) body += R"(,"retry_after_s":)" + std::to_string(retry_after_s);
  HttpAnswer answer = answer_json(body + "}", cors);
  answer.status = status;
  answer.close = true;
  if (retry_after_s > 0) answer.fields += "Retry-After: " + std::to_string(retry_after_s) + "\r\n";
  return answer;
}

HttpAnswer refuse_wrong_node(std::string_view cors) {
  return refuse_fallback(421, "wrong_node", "This connection belongs to another node; open a new one.", cors);
}

HttpAnswer refuse_too_big(size_t bytes_max, std::string_view cors) {
  return refuse_fallback(413, "frame_too_big", "A POST may have " + std::to_string(bytes_max) + " bytes at most.",
                         cors);
}

HttpAnswer answer_json(std::string body, std::string_view cors) {
  HttpAnswer answer;
  answer.fields = "Content-Type: application/json\r\n" + std::string(kNotStored) + std::string(cors);
  answer.body = std::make_shared<const std::string>(std::move(body));
  return answer;
}

HttpAnswer answer_stream(std::string first, std::string_view cors) {
  HttpAnswer answer;
  // X-Accel-Buffering is nginx's: it then passes on what comes as it comes.
  answer.fields =
      "Content-Type: text/event-stream\r\nX-Accel-Buffering: no\r\n" + std::string(kNotStored) + std::string(cors);
  answer.body = std::make_shared<const std::string>(std::move(first));
  answer.streams = true;
  return answer;
}

HttpAnswer answer_nothing(std::string_view cors) {
  HttpAnswer answer;
  answer.status = 204;
  answer.fields = std::string(kNotStored) + std::string(cors);
  return answer;
}

}  // namespace noom::signal
