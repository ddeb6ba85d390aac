// The metrics page: Prometheus text exposition of what the shards counted. Shards keep plain single-writer Counters; at
// scrape a collector reads them all, sums, and puts samples on a page. prometheus-cpp, which renders the page, stays
// inside metrics.cc.
#pragma once

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "common/base/counter.h"

namespace noom::ops {

// Label values come from enums (to_string) or from the configuration, never from clients: cardinality is fixed.
struct MetricLabel {
  std::string_view name;
  std::string_view value;
};

// Buckets of one or several shards' Histograms added up.
struct HistogramSample {
  std::span<const uint64_t> bounds;  // of noom::Histogram
  std::span<const uint64_t> counts;  // bounds + 1, not cumulative
  uint64_t sum = 0;
  double scale = 1;  // metric unit per histogram unit: 1e-9 from nanoseconds to seconds
};

// One scrape. Single-threaded.
class MetricPage {
 public:
  MetricPage();
  ~MetricPage();
  MetricPage(const MetricPage&) = delete;
  MetricPage& operator=(const MetricPage&) = delete;

  // Adds samples to the family started last.
  class Family {
   public:
    Family& sample(double value, std::initializer_list<MetricLabel> labels = {});
    Family& sample(uint64_t value, std::initializer_list<MetricLabel> labels = {});
    Family& sample(const HistogramSample& value, std::initializer_list<MetricLabel> labels = {});

   private:
    friend class MetricPage;
    explicit Family(MetricPage& page) : page_(&page) {}
    MetricPage* page_;
  };
  // Names: noom_<daemon>_<what>[_<unit>][_total]. Each family at most once a page.
  Family counter(std::string_view name, std::string_view help);
  Family gauge(std::string_view name, std::string_view help);
  Family histogram(std::string_view name, std::string_view help);

  std::string text() const;

 private:
  struct Families;
  std::unique_ptr<Families> families_;
};

using Collector = std::function<void(MetricPage&)>;

// noom_build_info, noom_clock_seconds, process_resident_memory_bytes, process_open_fds, process_max_fds,
// process_cpu_seconds_total, process_start_time_seconds.
void collect_process(MetricPage& page, std::string_view daemon, std::string_view version);

}  // namespace noom::ops
