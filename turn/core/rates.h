// How fast an allocation, and a user over all allocations and shards, may go: token buckets for bits, packets and new
// peers. Without locks; what shares the users' buckets is quota.h.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <limits>
#include <memory>

#include "common/auth/user_entry.h"
#include "common/base/time.h"

namespace noom::turn {

// So many tokens a second, and as many at once after a pause as flow in during `burst`.
struct Rate {
  uint64_t per_second = 0;  // 0: no limit
  Duration burst{};

  bool is_limit() const { return per_second != 0; }
  // How long so many tokens take to flow in, rounded up: never more than the limit. O(1).
  Duration time_of(uint64_t tokens) const {
    if (tokens == 0) return Duration::zero();
    return Duration(static_cast<int64_t>((tokens * 1'000'000'000 - 1) / per_second + 1));
  }
  friend bool operator==(const Rate&, const Rate&) = default;
};
// `least`: what passes at once however slow the rate is.
Rate make_rate(uint64_t per_second, Duration burst, uint64_t least);

// A token bucket as one number, the moment when it will be full again (GCRA). Over any span of time it passes at most
// rate × span + burst. Lock-free: shards share a user's. Their clocks differ by less than a batch, which costs tokens
// and never makes any. Starts full.
class RateBucket {
 public:
  // All tokens or none. A limit of 0 passes everything.
  bool take(const Rate& rate, Mono now, uint64_t tokens);
  // Takes the tokens of what has passed already, even those that are not there, and says how long to wait until the
  // bucket is out of debt. For streams, which are slowed down and lose nothing.
  Duration charge(const Rate& rate, Mono now, uint64_t tokens);
  // What was taken of the same rate and led to nothing.
  void give_back(const Rate& rate, uint64_t tokens);
  Mono full_at() const { return Mono(Duration(full_at_ns_.load(std::memory_order_relaxed))); }

 private:
  std::atomic<int64_t> full_at_ns_{std::numeric_limits<int64_t>::min()};
};

enum class Direction : uint8_t { kToPeers, kToClient };

// What an operator sets, for each allocation or for each user. 0: no limit.
struct RateSettings {
  uint64_t bits_per_second = 0;  // application payload, each direction by itself; likewise packets
  uint64_t packets_per_second = 0;
  uint64_t new_peers_per_second = 0;  // addresses that no permission covers yet
};
struct RateBurst {
  Duration data = std::chrono::seconds(1);
  uint64_t new_peers = 64;
};

struct RateLimits {
  Rate bits;
  Rate packets;
  Rate new_peers;
  bool any() const { return bits.is_limit() || packets.is_limit() || new_peers.is_limit(); }
};
RateLimits make_limits(const RateSettings& settings, const RateBurst& burst);

struct RateBuckets {
  std::array<RateBucket, 2> bits;  // by Direction; likewise packets
  std::array<RateBucket, 2> packets;
  RateBucket new_peers;

  Mono full_at() const;
};

// Why something was held back: the allocation's own limit or its user's.
enum class RateVerdict : uint8_t { kPassed, kAllocationBits, kAllocationPackets, kUserBits, kUserPackets };

// The limits of one allocation and of its user. Single-threaded except for what lies in `user_buckets`.
class AllocationRates {
 public:
  // `user_buckets` is needed where `user` has a limit. Called again when limits change: what is spent stays spent.
  void set(const RateLimits& own, const RateLimits& user, std::shared_ptr<RateBuckets> user_buckets);

  // One datagram.
  RateVerdict take(Direction direction, size_t payload_bytes, Mono now);
  // Bytes of a stream: how long not to read any further. Packets are none.
  Duration charge(Direction direction, size_t bytes, Mono now);
  // All or none of so many new peers.
  enum class PeerVerdict : uint8_t { kPassed, kAllocationPeers, kUserPeers };
  PeerVerdict take_new_peers(size_t count, Mono now);

  // For the log, which hears of an allocation once a second: how many were held back since the last time, 0 when this
  // is not the time to say so.
  uint64_t report(Mono now);
  const Rate& limit_of(RateVerdict verdict) const;

 private:
  RateLimits own_;
  RateLimits user_;
  RateBuckets own_buckets_;
  std::shared_ptr<RateBuckets> user_buckets_;
  Mono reported_ = Mono::min();
  uint64_t held_back_ = 0;
};

// What a user's own columns make of everybody's limits: a rate of the user's own is what the user gets in all, and
// stands in place of both, the allocation's and the user's.
struct EffectiveRates {
  RateSettings allocation;
  RateSettings user;
};
EffectiveRates effective_rates(const RateSettings& allocation, const RateSettings& user, const auth::UserLimits& own);

}  // namespace noom::turn
