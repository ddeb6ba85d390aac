#include "signal/core/opening_limits.h"

#include <algorithm>
#include <array>

namespace noom::signal {

bool OpeningLimits::take(Mono now, const IpAddress& address) {
  if (limit_.per_second <= 0) return true;
  return bucket_of(now, opening_key(address)).take(limit_, now);
}

double OpeningLimits::wait_s(const IpAddress& address) const {
  const auto found = young_.find(opening_key(address));
  return found == young_.end() ? 0 : found->second.wait_s(limit_);
}

TokenBucket& OpeningLimits::bucket_of(Mono now, const IpAddress& key) {
  const Duration generation =
      std::chrono::duration_cast<Duration>(std::chrono::duration<double>(limit_.burst / limit_.per_second));
  if (now - turned_ >= generation || young_.size() >= addresses_max_) {
    // After two generations without a call even the young buckets are full again.
    old_ = now - turned_ >= 2 * generation ? Buckets() : std::move(young_);
    young_ = Buckets();
    turned_ = now;
  }
  const auto [entry, is_new] = young_.try_emplace(key);
  if (is_new) {
    if (const auto before = old_.find(key); before != old_.end()) entry->second = before->second;
  }
  return entry->second;
}

IpAddress opening_key(const IpAddress& address) {
  const IpAddress plain = address.unmapped();
  if (plain.is_v4()) return plain;
  std::array<std::byte, 16> prefix{};
  std::copy_n(plain.bytes().begin(), 8, prefix.begin());
  return IpAddress::v6(prefix);
}

}  // namespace noom::signal
