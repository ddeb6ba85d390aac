// The table that hands out Handles: dense slots, reused last-in first-out, a generation per slot. Not a hash map: no
// iteration order to leak.
#pragma once

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
      slots_.emplace_back();
    } else {
      index = free_.back();
      free_.pop_back();
    }
    slots_[index].value.emplace(std::move(value));
    ++size_;
    return {index, slots_[index].generation};
  }
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
};

}  // namespace noom
