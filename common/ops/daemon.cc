#include "common/ops/daemon.h"

#include <unistd.h>

#include <cstdio>
#include <string>

#include "common/ops/command_line.h"
#include "common/ops/daemon_life.h"

namespace noom::ops {
namespace {

void print(const std::string& text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fflush(stdout);
}

int complain_all(std::string_view daemon, const std::vector<std::string>& errors) {
  for (const std::string& error : errors) complain(daemon, error);
  return kExitConfig;
}

// The file, then --set, which wins.
std::vector<std::string> load(std::string_view daemon, ConfigTable& table, const CommandLine& line) {
  std::vector<std::string> errors;
  const auto add = [&errors](std::vector<std::string> more) {
    errors.insert(errors.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
  };
  const std::string default_file = "/etc/noom/" + std::string(daemon) + ".toml";
  if (!line.config_file.empty()) {
    add(table.load_file(line.config_file));
  } else if (::access(default_file.c_str(), F_OK) == 0) {
    add(table.load_file(default_file));
  }
  for (const std::string& assignment : line.overrides) add(table.set(assignment));
  return errors;
}

}  // namespace

std::string_view version() {
  return NOOM_VERSION;
}

std::vector<std::string> load_configuration(int argc, char** argv, std::string_view daemon, ConfigTable& table) {
  return load(daemon, table, parse_command_line(std::vector<std::string>(argv + 1, argv + argc)));
}

int run_daemon(int argc, char** argv, const DaemonSpec& spec) {
  const CommandLine line = parse_command_line(std::vector<std::string>(argv + 1, argv + argc));
  const std::string title = std::string(spec.name) + " " + std::string(version());
  switch (line.action) {
    case CommandLine::Action::kWrongUsage:
      complain(spec.name, line.problem);
      return kExitUsage;
    case CommandLine::Action::kHelp:
      print(help_text(spec.name, spec.summary, *spec.table));
      return 0;
    case CommandLine::Action::kVersion:
      print(title + "\n");
      return 0;
    default:
      break;
  }
  if (const auto errors = load(spec.name, *spec.table, line); !errors.empty()) return complain_all(spec.name, errors);
  if (line.action == CommandLine::Action::kPrintConfig) {
    print(spec.table->print(title +
                            ": every key. What starts with # and no blank is a default; remove the # to change it."));
    return 0;
  }
  const Findings findings = spec.check ? spec.check() : Findings();
  if (!findings.errors.empty()) return complain_all(spec.name, findings.errors);
  if (line.action == CommandLine::Action::kCheckConfig) {
    for (const std::string& warning : findings.warnings) complain(spec.name, "warning: " + warning);
    print("configuration ok\n");
    return 0;
  }
  return live(spec, findings.warnings);
}

}  // namespace noom::ops
