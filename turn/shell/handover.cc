#include "turn/shell/handover.h"

#include <cstring>

#include "turn/shell/limits.h"

namespace noom::turn {

HandoverBatch::~HandoverBatch() {
  in_flight_->fetch_sub(rooms_.size(), std::memory_order_relaxed);
}

void HandoverBatch::add(const Route& route, Bytes payload) {
  const size_t offset = rooms_.size();
  const size_t size = kPeerHeadroom + payload.size() + kPeerTailroom;
  rooms_.resize(offset + size);
  if (!payload.empty()) std::memcpy(rooms_.data() + offset + kPeerHeadroom, payload.data(), payload.size());
  entries_.push_back({route, offset, size});
  in_flight_->fetch_add(size, std::memory_order_relaxed);
}

std::vector<HandoverBatch::Datagram> HandoverBatch::datagrams() {
  std::vector<Datagram> result;
  result.reserve(entries_.size());
  for (const Entry& entry : entries_) {
    result.push_back({entry.route, MutableBytes(rooms_).subspan(entry.offset, entry.size)});
  }
  return result;
}

HandoverOutbox::HandoverOutbox(uint32_t shard_count) : lanes_(shard_count) {}

bool HandoverOutbox::add(uint32_t shard, const HandoverBatch::Route& route, Bytes payload) {
  Lane& lane = lanes_[shard];
  if (lane.in_flight->load(std::memory_order_relaxed) + payload.size() > kHandoverBytesMax) return false;
  if (lane.batch == nullptr) {
    lane.batch = std::make_unique<HandoverBatch>(lane.in_flight);
    filled_.push_back(shard);
  }
  lane.batch->add(route, payload);
  return true;
}

}  // namespace noom::turn
