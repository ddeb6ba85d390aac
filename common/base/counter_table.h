// A counter for each value of an enum that ends in kCount: fixed cardinality, one writer.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "common/base/counter.h"

namespace noom {

template <typename Enum>
constexpr size_t count_of() {
  return static_cast<size_t>(Enum::kCount);
}

template <typename Enum>
class CounterTable {
 public:
  Counter& operator[](Enum value) { return counters_[static_cast<size_t>(value)]; }
  const Counter& operator[](Enum value) const { return counters_[static_cast<size_t>(value)]; }
  uint64_t sum() const {
    uint64_t total = 0;
    for (const Counter& counter : counters_) total += counter.value();
    return total;
  }

 private:
  std::array<Counter, count_of<Enum>()> counters_;
};

}  // namespace noom
