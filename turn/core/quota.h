// How many allocations each user has: with the users' buckets (rates.h), the only state that shards share and write.
#pragma once

#include <absl/container/flat_hash_map.h>

#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>

namespace noom::turn {

// Allocations by user and in all, over all shards. Thread-safe; touched when an allocation begins and ends, never per
// datagram.
class Quota {
 public:
  enum class Verdict : uint8_t { kGranted, kUserQuotaReached, kTotalReached };
  // A limit of 0 is none. What is granted must be released with the same user.
  Verdict acquire(std::string_view user, uint32_t per_user_max, uint32_t total_max);
  void release(std::string_view user);
  uint64_t total() const;

 private:
  mutable std::mutex mutex_;
  absl::flat_hash_map<std::string, uint32_t> by_user_;  // as many entries as users with an allocation
  uint64_t total_ = 0;
};

}  // namespace noom::turn
