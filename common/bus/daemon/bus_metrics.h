// What a daemon's metrics page says of its bus.
#pragma once

#include <string_view>

#include "common/bus/bus.h"
#include "common/ops/metrics.h"

namespace noom::bus {

// <daemon>_bus_*: "noom_turn". Zeros when there is no bus.
void collect_bus(ops::MetricPage& page, std::string_view daemon, const Bus* bus);

}  // namespace noom::bus
