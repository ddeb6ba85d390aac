// How long things take, in the same buckets wherever it is measured, so that one dashboard and one alert fit all.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>

#include "common/base/histogram.h"
#include "common/base/time.h"

namespace noom {

// Nanoseconds: from what an idle machine needs to what clients give up at.
inline constexpr std::array<uint64_t, 14> kLatencyBounds = {
    100'000,    250'000,    500'000,     1'000'000,   2'500'000,   5'000'000,     10'000'000,
    25'000'000, 50'000'000, 100'000'000, 250'000'000, 500'000'000, 1'000'000'000, 5'000'000'000};

class LatencyHistogram : public Histogram<kLatencyBounds.size()> {
 public:
  LatencyHistogram() : Histogram(kLatencyBounds) {}
  void observe(Duration took) { Histogram::observe(static_cast<uint64_t>(std::max<int64_t>(0, took.count()))); }
};

}  // namespace noom
