// A limit on errors sent to sources that have proved nothing: one token bucket per IPv4 address or IPv6 /64, in a table
// that never grows.
#pragma once

#include <cstdint>
#include <cstring>
#include <vector>

#include "common/base/endpoint.h"
#include "common/base/random.h"
#include "common/base/token_bucket.h"
#include "turn/core/limits.h"

namespace noom::turn {

// Buckets are found by a hash under a key drawn at start and never evicted: a flood of forged sources cannot reset the
// bucket of the source it is aimed at. Sources that collide share a bucket. Single-threaded.
class ChallengeLimit {
 public:
  explicit ChallengeLimit(Random& random) : key_(random.next_u64()), buckets_(kChallengeBuckets) {}

  bool take(const BucketLimit& limit, const IpAddress& source, Mono now) {
    return buckets_[bucket_of(source)].take(limit, now);
  }

 private:
  size_t bucket_of(const IpAddress& source) const {
    uint64_t prefix = 0;  // the whole of an IPv4 address, the first 64 bits of an IPv6 one
    const auto bytes = source.bytes();
    std::memcpy(&prefix, bytes.data(), std::min(bytes.size(), sizeof(prefix)));
    uint64_t hash = prefix ^ key_;
    hash = (hash ^ (hash >> 32)) * 0xd6e8feb86659fd93;
    hash = (hash ^ (hash >> 32) ^ (key_ << 1 | 1)) * 0xd6e8feb86659fd93;
    return static_cast<size_t>(hash >> 32) % kChallengeBuckets;
  }
  const uint64_t key_;
  std::vector<TokenBucket> buckets_;
};

}  // namespace noom::turn
