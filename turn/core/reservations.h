// The ports that EVEN-PORT with R = 1 has reserved on one shard, until a RESERVATION-TOKEN claims them or their time is
// over. RFC 8656 §7.2, §18.6, §18.9.
#pragma once

#include <algorithm>
#include <chrono>
#include <deque>
#include <optional>
#include <string>
#include <string_view>

#include "common/base/random.h"
#include "common/base/time.h"
#include "turn/core/limits.h"
#include "turn/core/shard_message.h"

namespace noom::turn {

// Single-threaded. A token's first byte names its shard, the other 56 bits are random: it says everywhere whom to ask,
// and cannot be guessed while it lives.
class Reservations {
 public:
  static constexpr Duration kLifetime = std::chrono::seconds(30);  // §7.2: at least that

  static uint32_t shard_of(uint64_t token) { return static_cast<uint32_t>(token >> 56); }

  bool full() const { return held_.size() >= kReservationsMax; }
  size_t size() const { return held_.size(); }
  // O(reservations).
  size_t held_for(std::string_view user) const {
    return static_cast<size_t>(std::ranges::count(held_, user, &Reservation::user));
  }

  // Returns the token, which is not 0.
  uint64_t add(const RelayPort& port, std::string_view user, uint32_t shard, Random& random, Mono now) {
    const uint64_t token = uint64_t{shard} << 56 | random.next_u64() >> 8 | 1;
    held_.push_back({token, port, std::string(user), now + kLifetime});
    return token;
  }
  // One of a process before this one, in the order of for_each().
  void restore(uint64_t token, const RelayPort& port, std::string user, Mono expires) {
    held_.push_back({token, port, std::move(user), expires});
  }
  template <typename F>
  void for_each(F&& visit) const {
    for (const Reservation& each : held_) visit(each.token, each.port, each.user, each.expires);
  }
  // The port, which is the caller's now. O(reservations).
  std::optional<RelayPort> claim(uint64_t token, Mono now) {
    const auto found = std::ranges::find(held_, token, &Reservation::token);
    if (found == held_.end() || found->expires <= now) return std::nullopt;
    const RelayPort port = found->port;
    held_.erase(found);
    return port;
  }
  // A port whose time is over, which is the caller's now.
  std::optional<RelayPort> pop_due(Mono now) {
    if (held_.empty() || held_.front().expires > now) return std::nullopt;
    const RelayPort port = held_.front().port;
    held_.pop_front();
    return port;
  }
  std::optional<Mono> next() const {
    if (held_.empty()) return std::nullopt;
    return held_.front().expires;
  }

 private:
  struct Reservation {
    uint64_t token;
    RelayPort port;
    std::string user;  // as the quota names it
    Mono expires;
  };
  std::deque<Reservation> held_;  // all live equally long: in the order of their deadlines
};

}  // namespace noom::turn
