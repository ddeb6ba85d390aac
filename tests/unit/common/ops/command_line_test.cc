#include "common/ops/command_line.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace noom::ops {
namespace {

using Action = CommandLine::Action;
using testing::ElementsAre;
using testing::HasSubstr;

TEST(CommandLineTest, NoArgumentsRun) {
  EXPECT_EQ(parse_command_line({}).action, Action::kRun);
}

TEST(CommandLineTest, ValuesMayFollowOrBeJoined) {
  const CommandLine line =
      parse_command_line({"--config", "a.toml", "--set=b.c=d=e", "--set", "f=g", "--check-config"});
  EXPECT_EQ(line.action, Action::kCheckConfig);
  EXPECT_EQ(line.config_file, "a.toml");
  EXPECT_THAT(line.overrides, ElementsAre("b.c=d=e", "f=g"));
}

TEST(CommandLineTest, UnknownOptionSuggestsTheNearest) {
  const CommandLine line = parse_command_line({"--chekc-config"});
  EXPECT_EQ(line.action, Action::kWrongUsage);
  EXPECT_EQ(line.problem, "unknown option --chekc-config; did you mean --check-config?");
  EXPECT_EQ(parse_command_line({"--quantum=1"}).problem, "unknown option --quantum; --help lists the options");
}

TEST(CommandLineTest, MissingValuesAndStrayArgumentsAreWrongUsage) {
  EXPECT_EQ(parse_command_line({"--config"}).problem, "--config needs a value; see --help");
  EXPECT_EQ(parse_command_line({"--set="}).problem, "--set needs a value; see --help");
  EXPECT_EQ(parse_command_line({"noom.toml"}).problem,
            "unexpected argument noom.toml; options begin with --, see --help");
}

TEST(CommandLineTest, HelpAndVersionWinOverOtherActions) {
  EXPECT_EQ(parse_command_line({"--help", "--check-config"}).action, Action::kHelp);
  EXPECT_EQ(parse_command_line({"--print-config", "--version"}).action, Action::kVersion);
}

TEST(CommandLineTest, HelpListsEveryKeyWithItsDefault) {
  uint32_t shards = 3;
  ConfigTable table;
  table.integer("shards", &shards, {}, "Threads.");
  const std::string help = help_text("noom-x", "does x", table);
  EXPECT_THAT(help, HasSubstr("noom-x: does x\n"));
  EXPECT_THAT(help, HasSubstr("  shards = 3\n      Threads.\n"));
}

}  // namespace
}  // namespace noom::ops
