#include "common/ops/common_metrics.h"

#include <algorithm>
#include <optional>
#include <string>

#include "common/ops/histogram_sum.h"

namespace noom::ops {

void sample_latency(MetricPage::Family& family, const std::vector<const LatencyHistogram*>& parts,
                    std::initializer_list<MetricLabel> labels) {
  constexpr double kNanosecond = 1e-9;
  HistogramSum sum{std::span<const uint64_t>(kLatencyBounds)};
  for (const LatencyHistogram* part : parts) sum.add(*part);
  family.sample(sum.sample(kNanosecond), labels);
}

void collect_loops(MetricPage& page, const std::vector<const LatencyHistogram*>& shards) {
  auto family = page.histogram("noom_event_loop_lag_seconds",
                               "How late the event loops come to what is due, sampled four times a second.");
  for (size_t i = 0; i < shards.size(); ++i) sample_latency(family, {shards[i]}, {{"shard", std::to_string(i)}});
}

void collect_certificates(MetricPage& page, const std::vector<const io::TlsContextSlot*>& slots) {
  std::optional<Wall> first;
  for (const io::TlsContextSlot* slot : slots) {
    const auto context = slot == nullptr ? nullptr : slot->get();
    if (context != nullptr) first = std::min(first.value_or(context->not_after()), context->not_after());
  }
  if (!first) return;
  page.gauge("noom_certificate_expiry_timestamp_seconds",
             "When the first of the TLS certificates in use expires, in seconds since the Unix epoch.")
      .sample(static_cast<double>(unix_seconds(*first)));
}

}  // namespace noom::ops
