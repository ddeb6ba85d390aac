#include "turn/core/port_pool.h"

#include <utility>

namespace noom::turn {

PortPool::PortPool(const RelayAddress& address, uint16_t port_min, uint16_t port_max, uint32_t shard,
                   uint32_t shard_count)
    : address_(address), port_min_(port_min), port_max_(port_max), shard_(shard), shard_count_(shard_count) {
  for (uint32_t port = port_min; port <= port_max; ++port) {
    const auto candidate = static_cast<uint16_t>(port);
    if (owns(candidate)) (candidate % 2 == 0 ? even_ : odd_).push_back(candidate);
  }
  size_ = free();
  holders_.resize(slot(port_max | 1) + 1);  // the last turn whole: its odd half may be another pair's
}

// Pairs of ports go to the shards in turn: the pair's turn, then its half.
size_t PortPool::slot(uint16_t port) const {
  const uint32_t turn = port / 2u / shard_count_ - port_min_ / 2u / shard_count_;
  return 2 * size_t{turn} + port % 2;
}

std::optional<uint16_t> PortPool::take(Random& random, bool even, RelayId holder) {
  const size_t choices = even ? even_.size() : free();
  if (choices == 0) return std::nullopt;
  size_t choice = random.below(static_cast<uint32_t>(choices));
  std::vector<uint16_t>& list = choice < even_.size() ? even_ : odd_;
  if (choice >= even_.size()) choice -= even_.size();
  std::swap(list[choice], list.back());
  const uint16_t port = list.back();
  list.pop_back();
  holders_[slot(port)] = holder;
  return port;
}

void PortPool::release(uint16_t port) {
  holders_[slot(port)] = {};
  (port % 2 == 0 ? even_ : odd_).push_back(port);
}

RelayId PortPool::holder(uint16_t port) const {
  return owns(port) ? holders_[slot(port)] : RelayId{};
}

}  // namespace noom::turn
