// noom-ctl: the operator's tool.
#include <signal.h>

#include "ctl/commands.h"

int main(int argc, char** argv) {
  ::signal(SIGPIPE, SIG_IGN);
  const std::vector<std::string> words(argv + 1, argv + argc);
  const std::vector<noom::ctl::Command> commands = noom::ctl::all_commands();
  if (!words.empty() && words.front() == "--complete") {
    for (const std::string& word : noom::ctl::completions(commands, {words.begin() + 1, words.end()}))
      noom::ctl::print(word + "\n");
    return 0;
  }
  const noom::ctl::Parsed parsed = noom::ctl::parse(commands, words);
  if (parsed.command != nullptr) return parsed.command->run(parsed.invocation);
  if (parsed.exit_code != 0) return noom::ctl::complain(parsed.exit_code, parsed.text);
  noom::ctl::print(parsed.text);
  return 0;
}
