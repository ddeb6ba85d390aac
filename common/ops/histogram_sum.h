// Histograms of several shards added up for one scrape.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "common/base/histogram.h"
#include "common/ops/metrics.h"

namespace noom::ops {

class HistogramSum {
 public:
  // Of all the histograms that are added; outlives the sum.
  explicit HistogramSum(std::span<const uint64_t> bounds) : bounds_(bounds), counts_(bounds.size() + 1) {}

  template <size_t N>
  void add(const Histogram<N>& histogram) {
    for (size_t i = 0; i < counts_.size(); ++i) counts_[i] += histogram.counts()[i].value();
    sum_ += histogram.sum();
  }
  // Borrows this.
  HistogramSample sample(double scale = 1) const {
    return {.bounds = bounds_, .counts = counts_, .sum = sum_, .scale = scale};
  }

 private:
  std::span<const uint64_t> bounds_;
  std::vector<uint64_t> counts_;
  uint64_t sum_ = 0;
};

}  // namespace noom::ops
