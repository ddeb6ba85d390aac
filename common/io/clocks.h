// The two clocks, read by shells once per batch and handed to the cores as a Now.
#pragma once

#include "common/base/time.h"

namespace noom::io {

Now read_clocks();  // CLOCK_MONOTONIC and CLOCK_REALTIME; no system call (vDSO)

}  // namespace noom::io
