// The table of noom-ctl's subcommands, and the function behind each row.
#pragma once

#include <vector>

#include "ctl/command.h"

namespace noom::ctl {

std::vector<Command> all_commands();

int run_check(const Invocation& invocation);
int run_credentials(const Invocation& invocation);
int run_doctor(const Invocation& invocation);
int run_drain(const Invocation& invocation);
int run_kill(const Invocation& invocation);
int run_reload(const Invocation& invocation);
int run_status(const Invocation& invocation);

}  // namespace noom::ctl
