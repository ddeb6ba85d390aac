// How fast one address may open sessions: a bucket per IPv4 address or IPv6 /64, in bounded memory and without timers.
#pragma once

#include <absl/container/flat_hash_map.h>

#include <cstddef>

#include "common/base/endpoint.h"
#include "common/base/time.h"
#include "common/base/token_bucket.h"

namespace noom::signal {

// Two generations of buckets: a bucket that was not asked for a whole generation is full again and may be forgotten.
// When a generation holds `addresses_max`, the older one is forgotten early: under such a flood the limit per address
// loosens, the memory stays.
class OpeningLimits {
 public:
  OpeningLimits(BucketLimit limit, size_t addresses_max) : limit_(limit), addresses_max_(addresses_max) {}

  // Takes one opening; false when the address has none left. Amortised O(1).
  bool take(Mono now, const IpAddress& address);
  // Seconds until the address has one again.
  double wait_s(const IpAddress& address) const;

 private:
  using Buckets = absl::flat_hash_map<IpAddress, TokenBucket>;
  TokenBucket& bucket_of(Mono now, const IpAddress& key);

  BucketLimit limit_;
  size_t addresses_max_;
  Buckets young_;
  Buckets old_;
  Mono turned_{};  // when young_ was begun
};

// What is counted as one address: IPv4 as it is (also when mapped into IPv6), IPv6 without its last 64 bits.
IpAddress opening_key(const IpAddress& address);

}  // namespace noom::signal
