#include "common/post/post_queue.h"

#include <algorithm>

namespace noom {
namespace {

// FNV-1a: the same lane for the same key, in every process.
size_t lane_of(std::string_view key) {
  uint64_t hash = 0xcbf29ce484222325;
  for (const char c : key) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  return static_cast<size_t>(hash >> 32) % kPostLanes;
}

}  // namespace

size_t PostQueue::push(Now now, std::string_view key, std::shared_ptr<const Post> event) {
  const size_t before = size_;
  if (size_ >= limits_.events_max) drop_oldest();
  const size_t dropped = before - size_;
  lanes_[lane_of(key)].entries.push_back({std::move(event), pushed_++, now.mono});
  ++size_;
  return dropped;
}

// One that is being sent may have arrived: it stays.
void PostQueue::drop_oldest() {
  Lane* oldest = nullptr;
  const auto first = [](const Lane& lane) { return lane.entries.begin() + (lane.sending ? 1 : 0); };
  for (Lane& lane : lanes_) {
    if (first(lane) == lane.entries.end()) continue;
    if (oldest == nullptr || first(lane)->number < first(*oldest)->number) oldest = &lane;
  }
  if (oldest == nullptr) return;
  if (!oldest->sending) oldest->failures = 0;
  oldest->entries.erase(first(*oldest));
  --size_;
}

std::optional<PostQueue::Due> PostQueue::take(Now now) {
  for (size_t i = 0; i < lanes_.size(); ++i) {
    Lane& lane = lanes_[i];
    if (lane.sending || lane.entries.empty() || lane.again > now.mono) continue;
    lane.sending = true;
    return Due{i, lane.entries.front().event};
  }
  return std::nullopt;
}

bool PostQueue::on_result(Now now, size_t index, bool accepted, Random& random) {
  Lane& lane = lanes_[index];
  lane.sending = false;
  const bool gives_up = !accepted && now.mono - lane.entries.front().pushed >= limits_.retry_for;
  if (accepted || gives_up) {
    lane.entries.pop_front();
    --size_;
    lane.failures = 0;
  }
  if (accepted) {
    lane.again = now.mono;
    return false;
  }
  // Half of it at random, so that lanes and nodes do not come back together.
  const uint32_t doublings = std::min<uint32_t>(lane.failures, 16);
  lane.failures += gives_up ? 0 : 1;
  const Duration whole = std::min(limits_.backoff_max, limits_.backoff_first * (int64_t{1} << doublings));
  const auto half_ms = std::chrono::duration_cast<std::chrono::milliseconds>(whole).count() / 2;
  lane.again = now.mono + whole / 2 + std::chrono::milliseconds(random.below(static_cast<uint32_t>(half_ms) + 1));
  return gives_up;
}

std::optional<Mono> PostQueue::next_deadline() const {
  std::optional<Mono> next;
  for (const Lane& lane : lanes_) {
    if (lane.sending || lane.entries.empty()) continue;
    if (!next || lane.again < *next) next = lane.again;
  }
  return next;
}

}  // namespace noom
