// Metrics of the UDP pumps, the same families for every daemon that has them.
#pragma once

#include <string_view>
#include <vector>

#include "common/io/udp_pump.h"
#include "common/ops/metrics.h"

namespace noom::ops {

// <prefix>_udp_*: datagrams, bytes, system calls, drops by reason, summed over the pumps.
void collect_udp(MetricPage& page, std::string_view prefix, const std::vector<const io::UdpPumpStats*>& pumps);

}  // namespace noom::ops
