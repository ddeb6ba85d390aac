// Datagrams from one shard's relay to another's, copied, a batch for each flush: no datagram wakes a thread by itself.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

#include "common/base/bytes.h"
#include "common/base/endpoint.h"
#include "turn/core/output.h"

namespace noom::turn {

class HandoverBatch {
 public:
  struct Datagram {
    IpEndpoint to;
    IpEndpoint from;
    IpFields ip;
    MutableBytes room;  // kPeerHeadroom, payload, kPeerTailroom; lives as long as the batch
  };

  // `in_flight` counts the batch's bytes until it is destroyed.
  explicit HandoverBatch(std::shared_ptr<std::atomic<size_t>> in_flight) : in_flight_(std::move(in_flight)) {}
  ~HandoverBatch();
  HandoverBatch(const HandoverBatch&) = delete;
  HandoverBatch& operator=(const HandoverBatch&) = delete;

  void add(const HandOver& datagram);
  std::vector<Datagram> datagrams();

 private:
  struct Entry {
    IpEndpoint to;
    IpEndpoint from;
    IpFields ip;
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
  bool add(const HandOver& datagram);
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
