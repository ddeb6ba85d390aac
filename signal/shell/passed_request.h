// What nodes tell each other about clients without WebSocket whose requests have come to a node that does not have
// their connection. Over the bus as it is: what is lost is asked again by the client, and taken once.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace noom::signal {

struct PassedRequest {
  enum class What : uint8_t { kPost, kPoll, kPostTooBig };
  uint64_t id = 0;   // for its answer
  std::string from;  // the node to answer to
  What what = What::kPoll;
  std::string connection;
  uint64_t number = 0;  // of a POST, or a poll's cursor
  std::string body;     // of a POST
};
struct PassedAnswer {
  uint64_t id = 0;
  uint16_t status = 0;
  std::string body;  // JSON, or empty
};

std::string encode(const PassedRequest& request);
std::string encode(const PassedAnswer& answer);
// Any bytes are legal input; nullopt for what encode did not make.
std::optional<std::variant<PassedRequest, PassedAnswer>> decode_passed(std::string_view bytes);

}  // namespace noom::signal
