// Other programs of the suite, run to their end: what a daemon says of its configuration is asked of the daemon itself.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace noom::ctl {

struct ProgramResult {
  int exit_code = -1;  // 128 + signal when it was killed
  std::string output;
  std::string errors;
};

// Beside noom-ctl itself, else in $PATH; nullopt: it is not installed.
std::optional<std::string> find_program(std::string_view name);
// Runs it with standard input empty. nullopt: it could not be started.
std::optional<ProgramResult> run_program(const std::string& path, const std::vector<std::string>& arguments);

std::vector<std::string> lines_of(std::string_view text);  // without empty ones

}  // namespace noom::ctl
