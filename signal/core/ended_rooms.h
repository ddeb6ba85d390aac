// Rooms that somebody has ended, for as long as a node that was out of reach may still take them for alive.
#pragma once

#include <deque>
#include <string>
#include <string_view>

#include "common/base/time.h"

namespace noom::signal {

constexpr size_t kEndedRoomsMax = 4096;  // one more is at the expense of the one that ended first

// By their tags: a later room of the same name is another one. O(kEndedRoomsMax).
class EndedRooms {
 public:
  struct Ended {
    std::string tag;
    std::string message;  // of who ended it
    Mono until{};
  };

  void add(Mono now, Ended ended);
  // nullptr: not, or too long ago.
  const Ended* find(Mono now, std::string_view tag) const;

 private:
  std::deque<Ended> ended_;  // in order of `until`
};

}  // namespace noom::signal
