#include "turn/core/quota.h"

#include <absl/strings/string_view.h>

namespace noom::turn {
namespace {

// Debian's Abseil has a string_view type of its own, which its hash of std::string wants.
absl::string_view key_of(std::string_view user) {
  return {user.data(), user.size()};
}

}  // namespace

Quota::Verdict Quota::acquire(std::string_view user, uint32_t per_user_max, uint32_t total_max) {
  const std::scoped_lock lock(mutex_);
  if (total_max != 0 && total_ >= total_max) return Verdict::kTotalReached;
  const auto held = by_user_.try_emplace(key_of(user), 0).first;
  if (per_user_max != 0 && held->second >= per_user_max) return Verdict::kUserQuotaReached;
  ++held->second;
  ++total_;
  return Verdict::kGranted;
}

void Quota::release(std::string_view user) {
  const std::scoped_lock lock(mutex_);
  const auto held = by_user_.find(key_of(user));
  if (--held->second == 0) by_user_.erase(held);
  --total_;
}

uint64_t Quota::total() const {
  const std::scoped_lock lock(mutex_);
  return total_;
}

}  // namespace noom::turn
