#include "common/usage/usage_metrics.h"

namespace noom {

void collect_usage(ops::MetricPage& page, const UsageRecorder* recorder) {
  static const UsageStats none;
  const UsageStats& stats = recorder == nullptr ? none : recorder->stats();
  page.counter("noom_usage_records_total", "Usage records written to the spool.").sample(stats.records.value());
  page.counter("noom_usage_delivered_total", "Usage records that the receiver has taken.")
      .sample(stats.delivered.value());
  page.counter("noom_usage_attempts_failed_total",
               "Attempts to deliver usage records that ended with no answer, or another than 2xx.")
      .sample(stats.attempts_failed.value());
  page.gauge("noom_usage_spool_bytes", "Bytes of usage records on disk.").sample(stats.spool_bytes.value());
  auto drops = page.counter("noom_usage_dropped_total", "Usage records that were lost, by reason.");
  for (size_t i = 0; i < count_of<UsageDrop>(); ++i) {
    const auto drop = static_cast<UsageDrop>(i);
    drops.sample(stats.drops[drop].value(), {{"reason", to_string(drop)}});
  }
}

}  // namespace noom
