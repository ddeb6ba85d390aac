// From start to exit, once the configuration holds. The command line and the configuration are daemon.cc.
#pragma once

#include "common/ops/daemon.h"
#include "common/ops/line_log.h"

namespace noom::ops {

// Runs the service until it was asked to stop. Returns the exit code; complains on standard error in one line when the
// start fails.
int live(const DaemonSpec& spec, const std::vector<std::string>& warnings);

// "noom-stun: <line>" on standard error, with a journal priority where that is the journal.
void complain(std::string_view daemon, std::string_view line);

}  // namespace noom::ops
