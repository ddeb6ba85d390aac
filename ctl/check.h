// What a daemon says of its configuration, by its own --check-config: for `check` and `doctor`.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace noom::ctl {

constexpr std::string_view kDaemons[] = {"noom-stun", "noom-turn", "noom-signal"};

// "turn" or "noom-turn"; empty for anything else.
std::string_view daemon_named(std::string_view name);

struct CheckResult {
  std::string daemon;
  std::vector<std::string> errors;  // "<file>:<line>: <key>: <what>; <remedy>"
  std::vector<std::string> warnings;
  int exit_code = 0;  // kExitConfig with errors, kExitUnavailable when the program could not be run
};
// `options`: its own, --config and --set.
CheckResult check_daemon(const std::string& program, std::string_view daemon, const std::vector<std::string>& options);

}  // namespace noom::ctl
