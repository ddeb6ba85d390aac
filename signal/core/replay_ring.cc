#include "signal/core/replay_ring.h"

#include <utility>

namespace noom::signal {
namespace {

constexpr size_t kKeptRoom = 16;  // entries whose room an empty ring keeps

}  // namespace

void ReplayRing::append(Text text, size_t bytes_max) {
  bytes_ += text->size() + kReplayEntryBytes;
  texts_.push_back(std::move(text));
  while (bytes_ > bytes_max) drop_first();
}

void ReplayRing::acknowledge(uint64_t received) {
  if (received > appended()) return;
  while (first_ < received) drop_first();
}

std::optional<std::span<const Text>> ReplayRing::after(uint64_t received) const {
  if (received < first_ || received > appended()) return std::nullopt;
  return kept().subspan(received - first_);
}

void ReplayRing::forget() {
  while (size() > 0) drop_first();
}

ReplayRing ReplayRing::restored(std::vector<Text> texts, uint64_t appended) {
  ReplayRing ring;
  ring.first_ = appended - texts.size();
  for (const Text& text : texts) ring.bytes_ += text->size() + kReplayEntryBytes;
  ring.texts_ = std::move(texts);
  return ring;
}

void ReplayRing::drop_first() {
  bytes_ -= texts_[head_]->size() + kReplayEntryBytes;
  texts_[head_++] = nullptr;
  ++first_;
  if (head_ == texts_.size()) {
    texts_.clear();
    head_ = 0;
    if (texts_.capacity() > kKeptRoom) texts_.shrink_to_fit();
  } else if (head_ > kKeptRoom && head_ > texts_.size() / 2) {
    texts_.erase(texts_.begin(), texts_.begin() + static_cast<ptrdiff_t>(head_));
    head_ = 0;
  }
}

}  // namespace noom::signal
