#include "ctl/check.h"

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include "ctl/commands.h"
#include "ctl/program.h"

namespace noom::ctl {
namespace {

namespace json = boost::json;

// systemd brings it up with the unit, out of /etc/noom: a file that is absent there says nothing of the configuration.
constexpr std::string_view kCredentials = "/run/credentials/";

std::string explain(std::string line) {
  if (line.find(kCredentials) != std::string::npos && line.find("No such file") != std::string::npos)
    line +=
        " (systemd makes it while the service runs: start it, or check with --set and the file's place in /etc/noom)";
  if (line.find(kCredentials) != std::string::npos && line.find("Permission denied") != std::string::npos)
    line += " (run noom-ctl check as root)";
  return line;
}

json::array to_json(const std::vector<std::string>& lines) {
  return json::array(lines.begin(), lines.end());
}

void tell(const CheckResult& result) {
  std::string text = result.daemon + ": ";
  if (result.errors.empty()) {
    text += "good\n";
  } else {
    text += std::to_string(result.errors.size()) + (result.errors.size() == 1 ? " error\n" : " errors\n");
  }
  for (const std::string& line : result.errors) text += "  error: " + line + "\n";
  for (const std::string& line : result.warnings) text += "  warning: " + line + "\n";
  print(text);
}

// What to check: those that are named, else those that are there.
std::vector<std::pair<std::string_view, std::string>> programs_for(const Invocation& invocation, int& exit_code) {
  std::vector<std::pair<std::string_view, std::string>> programs;
  if (invocation.arguments.empty()) {
    for (const std::string_view daemon : kDaemons)
      if (auto program = find_program(daemon)) programs.emplace_back(daemon, *std::move(program));
    if (programs.empty())
      exit_code = complain(kExitUnavailable, "no daemon of Noom is installed here; install noom-turn");
  }
  for (const std::string& argument : invocation.arguments) {
    const std::string_view daemon = daemon_named(argument);
    if (daemon.empty()) {
      exit_code = complain(kExitUsage, "there is no daemon \"" + argument + "\"; say stun, turn or signal");
      return {};
    }
    auto program = find_program(daemon);
    if (!program) {
      exit_code = complain(kExitUnavailable, std::string(daemon) + " is not installed here, nor beside noom-ctl");
      return {};
    }
    programs.emplace_back(daemon, *std::move(program));
  }
  return programs;
}

}  // namespace

std::string_view daemon_named(std::string_view name) {
  for (const std::string_view daemon : kDaemons)
    if (name == daemon || name == daemon.substr(daemon.find('-') + 1)) return daemon;
  return {};
}

CheckResult check_daemon(const std::string& program, std::string_view daemon, const std::vector<std::string>& options) {
  CheckResult result{.daemon = std::string(daemon), .errors = {}, .warnings = {}};
  std::vector<std::string> arguments = {"--check-config"};
  arguments.insert(arguments.end(), options.begin(), options.end());
  const auto ended = run_program(program, arguments);
  if (!ended) {
    result.exit_code = kExitUnavailable;
    result.errors.push_back(program + " cannot be run; reinstall the package");
    return result;
  }
  const std::string prefix = result.daemon + ": ";
  constexpr std::string_view kWarning = "warning: ";
  for (std::string line : lines_of(ended->errors)) {
    if (line.starts_with(prefix)) line.erase(0, prefix.size());
    const bool is_warning = line.starts_with(kWarning);
    if (is_warning) line.erase(0, kWarning.size());
    (is_warning ? result.warnings : result.errors).push_back(explain(std::move(line)));
  }
  if (ended->exit_code != 0) {
    result.exit_code = kExitConfig;
    if (result.errors.empty())
      result.errors.push_back(program + " --check-config ended with " + std::to_string(ended->exit_code));
  }
  return result;
}

int run_check(const Invocation& invocation) {
  std::vector<std::string> options;
  if (const auto file = invocation.value("--config")) {
    if (invocation.arguments.size() != 1)
      return complain(kExitUsage, "--config is one daemon's file; say which: noom-ctl check turn --config FILE");
    options.insert(options.end(), {"--config", *file});
  }
  for (const std::string& assignment : invocation.values("--set")) options.insert(options.end(), {"--set", assignment});
  int exit_code = kExitGood;
  json::array results;
  for (const auto& [daemon, program] : programs_for(invocation, exit_code)) {
    const CheckResult result = check_daemon(program, daemon, options);
    exit_code = std::max(exit_code, result.exit_code);
    if (!invocation.has("--json")) {
      tell(result);
      continue;
    }
    results.push_back(json::object{{"daemon", result.daemon},
                                   {"good", result.exit_code == 0},
                                   {"errors", to_json(result.errors)},
                                   {"warnings", to_json(result.warnings)}});
  }
  if (invocation.has("--json")) print(json::serialize(results) + "\n");
  return exit_code;
}

}  // namespace noom::ctl
