// What is still to be told to one HTTP server, and when to try again: webhooks, orders to relays. What has one key (a
// room) waits in one lane and goes one after the other, so that it arrives in order; lanes do not wait for each other.
// Pure: sending is common/post/post_sender.*.
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

namespace noom {

constexpr size_t kPostLanes = 8;  // requests to one receiver at once, at most

struct PostLimits {
  size_t events_max = 10'000;                  // that wait; beyond it the oldest are dropped
  Duration retry_for = std::chrono::hours(1);  // after that an event that is refused is dropped
  Duration backoff_first = std::chrono::milliseconds(500);
  Duration backoff_max = std::chrono::seconds(60);
};

// One message as it is sent, the same to every receiver.
struct Post {
  std::string id;
  std::string body;
};

// Single-threaded.
class PostQueue {
 public:
  explicit PostQueue(PostLimits limits) : limits_(limits) {}

  // How many older ones were dropped for it: at most one. `key` chooses the lane.
  size_t push(Now now, std::string_view key, std::shared_ptr<const Post> event);

  struct Due {
    size_t lane = 0;
    std::shared_ptr<const Post> event;
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
    std::shared_ptr<const Post> event;
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

  PostLimits limits_;
  std::array<Lane, kPostLanes> lanes_;
  size_t size_ = 0;
  uint64_t pushed_ = 0;
};

}  // namespace noom
