// noom-signal's metrics page.
#pragma once

#include "common/ops/metrics.h"
#include "signal/shell/signal_shell.h"
#include "signal/shell/webhook_sender.h"

namespace noom::signal {

void collect(ops::MetricPage& page, const Stats& hub, const ShellStats& shell, const WebhookStats& webhooks);

}  // namespace noom::signal
