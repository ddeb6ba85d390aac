// What one shard's allocations use, as it is to be recorded: each one's beginning, what it has carried so far at
// intervals, and its end. Unlike the log, nothing is left out.
#pragma once

#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/deadline_queue.h"
#include "turn/core/event.h"

namespace noom::turn {

struct UsageRecord {
  enum class Kind : uint8_t { kStart, kInterim, kStop };
  Kind kind;
  Wall at;
  uint32_t shard = 0;
  AllocationId allocation;
  FiveTuple client;
  std::vector<IpEndpoint> relayed;
  std::string username;
  Duration duration{};
  AllocationTraffic traffic;
  std::string_view reason;  // of kStop; a literal: an EndReason's, or kUsageStopped
  bool resumed = false;     // of kStart: the process before had it
};

constexpr std::string_view kUsageStopped = "stopped";  // the daemon ended first

// Called on shards' threads; must not wait.
using UsageSink = std::function<void(UsageRecord)>;

// Single-threaded, on the thread of `context`.
class UsageFeed {
 public:
  // Of an allocation that lives; nullopt: it has ended, and its end is about to be told.
  using Traffic = std::function<std::optional<AllocationTraffic>(AllocationId)>;

  // Without a sink it does nothing. `interval` of zero: no interim records.
  UsageFeed(boost::asio::io_context& context, uint32_t shard, UsageSink sink, Duration interval, Traffic traffic);

  void on_events(Now now, const std::vector<Event>& events);
  // An allocation of the process before, which has recorded what it had carried until then.
  void resume(Now now, const AllocationCreated& allocation, const AllocationTraffic& before);
  // Every allocation that lives ends here, as far as records go; no timer is pending after this.
  void stop(Now now, std::string_view reason);

 private:
  using Timer =
      boost::asio::basic_waitable_timer<std::chrono::steady_clock, boost::asio::wait_traits<std::chrono::steady_clock>,
                                        boost::asio::io_context::executor_type>;
  struct Live {
    UsageRecord record;  // as its next one begins
    Mono began{};
    AllocationTraffic before;  // recorded by the process before
    bool lives = false;
  };

  void begin(Now now, const AllocationCreated& event, const AllocationTraffic* before);
  void end(Now now, const AllocationEnded& event);
  static UsageRecord record_of(Now now, const Live& live, const AllocationTraffic& traffic);
  // What is to be told of it now; nullopt: its end is about to be told.
  std::optional<UsageRecord> so_far(Now now, const Live& live) const;
  void arm();
  void on_timer();

  const uint32_t shard_;
  const UsageSink sink_;
  const Duration interval_;
  const Traffic traffic_;
  std::vector<Live> live_;  // by the allocation's index, which is dense
  DeadlineQueue due_;
  Timer timer_;
  bool armed_ = false;
  bool stopped_ = false;
};

}  // namespace noom::turn
