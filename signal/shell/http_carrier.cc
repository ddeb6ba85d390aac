#include "signal/shell/http_carrier.h"

#include <algorithm>
#include <utility>

namespace noom::signal {

PostOutcome HttpCarrier::post(uint64_t number, std::string body, size_t held_bytes_left) {
  const size_t bytes_max = std::min(limits_.frame_bytes_max, posts_.held_bytes() + held_bytes_left);
  return posts_.post(number, std::move(body), bytes_max, [this](const std::string& taken) { dispatch(taken); });
}

void HttpCarrier::on_body_too_big() {
  if (!closing_) events_.on_oversize(id_);
}

// An empty body is a sign of life.
void HttpCarrier::dispatch(std::string_view body) {
  if (closing_) return;
  events_.on_alive(id_);
  stats_.received_bytes.add(body.size());
  while (!body.empty() && !closing_) {
    const size_t end = std::min(body.find('\n'), body.size());
    std::string_view line = body.substr(0, end);
    body.remove_prefix(std::min(end + 1, body.size()));
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (!line.empty()) events_.on_text(id_, line);
  }
}

std::string HttpCarrier::close_json() const {
  return R"({"code":)" + std::to_string(static_cast<uint16_t>(close_code_)) + R"(,"reason":")" +
         std::string(close_reason_) + R"("})";
}

}  // namespace noom::signal
