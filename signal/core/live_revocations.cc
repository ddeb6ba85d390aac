#include "signal/core/live_revocations.h"

#include "signal/core/tags.h"

namespace noom::signal {

void LiveRevocations::add(Wall now, const Revocation& revocation) {
  const bool is_of_a_room =
      revocation.username.starts_with(kRoomTagPrefix) && revocation.username.find('.') != std::string::npos;
  if (!is_of_a_room || revocation.until <= now) return;
  forget_ended(now);
  const auto [known, is_new] = by_name_.try_emplace(revocation.username, revocation.until);
  if (!is_new) {
    if (known->second >= revocation.until) return;
    by_end_.erase({known->second, known->first});
    known->second = revocation.until;
  }
  by_end_.emplace(revocation.until, revocation.username);
  if (by_name_.size() <= kMax) return;
  by_name_.erase(by_end_.begin()->second);
  by_end_.erase(by_end_.begin());
}

std::vector<Revocation> LiveRevocations::live(Wall now) {
  forget_ended(now);
  std::vector<Revocation> revocations;
  for (const auto& [name, until] : by_name_) revocations.push_back({name, until});
  return revocations;
}

bool LiveRevocations::may_have_missed(const RelayStatus& status) {
  if (!relays_.contains(status.node) && relays_.size() >= kRelaysMax) return false;
  const std::pair now(status.incarnation, status.connects);
  const auto [last, is_new] = relays_.try_emplace(status.node, now);
  return std::exchange(last->second, now) != now || is_new;
}

void LiveRevocations::forget_ended(Wall now) {
  while (!by_end_.empty() && by_end_.begin()->first <= now) {
    by_name_.erase(by_end_.begin()->second);
    by_end_.erase(by_end_.begin());
  }
}

}  // namespace noom::signal
