#include "ctl/command.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ctl/commands.h"

namespace noom::ctl {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::vector<Command> table() {
  return {{.name = "greet",
           .usage = "NAME [NAME]",
           .summary = "say hello",
           .arguments_min = 1,
           .arguments_max = 2,
           .words = {"alice", "bob"},
           .options = {{"--loud", "", "with a voice"}, {"--times", "N", "how often"}},
           .run = [](const Invocation&) { return 0; }},
          {.name = "leave", .usage = "", .summary = "go", .run = [](const Invocation&) { return 0; }}};
}

TEST(Command, OptionsAndArgumentsMayBeMixed) {
  const auto commands = table();
  const Parsed parsed = parse(commands, {"greet", "alice", "--times=3", "bob", "--loud", "--times", "4"});
  ASSERT_NE(nullptr, parsed.command);
  EXPECT_EQ("greet", parsed.command->name);
  EXPECT_THAT(parsed.invocation.arguments, ElementsAre("alice", "bob"));
  EXPECT_TRUE(parsed.invocation.has("--loud"));
  EXPECT_EQ("4", parsed.invocation.value("--times"));
  EXPECT_THAT(parsed.invocation.values("--times"), ElementsAre("3", "4"));
  EXPECT_EQ(4, parsed.invocation.number("--times", 1, 0, 10));
  EXPECT_EQ(std::nullopt, parsed.invocation.number("--times", 1, 0, 3));
}

TEST(Command, EachMistakeIsUsageAndSaysWhatWasMeant) {
  const auto commands = table();
  const std::vector<std::pair<std::vector<std::string>, std::string>> mistakes = {
      {{}, "--help"},
      {{"gret"}, "did you mean greet?"},
      {{"dance"}, "--help lists"},
      {{"greet"}, "NAME [NAME]"},
      {{"greet", "a", "b", "c"}, "NAME [NAME]"},
      {{"greet", "a", "--lout"}, "did you mean --loud?"},
      {{"greet", "a", "--loud=yes"}, "takes no value"},
      {{"greet", "a", "--times"}, "needs a value, N"},
      {{"leave", "now"}, "takes no argument"},
  };
  for (const auto& [words, remedy] : mistakes) {
    const Parsed parsed = parse(commands, words);
    EXPECT_EQ(nullptr, parsed.command);
    EXPECT_EQ(kExitUsage, parsed.exit_code);
    EXPECT_THAT(parsed.text, HasSubstr(remedy));
    EXPECT_THAT(parsed.text, HasSubstr(" "));
  }
}

TEST(Command, HelpIsAskedForInThreeWays) {
  const auto commands = table();
  for (const std::vector<std::string>& words :
       {std::vector<std::string>{"help", "greet"}, {"greet", "--help"}, {"greet", "alice", "-h"}}) {
    const Parsed parsed = parse(commands, words);
    EXPECT_EQ(nullptr, parsed.command);
    EXPECT_EQ(kExitGood, parsed.exit_code);
    EXPECT_EQ(help_text(commands.front()), parsed.text);
  }
}

TEST(Command, CompletionOffersCommandsThenWordsThenOptionsAndLeavesValuesToTheShell) {
  const auto commands = table();
  EXPECT_THAT(completions(commands, {"gr"}), ElementsAre("greet"));
  EXPECT_THAT(completions(commands, {"greet", ""}), ElementsAre("alice", "bob"));
  EXPECT_THAT(completions(commands, {"greet", "--"}), ElementsAre("--help", "--loud", "--times"));
  EXPECT_THAT(completions(commands, {"greet", "--times", ""}), ElementsAre());
  EXPECT_THAT(completions(commands, {"unknown", ""}), ElementsAre());
}

TEST(Command, EveryRowHasWhatHelpAndTheManualPageNeed) {
  for (const Command& command : all_commands()) {
    EXPECT_NE(nullptr, command.run) << command.name;
    EXPECT_FALSE(command.summary.empty()) << command.name;
    EXPECT_FALSE(command.summary.ends_with('.')) << command.name;
    EXPECT_LE(command.arguments_min, command.arguments_max) << command.name;
    EXPECT_EQ(command.arguments_max == 0, command.usage.empty()) << command.name;
    for (const Option& option : command.options) EXPECT_TRUE(option.name.starts_with("--")) << option.name;
  }
}

}  // namespace
}  // namespace noom::ctl
