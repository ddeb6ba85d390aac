#include "signal/shell/outbound_queue.h"

#include <utility>

namespace noom::signal {
namespace {

constexpr size_t kKeptQueue = 8;     // entries whose room an empty queue keeps
constexpr size_t kArrivedMax = 256;  // empty entries in front before the rest moves up

}  // namespace

bool OutboundQueue::push(const Delivery& delivery) {
  if (delivery.subject != 0 && bytes_ > limits_.coalesce_bytes) supersede(delivery.subject);
  bytes_ += delivery.text->size();
  stats_.queued_bytes.add(delivery.text->size());
  queue_.push_back({delivery.text, delivery.subject, delivery.stub});
  return bytes_ <= limits_.outbound_bytes_max;
}

size_t OutboundQueue::take(size_t bytes) {
  size_t on_their_way = 0;
  for (size_t i = 0; i < taken_; ++i) on_their_way += at(i).size();
  size_t count = 0;
  while (taken_ < size() && (count == 0 || on_their_way + at(taken_).size() <= bytes)) {
    on_their_way += at(taken_).size();
    ++taken_;
    ++count;
  }
  return count;
}

void OutboundQueue::release(size_t count) {
  for (size_t i = 0; i < count; ++i) {
    forget_bytes(queue_[arrived_].text->size());
    queue_[arrived_++] = {};
  }
  taken_ -= count;
  if (arrived_ == queue_.size()) {
    arrived_ = 0;
    queue_.clear();
    if (queue_.capacity() > kKeptQueue) queue_.shrink_to_fit();
  } else if (arrived_ >= kArrivedMax && arrived_ * 2 >= queue_.size()) {
    queue_.erase(queue_.begin(), queue_.begin() + static_cast<std::ptrdiff_t>(arrived_));
    arrived_ = 0;
  }
}

void OutboundQueue::drop_waiting() {
  while (size() > taken_) {
    forget_bytes(queue_.back().text->size());
    queue_.pop_back();
  }
}

void OutboundQueue::supersede(uint64_t subject) {
  for (size_t i = arrived_ + taken_; i < queue_.size(); ++i) {
    Queued& queued = queue_[i];
    if (queued.subject != subject) continue;
    forget_bytes(queued.text->size() - queued.stub->size());
    queued = {std::move(queued.stub), 0, nullptr};
    stats_.superseded.add();
  }
}

void OutboundQueue::forget_bytes(size_t bytes) {
  bytes_ -= bytes;
  stats_.queued_bytes.subtract(bytes);
}

}  // namespace noom::signal
