// noom-turn's metrics page: what turn/core and turn/shell count, summed over the shards. Fixed cardinality: labels are
// enum values.
#pragma once

#include "common/ops/metrics.h"
#include "turn/external_watch.h"
#include "turn/shell/turn_service.h"

namespace noom::turn {

void collect(ops::MetricPage& page, const TurnService& service);

// The external addresses in use, and how finding them out went.
void collect_externals(ops::MetricPage& page, const Settings& settings, const ExternalStats& stats);

}  // namespace noom::turn
