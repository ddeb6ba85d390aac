// What waits for one client to read it: shared texts in order, bounded in bytes, with pointless ones replaced by their
// stubs. The same for every kind of carrier; what is on its way and when it has arrived is the carrier's to say.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "signal/core/output.h"
#include "signal/shell/carrier.h"
#include "signal/shell/shell_stats.h"

namespace noom::signal {

// Single-threaded; `stats` outlives it and knows at any time how many bytes are queued in all. Holds next to no memory
// while it is empty.
class OutboundQueue {
 public:
  OutboundQueue(const CarrierLimits& limits, ShellStats& stats)
      : limits_(limits), stats_(stats), stats_owner_(stats.weak_from_this().lock()) {}
  ~OutboundQueue() { stats_.queued_bytes.subtract(bytes_); }
  OutboundQueue(const OutboundQueue&) = delete;
  OutboundQueue& operator=(const OutboundQueue&) = delete;

  // False when more than outbound_bytes_max are queued now.
  bool push(const Delivery& delivery);
  // Texts that have not arrived, in order; the first taken() of them are on their way and will not change.
  size_t size() const { return queue_.size() - arrived_; }
  size_t taken() const { return taken_; }
  const std::string& at(size_t i) const { return *queue_[arrived_ + i].text; }
  // Puts further texts on their way: the next one, and more as long as they are no more than `bytes` together with what
  // is on its way already. Returns how many.
  size_t take(size_t bytes);
  // The first `count` of the texts on their way have arrived.
  void release(size_t count);
  // Forgets what is not on its way.
  void drop_waiting();

 private:
  struct Queued {
    std::shared_ptr<const std::string> text;
    uint64_t subject = 0;  // not 0: with a stub, which is shorter
    std::shared_ptr<const std::string> stub;
  };

  void supersede(uint64_t subject);
  void forget_bytes(size_t bytes);

  const CarrierLimits& limits_;
  ShellStats& stats_;
  const std::shared_ptr<ShellStats> stats_owner_;  // a carrier may end with the io_context, after its shell
  std::vector<Queued> queue_;
  size_t arrived_ = 0;  // at the front of queue_, empty already
  size_t taken_ = 0;    // behind them
  size_t bytes_ = 0;
};

}  // namespace noom::signal
