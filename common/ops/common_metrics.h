// Metrics that every daemon with event loops and certificates has, under one name in all of them: dashboards and alerts
// tell the daemons apart by their jobs.
#pragma once

#include <string_view>
#include <vector>

#include "common/base/latency.h"
#include "common/io/tls_context.h"
#include "common/ops/metrics.h"

namespace noom::ops {

// noom_event_loop_lag_seconds{shard}: one of each shard, in their order.
void collect_loops(MetricPage& page, const std::vector<const LatencyHistogram*>& shards);

// noom_certificate_expiry_timestamp_seconds: of the certificate that ends first; no family without certificates. Null
// slots are passed over.
void collect_certificates(MetricPage& page, const std::vector<const io::TlsContextSlot*>& slots);

// A sample of a family over latencies: what all of `parts` have seen, in seconds.
void sample_latency(MetricPage::Family& family, const std::vector<const LatencyHistogram*>& parts,
                    std::initializer_list<MetricLabel> labels = {});

}  // namespace noom::ops
