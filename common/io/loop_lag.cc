#include "common/io/loop_lag.h"

namespace noom::io {

void LoopLag::start() {
  if (stopped_) return;
  timer_.expires_after(kInterval);
  timer_.async_wait([this](boost::system::error_code error) {
    if (error) return;
    histogram_.observe(std::chrono::steady_clock::now() - timer_.expiry());
    start();
  });
}

void LoopLag::stop() {
  stopped_ = true;
  timer_.cancel();
}

}  // namespace noom::io
