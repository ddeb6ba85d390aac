// How late an event loop comes to what is due: what every client of the loop waits beside its own work.
#pragma once

#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/io_context.hpp>
#include <chrono>

#include "common/base/latency.h"

namespace noom::io {

// Asks the loop for a timer four times a second and measures how late it comes. Single-threaded, on the loop's thread;
// histogram() may be read from any.
class LoopLag {
 public:
  static constexpr Duration kInterval = std::chrono::milliseconds(250);

  explicit LoopLag(boost::asio::io_context& context) : timer_(context) {}

  void start();
  // The loop may end once this has been called.
  void stop();
  const LatencyHistogram& histogram() const { return histogram_; }

 private:
  using Timer =
      boost::asio::basic_waitable_timer<std::chrono::steady_clock, boost::asio::wait_traits<std::chrono::steady_clock>,
                                        boost::asio::io_context::executor_type>;

  Timer timer_;
  bool stopped_ = false;
  LatencyHistogram histogram_;
};

}  // namespace noom::io
