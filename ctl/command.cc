#include "ctl/command.h"

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <sstream>

#include "common/ops/daemon.h"
#include "common/ops/spelling.h"

namespace noom::ctl {
namespace {

Parsed say(int exit_code, std::string text) {
  Parsed parsed;
  parsed.exit_code = exit_code;
  parsed.text = std::move(text);
  return parsed;
}
Parsed misused(const std::string& problem) {
  return say(kExitUsage, problem);
}

const Command* find(const std::vector<Command>& commands, std::string_view name) {
  for (const Command& command : commands)
    if (command.name == name) return &command;
  return nullptr;
}
const Option* find(const Command& command, std::string_view name) {
  for (const Option& option : command.options)
    if (option.name == name) return &option;
  return nullptr;
}

std::string meant(std::string_view word, const std::vector<std::string>& candidates, const std::string& otherwise) {
  const auto guess = ops::nearest(word, candidates);
  return guess ? "; did you mean " + *guess + "?" : "; " + otherwise;
}
std::vector<std::string> names_of(const std::vector<Command>& commands) {
  std::vector<std::string> names;
  for (const Command& command : commands) names.emplace_back(command.name);
  return names;
}
std::vector<std::string> options_of(const Command& command) {
  std::vector<std::string> names = {"--help"};
  for (const Option& option : command.options) names.emplace_back(option.name);
  return names;
}
std::string synopsis(const Command& command) {
  std::string text = std::string(command.name);
  if (!command.usage.empty()) text += " " + std::string(command.usage);
  return text;
}

Parsed parse_arguments(const Command& command, const std::vector<std::string>& words) {
  const std::string see = "see noom-ctl " + std::string(command.name) + " --help";
  Parsed parsed;
  parsed.command = &command;
  for (size_t i = 1; i < words.size(); ++i) {
    const std::string& word = words[i];
    if (!word.starts_with("-") || word == "-") {
      parsed.invocation.arguments.push_back(word);
      continue;
    }
    if (word == "--help" || word == "-h") return say(kExitGood, help_text(command));
    const size_t equals = word.starts_with("--") ? word.find('=') : std::string::npos;
    const std::string name = word.substr(0, equals);
    const Option* option = find(command, name);
    if (option == nullptr) {
      return misused("noom-ctl " + std::string(command.name) + " has no option " + name +
                     meant(name, options_of(command), see));
    }
    if (option->value.empty()) {
      if (equals != std::string::npos) return misused(name + " takes no value; " + see);
      parsed.invocation.add(name, "");
    } else if (equals != std::string::npos) {
      parsed.invocation.add(name, word.substr(equals + 1));
    } else if (++i < words.size()) {
      parsed.invocation.add(name, words[i]);
    } else {
      return misused(name + " needs a value, " + std::string(option->value) + "; " + see);
    }
  }
  const size_t given = parsed.invocation.arguments.size();
  if (given < command.arguments_min || given > command.arguments_max) {
    return misused("noom-ctl " + std::string(command.name) + " takes " +
                   (command.usage.empty() ? "no argument" : std::string(command.usage)) + "; " + see);
  }
  return parsed;
}

}  // namespace

std::optional<std::string> Invocation::value(std::string_view option) const {
  const auto found = options_.find(option);
  return found == options_.end() ? std::nullopt : std::optional(found->second.back());
}

std::vector<std::string> Invocation::values(std::string_view option) const {
  const auto found = options_.find(option);
  return found == options_.end() ? std::vector<std::string>() : found->second;
}

std::optional<int64_t> Invocation::number(std::string_view option, int64_t fallback, int64_t min, int64_t max) const {
  const auto text = value(option);
  if (!text) return fallback;
  int64_t number = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), number);
  if (error == std::errc() && end == text->data() + text->size() && number >= min && number <= max) return number;
  complain(kExitUsage, std::string(option) + " is \"" + *text + "\"; give a whole number from " + std::to_string(min) +
                           " to " + std::to_string(max));
  return std::nullopt;
}

Parsed parse(const std::vector<Command>& commands, const std::vector<std::string>& words) {
  if (words.empty()) return misused("say what to do; noom-ctl --help lists what there is");
  const std::string& first = words.front();
  if (first == "--help" || first == "-h" || first == "help") {
    const Command* about = words.size() > 1 ? find(commands, words[1]) : nullptr;
    return say(kExitGood, about != nullptr ? help_text(*about) : help_text(commands));
  }
  if (first == "--version") return say(kExitGood, "noom-ctl " + std::string(ops::version()) + "\n");
  const Command* command = find(commands, first);
  if (command == nullptr)
    return misused("there is no noom-ctl " + first +
                   meant(first, names_of(commands), "noom-ctl --help lists what there is"));
  return parse_arguments(*command, words);
}

std::string help_text(const std::vector<Command>& commands) {
  std::ostringstream out;
  out << "noom-ctl: asks and orders the daemons of Noom, and finds out why a call fails\n\n"
      << "usage: noom-ctl COMMAND [OPTION]… [ARGUMENT]…\n\n";
  size_t width = 0;
  for (const Command& command : commands) width = std::max(width, command.name.size());
  for (const Command& command : commands) {
    out << "  " << command.name << std::string(width + 2 - command.name.size(), ' ') << command.summary << "\n";
  }
  out << "\n  noom-ctl COMMAND --help   its arguments and options\n"
      << "  noom-ctl --version        the version\n\n"
      << "exit codes: 0 good, 1 something is wrong or was refused, 64 wrong usage, 69 a daemon does not answer, 78 bad "
         "configuration\n";
  return out.str();
}

std::string help_text(const Command& command) {
  std::ostringstream out;
  out << "noom-ctl " << command.name << ": " << command.summary << "\n\n"
      << "usage: noom-ctl " << synopsis(command) << (command.options.empty() ? "" : " [OPTION]…") << "\n";
  if (!command.options.empty()) out << "\n";
  for (const Option& option : command.options) {
    const std::string form = std::string(option.name) + (option.value.empty() ? "" : " " + std::string(option.value));
    out << "  " << form << std::string(form.size() < 24 ? 24 - form.size() : 1, ' ') << " " << option.help << "\n";
  }
  if (!command.details.empty()) out << "\n" << command.details << "\n";
  return out.str();
}

std::vector<std::string> completions(const std::vector<Command>& commands, const std::vector<std::string>& words) {
  const std::string last = words.empty() ? "" : words.back();
  std::vector<std::string> candidates;
  if (words.size() <= 1) {
    candidates = names_of(commands);
    candidates.insert(candidates.end(), {"--help", "--version"});
  } else if (const Command* command = find(commands, words.front())) {
    const Option* before = words.size() > 2 ? find(*command, words[words.size() - 2]) : nullptr;
    if (before != nullptr && !before->value.empty()) return {};  // a value: files, which the shell knows
    candidates = options_of(*command);
    if (!last.starts_with("-")) candidates.assign(command->words.begin(), command->words.end());
  }
  std::erase_if(candidates, [&](const std::string& candidate) { return !candidate.starts_with(last); });
  return candidates;
}

int complain(int exit_code, std::string_view line) {
  std::fprintf(stderr, "noom-ctl: %.*s\n", static_cast<int>(line.size()), line.data());
  return exit_code;
}

void print(std::string_view text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fflush(stdout);
}

}  // namespace noom::ctl
