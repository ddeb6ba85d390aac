// The relay ports of one shard on one relay address: which are free, and which relay holds the others. RFC 8656 §7.2:
// random over the range, unique, even when asked for.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "common/base/endpoint.h"
#include "common/base/random.h"
#include "turn/core/output.h"
#include "turn/core/settings.h"

namespace noom::turn {

// A shard owns the ports with (port / 2) % shard_count == shard, so that the two ports of an EVEN-PORT pair stay
// together.
constexpr uint32_t shard_of_port(uint16_t port, uint32_t shard_count) {
  return port / 2 % shard_count;
}

// Single-threaded. used() + free() is the shard's part of the range at all times. take and release are O(1).
class PortPool {
 public:
  // Holds what is reserved; valid, and never handed out.
  static constexpr RelayId kNobody{UINT32_MAX - 1, 0};

  PortPool(const IpAddress& local, uint16_t port_min, uint16_t port_max, uint32_t shard, uint32_t shard_count);

  const IpAddress& local() const { return local_; }
  // A port of the range, whichever shard owns it.
  bool covers(uint16_t port) const { return port >= port_min_ && port <= port_max_; }

  // Uniformly random among the free ones; nullopt when none is left.
  std::optional<uint16_t> take(Random& random, bool even, RelayId holder);
  // An even port for the holder, the odd one after it reserved: nobody's until hold(). O(free ports).
  std::optional<uint16_t> take_pair(Random& random, RelayId holder);
  // That port, if it is free. O(free ports).
  bool claim(uint16_t port, RelayId holder);
  void hold(uint16_t port, RelayId holder) { holders_[slot(port)] = holder; }
  void release(uint16_t port);
  // A relay of this shard, or an id that finds none: the port is free, reserved or another shard's.
  RelayId holder(uint16_t port) const;

  size_t free() const { return even_.size() + odd_.size(); }
  size_t used() const { return size_ - free(); }

 private:
  bool owns(uint16_t port) const { return covers(port) && shard_of_port(port, shard_count_) == shard_; }
  size_t slot(uint16_t port) const;
  bool is_free(uint16_t port) const { return owns(port) && !holders_[slot(port)].valid(); }

  IpAddress local_;
  uint16_t port_min_;
  uint16_t port_max_;
  uint32_t shard_;
  uint32_t shard_count_;
  size_t size_ = 0;
  std::vector<uint16_t> even_;  // free ports, in no order
  std::vector<uint16_t> odd_;
  std::vector<RelayId> holders_;  // by slot(port)
};

}  // namespace noom::turn
