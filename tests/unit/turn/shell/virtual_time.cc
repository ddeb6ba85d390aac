#include "tests/unit/turn/shell/virtual_time.h"

#include <sys/time.h>

namespace {

noom::Duration g_since_start = std::chrono::hours(1);
constexpr noom::Duration kStart = std::chrono::seconds(1'900'000'000);

}  // namespace

extern "C" int gettimeofday(timeval* to, void*) noexcept {
  const auto all = std::chrono::floor<std::chrono::microseconds>(kStart + g_since_start);
  const auto seconds = std::chrono::floor<std::chrono::seconds>(all);
  to->tv_sec = seconds.count();
  to->tv_usec = (all - seconds).count();
  return 0;
}

namespace noom::turn {

Now virtual_now() {
  return {Mono(g_since_start), Wall(kStart + g_since_start)};
}

void advance_virtual_time(Duration by) {
  g_since_start += by;
}

}  // namespace noom::turn
