// What one shard hands over to another, copied, a batch for each flush: no datagram wakes a thread by itself. Datagrams
// between relays, what a client says to the shard that holds its allocation, and what that shard says to the client.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <variant>
#include <vector>

#include "common/base/bytes.h"
#include "common/base/endpoint.h"
#include "common/base/ip_fields.h"
#include "turn/core/limits.h"

namespace noom::turn {

class HandoverBatch {
 public:
  struct BetweenRelays {
    IpEndpoint to;
    IpEndpoint from;
    IpFields ip = {};
  };
  struct FromClient {
    FiveTuple client;
    IpFields ip = {};
  };
  struct ToClient {
    FiveTuple client;
    IpFields ip = {};
  };
  using Route = std::variant<BetweenRelays, FromClient, ToClient>;
  struct Datagram {
    Route route;
    MutableBytes room;  // kPeerHeadroom, payload, kPeerTailroom; lives as long as the batch

    MutableBytes payload() const { return room.subspan(kPeerHeadroom, room.size() - kPeerHeadroom - kPeerTailroom); }
  };

  // `in_flight` counts the batch's bytes until it is destroyed.
  explicit HandoverBatch(std::shared_ptr<std::atomic<size_t>> in_flight) : in_flight_(std::move(in_flight)) {}
  ~HandoverBatch();
  HandoverBatch(const HandoverBatch&) = delete;
  HandoverBatch& operator=(const HandoverBatch&) = delete;

  void add(const Route& route, Bytes payload);
  std::vector<Datagram> datagrams();  // in the order of their adding

 private:
  struct Entry {
    Route route;
    size_t offset;
    size_t size;
  };
  std::shared_ptr<std::atomic<size_t>> in_flight_;
  std::vector<Entry> entries_;
  std::vector<std::byte> rooms_;
};

// The sending side, one per shard.
class HandoverOutbox {
 public:
  explicit HandoverOutbox(uint32_t shard_count);

  // False when the receiving shard has kHandoverBytesMax waiting: the datagram is dropped.
  bool add(uint32_t shard, const HandoverBatch::Route& route, Bytes payload);
  // Hands each batch to deliver(shard, std::unique_ptr<HandoverBatch>).
  template <typename Deliver>
  void flush(Deliver&& deliver) {
    for (const uint32_t shard : filled_) deliver(shard, std::move(lanes_[shard].batch));
    filled_.clear();
  }

 private:
  struct Lane {
    std::shared_ptr<std::atomic<size_t>> in_flight = std::make_shared<std::atomic<size_t>>(0);
    std::unique_ptr<HandoverBatch> batch;
  };
  std::vector<Lane> lanes_;
  std::vector<uint32_t> filled_;  // in the order of their first datagram
};

}  // namespace noom::turn
