#include "turn/shell/stream_places.h"

#include "turn/shell/client_source.h"

namespace noom::turn {

bool StreamPlaces::take() {
  std::lock_guard lock(mutex_);
  if (taken_ >= connections_max_) return false;
  ++taken_;
  return true;
}

void StreamPlaces::give_back() {
  std::lock_guard lock(mutex_);
  --taken_;
}

bool StreamPlaces::take_of_source(const IpAddress& client) {
  std::lock_guard lock(mutex_);
  uint32_t& taken = by_source_[source_of(client)];
  if (taken >= per_source_max_) return false;  // at least one: the entry stays
  ++taken;
  return true;
}

void StreamPlaces::give_back_of_source(const IpAddress& client) {
  std::lock_guard lock(mutex_);
  const auto found = by_source_.find(source_of(client));
  if (--found->second == 0) by_source_.erase(found);
}

}  // namespace noom::turn
