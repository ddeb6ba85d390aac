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
  if (per_user_max != 0 && held->second.allocations >= per_user_max) return Verdict::kUserQuotaReached;
  ++held->second.allocations;
  ++total_;
  return Verdict::kGranted;
}

void Quota::release(std::string_view user) {
  const std::scoped_lock lock(mutex_);
  const auto held = by_user_.find(key_of(user));
  --total_;
  User& left = held->second;
  if (--left.allocations != 0) return;
  if (left.buckets == nullptr)
    by_user_.erase(held);
  else
    leaving_.emplace_back(left.buckets->full_at(), user);
}

std::shared_ptr<RateBuckets> Quota::buckets_of(std::string_view user, Mono now) {
  const std::scoped_lock lock(mutex_);
  sweep(now);
  std::shared_ptr<RateBuckets>& buckets = by_user_.find(key_of(user))->second.buckets;
  if (buckets == nullptr) buckets = std::make_shared<RateBuckets>();
  return buckets;
}

// Who came back meanwhile stays; who left again stands further back.
void Quota::sweep(Mono now) {
  for (; !leaving_.empty() && leaving_.front().first <= now; leaving_.pop_front()) {
    const auto left = by_user_.find(leaving_.front().second);
    if (left == by_user_.end() || left->second.allocations != 0) continue;
    if (left->second.buckets->full_at() <= now) by_user_.erase(left);
  }
}

uint64_t Quota::total() const {
  const std::scoped_lock lock(mutex_);
  return total_;
}

}  // namespace noom::turn
