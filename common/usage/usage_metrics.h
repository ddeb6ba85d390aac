// Metrics of usage records, under one name in all daemons that make them.
#pragma once

#include "common/ops/metrics.h"
#include "common/usage/usage_recorder.h"

namespace noom {

// noom_usage_*. `recorder` is null where nothing is recorded.
void collect_usage(ops::MetricPage& page, const UsageRecorder* recorder);

}  // namespace noom
