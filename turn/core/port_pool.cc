#include "turn/core/port_pool.h"

#include <algorithm>
#include <utility>

namespace noom::turn {
PortPool::PortPool(const IpAddress& local, uint16_t port_min, uint16_t port_max, uint32_t shard, uint32_t shard_count)
    : local_(local), port_min_(port_min), port_max_(port_max), shard_(shard), shard_count_(shard_count) {
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

std::optional<uint16_t> PortPool::take_pair(Random& random, RelayId holder) {
  if (even_.empty()) return std::nullopt;
  const size_t first = random.below(static_cast<uint32_t>(even_.size()));
  for (size_t i = 0; i < even_.size(); ++i) {
    const uint16_t port = even_[(first + i) % even_.size()];
    const auto next = static_cast<uint16_t>(port + 1);
    if (!is_free(next)) continue;
    std::erase(even_, port);
    std::erase(odd_, next);
    hold(port, holder);
    hold(next, kNobody);
    return port;
  }
  return std::nullopt;
}

bool PortPool::claim(uint16_t port, RelayId holder) {
  if (!is_free(port)) return false;
  std::vector<uint16_t>& list = port % 2 == 0 ? even_ : odd_;
  *std::ranges::find(list, port) = list.back();
  list.pop_back();
  hold(port, holder);
  return true;
}

void PortPool::release(uint16_t port) {
  holders_[slot(port)] = {};
  (port % 2 == 0 ? even_ : odd_).push_back(port);
}

RelayId PortPool::holder(uint16_t port) const {
  return owns(port) ? holders_[slot(port)] : RelayId{};
}

}  // namespace noom::turn
