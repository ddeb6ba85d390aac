// The table that hands out Handles: dense slots, reused last-in first-out, a generation per slot. Not a hash map: no
// iteration order to leak.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "common/base/handle.h"

namespace noom {

// Owns its values. Pointers returned are valid until the next insert or erase. All operations are O(1).
template <typename Tag, typename T>
class HandleTable {
 public:
  using Id = Handle<Tag>;

  Id insert(T value) {
    uint32_t index = 0;
    if (free_.empty()) {
      index = static_cast<uint32_t>(slots_.size());
      slots_.push_back({.value = {}, .generation = first_generation_});
    } else {
      index = free_.back();
      free_.pop_back();
    }
    slots_[index].value.emplace(std::move(value));
    ++size_;
    return {index, slots_[index].generation};
  }
  // Under a handle of a table before this one. False when its index is taken.
  bool insert_at(Id id, T value) {
    while (slots_.size() <= id.index) {
      free_.push_back(static_cast<uint32_t>(slots_.size()));
      slots_.push_back({.value = {}, .generation = first_generation_});
    }
    if (slots_[id.index].value) return false;
    if (free_.back() == id.index)
      free_.pop_back();
    else
      std::erase(free_, id.index);
    slots_[id.index].value.emplace(std::move(value));
    slots_[id.index].generation = id.generation;
    ++size_;
    return true;
  }
  // The first generation that no handle of this table has. O(slots).
  uint32_t unused_generation() const {
    uint32_t unused = first_generation_;
    for (const Slot& slot : slots_) unused = std::max(unused, slot.generation + 1);
    return unused;
  }
  // For a table that begins where another ended: handles of that one find nothing here, except by insert_at.
  void begin_at_generation(uint32_t generation) { first_generation_ = generation; }
  T* find(Id id) {
    if (id.index >= slots_.size() || slots_[id.index].generation != id.generation) return nullptr;
    std::optional<T>& value = slots_[id.index].value;
    return value ? &*value : nullptr;
  }
  const T* find(Id id) const { return const_cast<HandleTable*>(this)->find(id); }
  bool erase(Id id) {
    if (find(id) == nullptr) return false;
    slots_[id.index].value.reset();
    ++slots_[id.index].generation;
    free_.push_back(id.index);
    --size_;
    return true;
  }
  // The live handle at an index, or an invalid one: for owners that keep only the index.
  Id at_index(uint32_t index) const {
    if (index >= slots_.size() || !slots_[index].value) return {};
    return {index, slots_[index].generation};
  }
  size_t size() const { return size_; }
  uint32_t slots() const { return static_cast<uint32_t>(slots_.size()); }  // indices are below it
  // In index order, which depends on the calls alone and not on addresses or hashes.
  template <typename F>
  void for_each(F&& visit) {
    for (uint32_t i = 0; i < slots_.size(); ++i)
      if (slots_[i].value) visit(Id{i, slots_[i].generation}, *slots_[i].value);
  }

 private:
  struct Slot {
    std::optional<T> value;
    uint32_t generation = 0;
  };
  std::vector<Slot> slots_;
  std::vector<uint32_t> free_;
  size_t size_ = 0;
  uint32_t first_generation_ = 0;
};

}  // namespace noom
