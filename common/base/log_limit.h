// Keeps a log site that clients can trigger from flooding the log. One per site and shard; single-threaded.
#pragma once

#include <cstdint>
#include <optional>
#include <utility>

#include "common/base/time.h"
#include "common/base/token_bucket.h"

namespace noom {

//   if (const auto suppressed = refused_.admit(now)) log.warning("request_refused", {…, {"suppressed", *suppressed}});
class LogLimit {
 public:
  explicit LogLimit(BucketLimit limit = {.per_second = 1, .burst = 5}) : limit_(limit) {}

  // The number of lines suppressed since the last one admitted, or nullopt when this one must be suppressed too.
  std::optional<uint64_t> admit(Mono now) {
    if (bucket_.take(limit_, now)) return std::exchange(suppressed_, 0);
    ++suppressed_;
    return std::nullopt;
  }

 private:
  BucketLimit limit_;
  TokenBucket bucket_;
  uint64_t suppressed_ = 0;
};

}  // namespace noom
