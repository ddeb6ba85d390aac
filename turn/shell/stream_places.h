// How many connections there may be over all shards, in all and from one source: streams, or DTLS sessions.
#pragma once

#include <absl/container/flat_hash_map.h>

#include <cstdint>
#include <mutex>
#include <utility>

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

// Both places that one connection has taken, given back when this is destroyed. On any thread, one at a time.
class StreamPlace {
 public:
  StreamPlace(StreamPlaces& places, const IpAddress& client) : places_(&places), client_(client) {}
  StreamPlace(StreamPlace&& other) noexcept : places_(std::exchange(other.places_, nullptr)), client_(other.client_) {}
  StreamPlace& operator=(StreamPlace&&) = delete;
  ~StreamPlace() {
    if (places_ == nullptr) return;
    places_->give_back_of_source(client_);
    places_->give_back();
  }
  // Whoever calls this gives them back instead.
  void release() { places_ = nullptr; }

 private:
  StreamPlaces* places_;
  IpAddress client_;
};

}  // namespace noom::turn
