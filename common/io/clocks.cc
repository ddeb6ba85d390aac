#include "common/io/clocks.h"

#include <time.h>

namespace noom::io {

namespace {

Duration read_clock(clockid_t clock) {
  timespec time{};
  ::clock_gettime(clock, &time);
  return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

}  // namespace

Now read_clocks() {
  return {.mono = Mono(read_clock(CLOCK_MONOTONIC)), .wall = Wall(read_clock(CLOCK_REALTIME))};
}

}  // namespace noom::io
