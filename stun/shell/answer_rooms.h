// Rooms of answers that do not fit over their requests.
#pragma once

#include <array>
#include <deque>

#include "stun/core/arrival.h"

namespace noom::stun {

// Hands out rooms that stay where they are until clear(). Once warm it allocates nothing; a burst's extra rooms are
// given back.
class AnswerRooms {
 public:
  using Room = std::array<std::byte, kAnswerMax>;
  static constexpr size_t kKept = 64;  // per shard, idle

  Room& next() {
    if (used_ == rooms_.size()) rooms_.emplace_back();
    return rooms_[used_];
  }
  // The room that next() gave holds an answer now.
  void keep() { ++used_; }
  void clear() {
    used_ = 0;
    if (rooms_.size() > kKept) rooms_.resize(kKept);
  }

 private:
  std::deque<Room> rooms_;
  size_t used_ = 0;
};

}  // namespace noom::stun
