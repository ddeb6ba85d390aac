// noom-turn's metrics page: what turn/core and turn/shell count, summed over the shards. Fixed cardinality: labels are
// enum values.
#pragma once

#include "common/io/tls_context.h"
#include "common/ops/metrics.h"
#include "turn/shell/turn_service.h"

namespace noom::turn {

// `tls` may be null.
void collect(ops::MetricPage& page, const TurnService& service, const io::TlsContextSlot* tls);

}  // namespace noom::turn
