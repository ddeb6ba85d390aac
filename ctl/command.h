// What noom-ctl can be told: one row of the table gives a subcommand's parsing, its errors, its help and its
// completion.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace noom::ctl {

// What the shell sees. The first three are those of the daemons.
constexpr int kExitGood = 0;
constexpr int kExitFailed = 1;        // done, and something is wrong or was refused
constexpr int kExitUsage = 64;        // EX_USAGE
constexpr int kExitUnavailable = 69;  // EX_UNAVAILABLE: the daemon does not answer
constexpr int kExitConfig = 78;       // EX_CONFIG: a configuration does not hold

struct Option {
  std::string_view name;   // "--json"
  std::string_view value;  // what --help calls its value; empty: it has none
  std::string_view help;
};

// A subcommand as it was called.
class Invocation {
 public:
  std::vector<std::string> arguments;

  bool has(std::string_view option) const { return options_.find(option) != options_.end(); }
  // The last one counts.
  std::optional<std::string> value(std::string_view option) const;
  std::vector<std::string> values(std::string_view option) const;
  // A whole number; nullopt and a complaint when it is none, or outside of it.
  std::optional<int64_t> number(std::string_view option, int64_t fallback, int64_t min, int64_t max) const;
  void add(std::string_view option, std::string value) { options_[std::string(option)].push_back(std::move(value)); }

 private:
  std::map<std::string, std::vector<std::string>, std::less<>> options_;
};

struct Command {
  std::string_view name;
  std::string_view usage;  // of its arguments: "[stun|turn|signal]…"
  std::string_view summary;
  size_t arguments_min = 0;
  size_t arguments_max = 0;
  std::vector<std::string_view> words = {};  // that an argument may be, for completion
  std::vector<Option> options = {};
  std::string_view details = {};  // further sentences of its help
  int (*run)(const Invocation&) = nullptr;
};

// What a command line means: a command with what it was given, or a text to print.
struct Parsed {
  const Command* command = nullptr;  // null: print `text` and exit with `exit_code`
  Invocation invocation = {};
  int exit_code = kExitGood;
  std::string text = {};  // a complaint in one line, or help
};
Parsed parse(const std::vector<Command>& commands, const std::vector<std::string>& words);

std::string help_text(const std::vector<Command>& commands);
std::string help_text(const Command& command);
// What may stand in place of the last of `words`, each with what a shell needs: for deploy/bash-completion/noom-ctl.
std::vector<std::string> completions(const std::vector<Command>& commands, const std::vector<std::string>& words);

// One line on standard error, "noom-ctl: …"; returns the exit code.
int complain(int exit_code, std::string_view line);
void print(std::string_view text);  // to standard output

}  // namespace noom::ctl
