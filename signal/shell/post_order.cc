#include "signal/shell/post_order.h"

#include <utility>

namespace noom::signal {

PostOutcome PostOrder::post(uint64_t number, std::string body, size_t bytes_max, const Take& take) {
  if (number < expected_ || held_.contains(number)) return PostOutcome::kDoubled;
  if (number > expected_) {
    if (held_.size() >= kPostsHeldMax || held_bytes_ + body.size() > bytes_max) return PostOutcome::kTooEarly;
    held_bytes_ += body.size();
    held_.emplace(number, std::move(body));
    return PostOutcome::kHeld;
  }
  ++expected_;
  take(body);
  while (!held_.empty() && held_.begin()->first == expected_) {
    const std::string next = std::move(held_.begin()->second);
    held_bytes_ -= next.size();
    held_.erase(held_.begin());
    ++expected_;
    take(next);
  }
  return PostOutcome::kTaken;
}

}  // namespace noom::signal
