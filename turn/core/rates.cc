#include "turn/core/rates.h"

#include <algorithm>
#include <utility>

#include "turn/core/core.h"

namespace noom::turn {
namespace {

// What passes at once however slow the rate is: one datagram that fits an Ethernet frame, one packet, one peer.
constexpr uint64_t kBitsLeast = 8 * 1500;
// So that a burst of a thousand tokens fits although the time of each is rounded up.
constexpr Duration kRoundingSlack = std::chrono::microseconds(1);
constexpr Duration kReportEvery = std::chrono::seconds(1);

int64_t ns(Mono mono) {
  return mono.time_since_epoch().count();
}

}  // namespace

Rate make_rate(uint64_t per_second, Duration burst, uint64_t least) {
  Rate rate{.per_second = per_second};
  if (rate.is_limit()) rate.burst = std::max(burst, rate.time_of(least)) + kRoundingSlack;
  return rate;
}

bool RateBucket::take(const Rate& rate, Mono now, uint64_t tokens) {
  if (!rate.is_limit()) return true;
  const int64_t cost = rate.time_of(tokens).count();
  const int64_t latest = ns(now) + rate.burst.count();
  int64_t full_at = full_at_ns_.load(std::memory_order_relaxed);
  for (;;) {
    const int64_t next = std::max(full_at, ns(now)) + cost;
    if (next > latest) return false;
    if (full_at_ns_.compare_exchange_weak(full_at, next, std::memory_order_relaxed)) return true;
  }
}

Duration RateBucket::charge(const Rate& rate, Mono now, uint64_t tokens) {
  if (!rate.is_limit()) return Duration::zero();
  const int64_t cost = rate.time_of(tokens).count();
  int64_t full_at = full_at_ns_.load(std::memory_order_relaxed);
  int64_t next;
  do next = std::max(full_at, ns(now)) + cost;
  while (!full_at_ns_.compare_exchange_weak(full_at, next, std::memory_order_relaxed));
  return std::max(Duration::zero(), Duration(next - ns(now)) - rate.burst);
}

void RateBucket::give_back(const Rate& rate, uint64_t tokens) {
  if (rate.is_limit()) full_at_ns_.fetch_sub(rate.time_of(tokens).count(), std::memory_order_relaxed);
}

RateLimits make_limits(const RateSettings& settings, const RateBurst& burst) {
  RateLimits limits{.bits = make_rate(settings.bits_per_second, burst.data, kBitsLeast),
                    .packets = make_rate(settings.packets_per_second, burst.data, 1),
                    .new_peers = make_rate(settings.new_peers_per_second, Duration::zero(), burst.new_peers)};
  return limits;
}

Mono RateBuckets::full_at() const {
  return std::max(
      {bits[0].full_at(), bits[1].full_at(), packets[0].full_at(), packets[1].full_at(), new_peers.full_at()});
}

void AllocationRates::set(const RateLimits& own, const RateLimits& user, std::shared_ptr<RateBuckets> user_buckets) {
  own_ = own;
  user_ = user;
  user_buckets_ = std::move(user_buckets);
}

RateVerdict AllocationRates::take(Direction direction, size_t payload_bytes, Mono now) {
  const auto side = static_cast<size_t>(direction);
  const uint64_t bits = 8 * static_cast<uint64_t>(payload_bytes);
  const auto held_back = [&](RateVerdict verdict) {
    ++held_back_;
    return verdict;
  };
  if (!own_buckets_.packets[side].take(own_.packets, now, 1)) return held_back(RateVerdict::kAllocationPackets);
  if (!own_buckets_.bits[side].take(own_.bits, now, bits)) {
    own_buckets_.packets[side].give_back(own_.packets, 1);
    return held_back(RateVerdict::kAllocationBits);
  }
  if (user_buckets_ == nullptr) return RateVerdict::kPassed;
  const bool has_packet = user_buckets_->packets[side].take(user_.packets, now, 1);
  if (has_packet && user_buckets_->bits[side].take(user_.bits, now, bits)) return RateVerdict::kPassed;
  if (has_packet) user_buckets_->packets[side].give_back(user_.packets, 1);
  own_buckets_.packets[side].give_back(own_.packets, 1);
  own_buckets_.bits[side].give_back(own_.bits, bits);
  return held_back(has_packet ? RateVerdict::kUserBits : RateVerdict::kUserPackets);
}

Duration AllocationRates::charge(Direction direction, size_t bytes, Mono now) {
  const auto side = static_cast<size_t>(direction);
  const uint64_t bits = 8 * static_cast<uint64_t>(bytes);
  const Duration own = own_buckets_.bits[side].charge(own_.bits, now, bits);
  return user_buckets_ == nullptr ? own : std::max(own, user_buckets_->bits[side].charge(user_.bits, now, bits));
}

AllocationRates::PeerVerdict AllocationRates::take_new_peers(size_t count, Mono now) {
  if (!own_buckets_.new_peers.take(own_.new_peers, now, count)) return PeerVerdict::kAllocationPeers;
  if (user_buckets_ == nullptr || user_buckets_->new_peers.take(user_.new_peers, now, count))
    return PeerVerdict::kPassed;
  own_buckets_.new_peers.give_back(own_.new_peers, count);
  return PeerVerdict::kUserPeers;
}

uint64_t AllocationRates::report(Mono now) {
  if (reported_ != Mono::min() && now < reported_ + kReportEvery) return 0;
  reported_ = now;
  return std::exchange(held_back_, 0);
}

const Rate& AllocationRates::limit_of(RateVerdict verdict) const {
  switch (verdict) {
    case RateVerdict::kAllocationBits:
      return own_.bits;
    case RateVerdict::kAllocationPackets:
      return own_.packets;
    case RateVerdict::kUserBits:
      return user_.bits;
    case RateVerdict::kPassed:
    case RateVerdict::kUserPackets:
      break;
  }
  return user_.packets;
}

EffectiveRates effective_rates(const RateSettings& allocation, const RateSettings& user, const auth::UserLimits& own) {
  EffectiveRates rates{allocation, user};
  const auto replace = [&](const std::optional<uint64_t>& value, uint64_t RateSettings::*field) {
    if (!value) return;
    rates.allocation.*field = 0;
    rates.user.*field = *value;
  };
  replace(own.bits_per_second, &RateSettings::bits_per_second);
  replace(own.packets_per_second, &RateSettings::packets_per_second);
  replace(own.new_peers_per_second, &RateSettings::new_peers_per_second);
  return rates;
}

// From the settings and the user's own limits; again after either changed.
void Core::set_rates(Allocation& allocation, Now now) {
  const EffectiveRates rates = effective_rates(settings_->allocation_rates, settings_->user_rates, allocation.limits);
  const RateLimits own = make_limits(rates.allocation, settings_->rate_burst);
  const RateLimits user = make_limits(rates.user, settings_->rate_burst);
  if (!own.any() && !user.any()) return allocation.rates.reset();
  if (allocation.rates == nullptr) allocation.rates = std::make_unique<AllocationRates>();
  allocation.rates->set(own, user, user.any() ? shared_->quota.buckets_of(allocation.quota_user(), now.mono) : nullptr);
}

// The one gate for datagrams in both directions, whatever they came in and wherever they go: routes.cc.
bool Core::hold_back(Allocation& allocation, Direction direction, size_t payload_bytes, Now now, Output& output) {
  AllocationRates& rates = *allocation.rates;
  const RateVerdict verdict = rates.take(direction, payload_bytes, now.mono);
  if (verdict == RateVerdict::kPassed) return false;
  const Drop reason = verdict == RateVerdict::kAllocationBits      ? Drop::kAllocationBitRate
                      : verdict == RateVerdict::kAllocationPackets ? Drop::kAllocationPacketRate
                      : verdict == RateVerdict::kUserBits          ? Drop::kUserBitRate
                                                                   : Drop::kUserPacketRate;
  drop(reason);
  if (const uint64_t count = rates.report(now.mono); count > 0)
    output.events.push_back(RateLimited{.client = allocation.client,
                                        .username = allocation.username,
                                        .reason = reason,
                                        .direction = direction,
                                        .per_second = rates.limit_of(verdict).per_second,
                                        .dropped = count});
  return true;
}

// 508, as RFC 8656 §10.2 and §12.2 have it for want of capacity: 486 belongs to Allocate.
std::optional<Reason> Core::check_new_peers(Allocation& allocation, size_t count, Mono now, RefusalDetail& detail) {
  if (allocation.rates == nullptr || count == 0) return std::nullopt;
  switch (allocation.rates->take_new_peers(count, now)) {
    case AllocationRates::PeerVerdict::kAllocationPeers:
      detail.rule = rule_of(Reason::kAllocationPeerRate);
      return Reason::kAllocationPeerRate;
    case AllocationRates::PeerVerdict::kUserPeers:
      detail.rule =
          allocation.limits.new_peers_per_second ? "the user's new_peers_per_second" : rule_of(Reason::kUserPeerRate);
      return Reason::kUserPeerRate;
    case AllocationRates::PeerVerdict::kPassed:
      break;
  }
  return std::nullopt;
}

}  // namespace noom::turn
