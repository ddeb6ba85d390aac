// What is still to be told to one receiver of webhooks, and when to try again. Events of one room wait in one lane and
// go one after the other, so that they arrive in order; lanes do not wait for each other. Pure: sending is
// signal/shell/webhook_sender.*.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "common/base/random.h"
#include "common/base/time.h"

namespace noom::signal {

constexpr size_t kWebhookLanes = 8;  // requests to one receiver at once, at most

struct WebhookLimits {
  size_t events_max = 10'000;                  // that wait; beyond it the oldest are dropped
  Duration retry_for = std::chrono::hours(1);  // after that an event that is refused is dropped
  Duration backoff_first = std::chrono::milliseconds(500);
  Duration backoff_max = std::chrono::seconds(60);
};

// One event as it is sent, the same to every receiver.
struct Webhook {
  std::string id;
  std::string body;
};

// Single-threaded.
class WebhookQueue {
 public:
  explicit WebhookQueue(WebhookLimits limits) : limits_(limits) {}

  // How many older ones were dropped for it: at most one. `room` chooses the lane.
  size_t push(Now now, std::string_view room, std::shared_ptr<const Webhook> event);

  struct Due {
    size_t lane = 0;
    std::shared_ptr<const Webhook> event;
  };
  // What is to be sent now, if anything; report on_result for its lane.
  std::optional<Due> take(Now now);
  // True: the receiver refused it for too long, and it was dropped.
  bool on_result(Now now, size_t lane, bool accepted, Random& random);

  // When take() may have something that it does not have yet.
  std::optional<Mono> next_deadline() const;
  size_t size() const { return size_; }

 private:
  struct Entry {
    std::shared_ptr<const Webhook> event;
    uint64_t number = 0;  // in the order of pushing, over all lanes
    Mono pushed{};
  };
  struct Lane {
    std::deque<Entry> entries;
    bool sending = false;   // the first one
    uint32_t failures = 0;  // of the first one, in a row
    Mono again{};
  };
  void drop_oldest();

  WebhookLimits limits_;
  std::array<Lane, kWebhookLanes> lanes_;
  size_t size_ = 0;
  uint64_t pushed_ = 0;
};

}  // namespace noom::signal
