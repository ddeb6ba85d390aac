// A histogram with one writer (its shard) and any number of readers (the scrape), over fixed buckets.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "common/base/counter.h"

namespace noom {

// Integer units (nanoseconds, bytes); the scrape scales them. `bounds` are upper limits, inclusive, ascending, and
// outlive the histogram (a constexpr table); the last bucket, above all bounds, is implied.
template <size_t N>
class Histogram {
 public:
  explicit constexpr Histogram(const std::array<uint64_t, N>& bounds) : bounds_(&bounds) {}

  // O(buckets).
  void observe(uint64_t value) {
    size_t bucket = 0;
    while (bucket < N && value > (*bounds_)[bucket]) ++bucket;
    counts_[bucket].add();
    sum_.add(value);
  }
  std::span<const uint64_t> bounds() const { return *bounds_; }
  std::span<const Counter> counts() const { return counts_; }  // per bucket, not cumulative; N + 1 of them
  uint64_t sum() const { return sum_.value(); }

 private:
  const std::array<uint64_t, N>* bounds_;
  std::array<Counter, N + 1> counts_;
  Counter sum_;
};

}  // namespace noom
