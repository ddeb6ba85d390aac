#include "signal/core/ended_rooms.h"

#include <algorithm>
#include <utility>

namespace noom::signal {

void EndedRooms::add(Mono now, Ended ended) {
  while (!ended_.empty() && (ended_.size() >= kEndedRoomsMax || ended_.front().until <= now)) ended_.pop_front();
  ended_.push_back(std::move(ended));
}

const EndedRooms::Ended* EndedRooms::find(Mono now, std::string_view tag) const {
  const auto found =
      std::find_if(ended_.begin(), ended_.end(), [&](const Ended& one) { return one.tag == tag && one.until > now; });
  return found == ended_.end() ? nullptr : &*found;
}

}  // namespace noom::signal
