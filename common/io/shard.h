// One thread, one io_context: the unit that owns clients, sockets and cores. What runs on a shard needs no locks; other
// threads reach it by post(). An exception that reaches the thread's top is our own mistake and ends the process.
#pragma once

#include <absl/functional/any_invocable.h>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <cstdint>
#include <functional>
#include <future>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "common/io/clocks.h"
#include "common/io/loop_lag.h"

namespace noom::io {

class Shard {
 public:
  Shard(uint32_t index, std::string thread_name);
  Shard(const Shard&) = delete;
  Shard& operator=(const Shard&) = delete;
  ~Shard();

  uint32_t index() const { return index_; }
  boost::asio::io_context& context() { return context_; }
  // Any thread. Runs `work` on the shard's thread, in the order posted by one thread; work posted before start() runs
  // once it has started.
  void post(absl::AnyInvocable<void()> work);

  void start();
  // Any thread. Lets the thread end once nothing is pending: owners close their sockets and timers first (by post).
  void release();
  // Ends the thread at once, whatever is pending. Any thread.
  void stop();
  // True when the thread has ended, or was never started, within `patience`.
  bool wait_finished(Duration patience);
  void join();
  // How late the loop comes to what is due. Any thread.
  const LatencyHistogram& lag() const { return lag_.histogram(); }

 private:
  void run() noexcept;

  uint32_t index_;
  std::string thread_name_;  // at most 15 characters are shown by the kernel
  boost::asio::io_context context_;
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_;
  LoopLag lag_;
  std::thread thread_;
  std::promise<void> finished_;
  std::future<void> finish_;
};

// All shards of a daemon. Built and started by the main thread, which also stops and joins them.
class ShardGroup {
 public:
  // Threads are named "<name>/<index>". count >= 1.
  ShardGroup(uint32_t count, std::string_view name);
  ~ShardGroup();

  uint32_t size() const { return static_cast<uint32_t>(shards_.size()); }
  Shard& operator[](uint32_t index) { return *shards_[index]; }
  const Shard& operator[](uint32_t index) const { return *shards_[index]; }
  void start();
  // Runs `work` once on every shard and waits until the last has finished. Shards must be started; never call from a
  // shard.
  void run_on_all(const std::function<void(Shard&)>& work);
  // Drains: waits up to `grace` for pending work to finish by itself, then stops what is left; joins. Never call from a
  // shard.
  void stop(Duration grace);

 private:
  std::vector<std::unique_ptr<Shard>> shards_;
};

}  // namespace noom::io
