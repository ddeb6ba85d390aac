// Time as the cores see it: values handed in, never read. The shells read both clocks once per batch (common/io) and
// pass a `Now`.
#pragma once

#include <chrono>
#include <cstdint>

namespace noom {

using Duration = std::chrono::nanoseconds;

// Tags without now(): code that holds only these types cannot read a clock.
struct MonoClock {
  using duration = Duration;
  using rep = duration::rep;
  using period = duration::period;
  using time_point = std::chrono::time_point<MonoClock>;
  static constexpr bool is_steady = true;
};
struct WallClock {
  using duration = Duration;
  using rep = duration::rep;
  using period = duration::period;
  using time_point = std::chrono::time_point<WallClock>;
  static constexpr bool is_steady = false;
};

using Mono = MonoClock::time_point;  // deadlines, rates: never jumps
using Wall = WallClock::time_point;  // since the Unix epoch, UTC: credentials, nonces, certificates

struct Now {
  Mono mono;
  Wall wall;
};

constexpr int64_t unix_seconds(Wall wall) {
  return std::chrono::floor<std::chrono::seconds>(wall.time_since_epoch()).count();
}

}  // namespace noom
