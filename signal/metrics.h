// noom-signal's metrics page.
#pragma once

#include "common/ops/metrics.h"
#include "common/post/post_sender.h"
#include "signal/shell/signal_shell.h"

namespace noom::signal {

void collect(ops::MetricPage& page, const Stats& hub, const ShellStats& shell, const PostStats& webhooks,
             const PostStats& relay_orders);

}  // namespace noom::signal
