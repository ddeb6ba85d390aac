// noom-turn's metrics page: what turn/core and turn/shell count, summed over the shards. Fixed cardinality: labels are
// enum values.
#pragma once

#include "common/ops/metrics.h"
#include "turn/shell/turn_service.h"

namespace noom::turn {

void collect(ops::MetricPage& page, const TurnService& service);

}  // namespace noom::turn
