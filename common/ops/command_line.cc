#include "common/ops/command_line.h"

#include <optional>
#include <sstream>

#include "common/ops/spelling.h"

namespace noom::ops {
namespace {

constexpr std::string_view kConfig = "--config";
constexpr std::string_view kSet = "--set";

CommandLine wrong_usage(std::string problem) {
  CommandLine line;
  line.action = CommandLine::Action::kWrongUsage;
  line.problem = std::move(problem);
  return line;
}

std::optional<CommandLine::Action> to_action(std::string_view option) {
  if (option == "--check-config") return CommandLine::Action::kCheckConfig;
  if (option == "--print-config") return CommandLine::Action::kPrintConfig;
  if (option == "--help" || option == "-h") return CommandLine::Action::kHelp;
  if (option == "--version") return CommandLine::Action::kVersion;
  return std::nullopt;
}

std::string unknown_option(const std::string& option) {
  const auto guess = nearest(option, {"--config", "--set", "--check-config", "--print-config", "--help", "--version"});
  return "unknown option " + option + "; " + (guess ? "did you mean " + *guess + "?" : "--help lists the options");
}

}  // namespace

CommandLine parse_command_line(const std::vector<std::string>& arguments) {
  CommandLine line;
  for (size_t i = 0; i < arguments.size(); ++i) {
    const size_t equals = arguments[i].starts_with("--") ? arguments[i].find('=') : std::string::npos;
    const std::string option = arguments[i].substr(0, equals);
    if (option == kConfig || option == kSet) {
      const bool inline_value = equals != std::string::npos;
      if (!inline_value && i + 1 == arguments.size()) return wrong_usage(option + " needs a value; see --help");
      const std::string value = inline_value ? arguments[i].substr(equals + 1) : arguments[++i];
      if (value.empty()) return wrong_usage(option + " needs a value; see --help");
      if (option == kSet) {
        line.overrides.push_back(value);
      } else {
        line.config_file = value;
      }
    } else if (const auto action = to_action(arguments[i])) {
      // --help and --version answer whatever else was asked.
      const bool settled = line.action == CommandLine::Action::kHelp || line.action == CommandLine::Action::kVersion;
      if (!settled) line.action = *action;
    } else if (arguments[i].starts_with("-")) {
      return wrong_usage(unknown_option(option));
    } else {
      return wrong_usage("unexpected argument " + arguments[i] + "; options begin with --, see --help");
    }
  }
  return line;
}

std::string help_text(std::string_view daemon, std::string_view summary, const ConfigTable& table) {
  std::ostringstream out;
  out << daemon << ": " << summary << "\n\n"
      << "usage: " << daemon << " [--config FILE] [--set KEY=VALUE]…\n\n"
      << "  --config FILE      read this file; without it /etc/noom/" << daemon
      << ".toml if there is one, else the defaults\n"
      << "  --set KEY=VALUE    override one key, after the file; may be repeated; lists may be comma-separated\n"
      << "  --check-config     check the configuration and the files it names, then exit: 0 good, " << kExitConfig
      << " not\n"
      << "  --print-config     print every key with its help, range, default and value, as a file to start from, then "
         "exit\n"
      << "  --help             print this, then exit\n"
      << "  --version          print the version, then exit\n\n"
      << "signals: SIGTERM and SIGINT drain and exit (a second one exits at once), SIGHUP reloads\n"
      << "exit codes: 0 stopped as asked, 1 could not start or run, " << kExitUsage << " wrong usage, " << kExitConfig
      << " bad configuration\n\n"
      << "keys (as in the file: [table] then key = value)\n";
  for (const ConfigRow& row : table.rows()) {
    out << "  " << row.key << " = " << row.default_toml << "\n"
        << "      " << row.help << "\n";
  }
  return out.str();
}

}  // namespace noom::ops
