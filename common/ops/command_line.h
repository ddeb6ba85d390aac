// The command line that all daemons share.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/ops/config_table.h"

namespace noom::ops {

constexpr int kExitUsage = 64;   // EX_USAGE: the command line makes no sense
constexpr int kExitConfig = 78;  // EX_CONFIG: the configuration does not hold

struct CommandLine {
  enum class Action { kRun, kCheckConfig, kPrintConfig, kHelp, kVersion, kWrongUsage };
  Action action = Action::kRun;
  std::string config_file;             // empty: the default file if it exists
  std::vector<std::string> overrides;  // "key=value", in order
  std::string problem;                 // kWrongUsage: one line
};

// Both "--option value" and "--option=value". Never exits or prints.
CommandLine parse_command_line(const std::vector<std::string>& arguments);

std::string help_text(std::string_view daemon, std::string_view summary, const ConfigTable& table);

}  // namespace noom::ops
