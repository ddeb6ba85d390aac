// Running an io_context in a test until something has happened, with a deadline instead of a sleep.
#pragma once

#include <boost/asio/io_context.hpp>
#include <chrono>

namespace noom::io {

constexpr std::chrono::seconds kPatience{20};

// Runs handlers until `done()` or until the patience is over; returns done().
template <typename Predicate>
bool run_until(boost::asio::io_context& context, Predicate done, std::chrono::milliseconds patience = kPatience) {
  const auto give_up = std::chrono::steady_clock::now() + patience;
  while (!done()) {
    if (std::chrono::steady_clock::now() > give_up) return false;
    context.restart();
    context.run_one_until(std::min(give_up, std::chrono::steady_clock::now() + std::chrono::milliseconds(50)));
  }
  return true;
}

}  // namespace noom::io
