// A token bucket on handed-in time: rate per second, burst. 16 bytes of state, no timer.
#pragma once

#include <algorithm>
#include <cstdint>

#include "common/base/time.h"

namespace noom {

struct BucketLimit {
  double per_second = 0;  // 0 = unlimited
  double burst = 0;       // most tokens held; the bucket starts full
};

class TokenBucket {
 public:
  // Takes `cost` tokens and returns true, or takes nothing and returns false.
  bool take(const BucketLimit& limit, Mono now, double cost = 1) {
    if (limit.per_second <= 0) return true;
    if (!started_) {
      started_ = true;
      spent_ = 0;
    } else if (now > last_) {
      const double elapsed_s = std::chrono::duration<double>(now - last_).count();
      spent_ = static_cast<float>(std::max(0.0, spent_ - elapsed_s * limit.per_second));
    }
    last_ = std::max(now, last_);
    if (spent_ + cost > limit.burst) return false;
    spent_ = static_cast<float>(spent_ + cost);
    return true;
  }
  // Seconds until `cost` tokens will be there (0 when they are). For retry_after.
  double wait_s(const BucketLimit& limit, double cost = 1) const {
    if (limit.per_second <= 0) return 0;
    return std::max(0.0, (spent_ + cost - limit.burst) / limit.per_second);
  }

 private:
  Mono last_{};
  float spent_ = 0;
  bool started_ = false;
};

}  // namespace noom
