// Deadlines in one queue with an O(1) peek: an indexed binary heap, one deadline per key. Keys are small dense integers
// (a HandleTable's indices). Equal deadlines come out in the order of their keys, so that nothing depends on insertion
// history.
#pragma once

#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "common/base/time.h"

namespace noom {

class DeadlineQueue {
 public:
  using Key = uint32_t;

  // Sets or moves the key's deadline. O(log n).
  void set(Key key, Mono deadline) {
    if (key >= position_.size()) position_.resize(key + 1, kAbsent);
    if (position_[key] == kAbsent) {
      position_[key] = static_cast<uint32_t>(heap_.size());
      heap_.push_back({deadline, key});
    } else {
      heap_[position_[key]].deadline = deadline;
    }
    sift_up(position_[key]);
    sift_down(position_[key]);
  }
  // Does nothing when the key has no deadline. O(log n).
  void clear(Key key) {
    if (key >= position_.size() || position_[key] == kAbsent) return;
    const uint32_t hole = position_[key];
    const Key last_key = heap_.back().key;
    place(hole, heap_.back());
    heap_.pop_back();
    position_[key] = kAbsent;
    if (last_key == key) return;
    sift_up(hole);
    sift_down(position_[last_key]);
  }
  std::optional<Mono> next() const {  // O(1)
    if (heap_.empty()) return std::nullopt;
    return heap_.front().deadline;
  }
  // Removes and returns the key with the earliest deadline at or before `now`.
  std::optional<Key> pop_due(Mono now) {
    if (heap_.empty() || heap_.front().deadline > now) return std::nullopt;
    const Key key = heap_.front().key;
    clear(key);
    return key;
  }
  size_t size() const { return heap_.size(); }

 private:
  struct Entry {
    Mono deadline;
    Key key;
    friend bool operator<(const Entry& a, const Entry& b) {
      return a.deadline != b.deadline ? a.deadline < b.deadline : a.key < b.key;
    }
  };
  static constexpr uint32_t kAbsent = UINT32_MAX;

  void place(uint32_t at, Entry entry) {
    heap_[at] = entry;
    position_[entry.key] = at;
  }
  void sift_up(uint32_t at) {
    const Entry entry = heap_[at];
    for (; at > 0 && entry < heap_[(at - 1) / 2]; at = (at - 1) / 2) place(at, heap_[(at - 1) / 2]);
    place(at, entry);
  }
  void sift_down(uint32_t at) {
    const Entry entry = heap_[at];
    const auto size = static_cast<uint32_t>(heap_.size());
    for (uint32_t child = 2 * at + 1; child < size; child = 2 * at + 1) {
      if (child + 1 < size && heap_[child + 1] < heap_[child]) ++child;
      if (!(heap_[child] < entry)) break;
      place(at, heap_[child]);
      at = child;
    }
    place(at, entry);
  }

  std::vector<Entry> heap_;
  std::vector<uint32_t> position_;
};

}  // namespace noom
