// The requests of clients that cannot have a WebSocket: which of them are in order, who may make them from where
// (CORS), and the form of their answers. Decides; keeps nothing. docs/protocol/noom-v1.md, "Without WebSocket".
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

#include "common/base/time.h"
#include "signal/shell/http_answer.h"

namespace noom::signal {

struct FallbackSettings {
  bool sse = true;
  bool poll = true;
  Duration poll_wait = std::chrono::seconds(25);  // how long a poll may wait for something to answer
};

enum class FallbackVerb : uint8_t { kOpenSse, kOpenPoll, kPost, kPoll };

struct FallbackRequest {
  FallbackVerb verb = FallbackVerb::kOpenSse;
  std::string host;        // opening: host_of the Host header
  std::string connection;  // otherwise: its name, as written
  uint64_t number = 0;     // of a POST, from 1; or a poll's cursor
  std::string cors;        // header lines for every answer
  bool has_body = false;
};

bool is_fallback_path(std::string_view target);
// `request.target` is a fallback path. Any request is legal input.
std::variant<HttpAnswer, FallbackRequest> read_fallback_request(const HttpRequest& request, const HttpSettings& http,
                                                                const FallbackSettings& settings);

// `cors` as in FallbackRequest. `code` is one of docs/protocol/noom-v1.md.
HttpAnswer refuse_fallback(int status, std::string_view code, std::string_view message, std::string_view cors,
                           uint32_t retry_after_s = 0);
HttpAnswer answer_json(std::string body, std::string_view cors);
// The connection belongs to another node, which is gone.
HttpAnswer refuse_wrong_node(std::string_view cors);
// A POST beyond `bytes_max`.
HttpAnswer refuse_too_big(size_t bytes_max, std::string_view cors);
// An event stream that begins with `first`.
HttpAnswer answer_stream(std::string first, std::string_view cors);
HttpAnswer answer_nothing(std::string_view cors);

}  // namespace noom::signal
