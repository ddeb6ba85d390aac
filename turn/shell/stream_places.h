// How many connections there may be over all shards, in all and from one source: streams, or DTLS sessions.
#pragma once

#include <absl/container/flat_hash_map.h>

#include <cstdint>
#include <mutex>

#include "common/base/endpoint.h"

namespace noom::turn {

// Thread-safe: shards meet here when a connection begins and when it ends, never for a frame.
class StreamPlaces {
 public:
  StreamPlaces(uint32_t connections_max, uint32_t connections_per_source_max)
      : connections_max_(connections_max), per_source_max_(connections_per_source_max) {}

  // False when all are taken; else give_back() follows.
  bool take();
  void give_back();
  // The same among the places of the client's source: see source_of().
  bool take_of_source(const IpAddress& client);
  void give_back_of_source(const IpAddress& client);

 private:
  const uint32_t connections_max_;
  const uint32_t per_source_max_;
  std::mutex mutex_;
  uint32_t taken_ = 0;
  absl::flat_hash_map<IpAddress, uint32_t> by_source_;  // as many entries as connections at most
};

}  // namespace noom::turn
