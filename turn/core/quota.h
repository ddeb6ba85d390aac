// How many allocations each user has, and the buckets of users: the only state that shards share and write.
#pragma once

#include <absl/container/flat_hash_map.h>

#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>

#include "common/base/time.h"
#include "turn/core/rates.h"

namespace noom::turn {

// Allocations by user and in all, over all shards. Thread-safe; touched when an allocation begins and ends, never per
// datagram.
class Quota {
 public:
  enum class Verdict : uint8_t { kGranted, kUserQuotaReached, kTotalReached };
  // A limit of 0 is none. What is granted must be released with the same user.
  Verdict acquire(std::string_view user, uint32_t per_user_max, uint32_t total_max);
  void release(std::string_view user);
  // The buckets of a user with an allocation, the same for all of them. Kept until they are full after the last one
  // ends, so that nobody gains by allocating anew.
  std::shared_ptr<RateBuckets> buckets_of(std::string_view user, Mono now);
  uint64_t total() const;

 private:
  mutable std::mutex mutex_;
  struct User {
    uint32_t allocations = 0;
    std::shared_ptr<RateBuckets> buckets;  // null until somebody asked
  };
  void sweep(Mono now);

  absl::flat_hash_map<std::string, User> by_user_;    // users with an allocation or a bucket that is not full
  std::deque<std::pair<Mono, std::string>> leaving_;  // users without an allocation, and when their buckets are full
  uint64_t total_ = 0;
};

}  // namespace noom::turn
