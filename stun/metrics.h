// noom-stun's metrics page.
#pragma once

#include "common/ops/metrics.h"
#include "stun/shell/stun_service.h"

namespace noom::stun {

void collect(ops::MetricPage& page, const StunService& service);

}  // namespace noom::stun
