// Configuration rows: every error an operator can make is one exact line; what is printed means the same configuration.
#include "common/ops/config_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

namespace noom::ops {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

enum class Mood { kGlad, kSad };

struct Sample {
  uint32_t shards = 2;
  std::vector<IpEndpoint> udp{{IpAddress::v4(127, 0, 0, 1), 3478}};
  std::string realm = "noom";
  std::vector<std::string> names;
  Mood mood = Mood::kGlad;
  bool loud = false;
  Duration lifetime = std::chrono::seconds(600);
  IpAddress relay;
  Secret key;
  std::vector<Secret> keys;
  uint16_t port = 49152;
};

ConfigTable table_of(Sample& sample) {
  ConfigTable table;
  table.integer("shards", &sample.shards, {.min = 0, .max = 256, .unit = "threads"}, "Threads.")
      .endpoints("listen.udp", &sample.udp, "Where.")
      .text("auth.realm", &sample.realm, "Realm.")
      .text_list("auth.names", &sample.names, "Names.")
      .secret("auth.key", &sample.key, "Key.")
      .secret_list("auth.keys", &sample.keys, "Keys.")
      .choice<Mood>("log.mood", &sample.mood, {{"glad", Mood::kGlad}, {"sad", Mood::kSad}}, "Mood.")
      .boolean("log.loud", &sample.loud, "Loud.")
      .seconds("limits.lifetime_s", &sample.lifetime, {.min = 1, .max = 3600}, "Lifetime.")
      .value("relay.address", &sample.relay, "\"192.0.2.1\"", "Relay.")
      .integer("relay.port", &sample.port, {.min = 1024}, "Port.");
  return table;
}

class ConfigTableTest : public testing::Test {
 protected:
  std::vector<std::string> load(std::string_view toml) { return table_.load_toml(toml, "f.toml"); }

  Sample sample_;
  ConfigTable table_ = table_of(sample_);
};

TEST_F(ConfigTableTest, EveryKindOfValueReachesItsField) {
  EXPECT_THAT(load(R"(
shards = 4
[listen]
udp = ["0.0.0.0:1", "[::]:2"]
[auth]
realm = "example.org"
names = ["a", "b"]
key = "k"
keys = ["k1", "k2"]
[log]
mood = "sad"
loud = true
[limits]
lifetime_s = 60
[relay]
address = "2001:db8::1"
port = 65535
)"),
              IsEmpty());
  EXPECT_EQ(sample_.shards, 4u);
  EXPECT_THAT(sample_.udp, ElementsAre(*IpEndpoint::parse("0.0.0.0:1"), *IpEndpoint::parse("[::]:2")));
  EXPECT_EQ(sample_.realm, "example.org");
  EXPECT_THAT(sample_.names, ElementsAre("a", "b"));
  EXPECT_EQ(sample_.key.reveal(), "k");
  ASSERT_EQ(sample_.keys.size(), 2u);
  EXPECT_EQ(sample_.keys[1].reveal(), "k2");
  EXPECT_EQ(sample_.mood, Mood::kSad);
  EXPECT_TRUE(sample_.loud);
  EXPECT_EQ(sample_.lifetime, std::chrono::seconds(60));
  EXPECT_EQ(sample_.relay.to_string(), "2001:db8::1");
  EXPECT_EQ(sample_.port, 65535);
}

TEST_F(ConfigTableTest, AnEmptyListReplacesTheDefault) {
  EXPECT_THAT(load("[listen]\nudp = []\n"), IsEmpty());
  EXPECT_THAT(sample_.udp, IsEmpty());
}

TEST_F(ConfigTableTest, AnEmptyFileAndEmptyTablesAreFine) {
  EXPECT_THAT(load(""), IsEmpty());
  EXPECT_THAT(load("[listen]\n[auth]\n"), IsEmpty());
}

TEST_F(ConfigTableTest, UnknownKeySuggestsTheNearest) {
  EXPECT_THAT(load("[listen]\nupd = []\n"),
              ElementsAre("f.toml:2: listen.upd: unknown key; did you mean \"listen.udp\"?"));
  EXPECT_THAT(load("\n[lisen]\nudp = []\n"),
              ElementsAre("f.toml:3: lisen.udp: unknown key; did you mean \"listen.udp\"?"));
}

TEST_F(ConfigTableTest, KeyOutsideItsTableSuggestsTheTable) {
  EXPECT_THAT(load("realm = \"x\"\n"), ElementsAre("f.toml:1: realm: unknown key; did you mean \"auth.realm\"?"));
}

TEST_F(ConfigTableTest, UnknownKeyWithNothingNearPointsToTheList) {
  EXPECT_THAT(load("[quantum]\nentanglement = 1\n"),
              ElementsAre("f.toml:2: quantum.entanglement: unknown key; --print-config lists all keys"));
  EXPECT_THAT(load("[quantum]\n"), ElementsAre("f.toml:1: quantum: unknown key; --print-config lists all keys"));
}

TEST_F(ConfigTableTest, TableUsedAsAKeyIsExplained) {
  EXPECT_THAT(load("listen = 3478\n"),
              ElementsAre("f.toml:1: listen: is a table, not a key; write [listen] and its keys below it, or --set "
                          "listen.udp=…"));
}

TEST_F(ConfigTableTest, WrongTypeSaysWantedAndGot) {
  EXPECT_THAT(
      load("shards = \"four\"\n"),
      ElementsAre("f.toml:1: shards: wanted an integer, 0 to 256 threads, got a string; write it as shards = 2"));
  EXPECT_THAT(
      load("[listen]\nudp = \"0.0.0.0:3478\"\n"),
      ElementsAre("f.toml:2: listen.udp: wanted a list of strings such as \"0.0.0.0:3478\" or \"[::]:3478\", got a "
                  "string; write it as udp = [\"0.0.0.0:3478\"]"));
  EXPECT_THAT(
      load("[listen]\nudp = [3478]\n"),
      ElementsAre("f.toml:2: listen.udp: wanted a list of strings such as \"0.0.0.0:3478\" or \"[::]:3478\", got a "
                  "list with an integer in it; write it as udp = [\"0.0.0.0:3478\"]"));
  EXPECT_THAT(load("[log]\nloud = \"yes\"\n"),
              ElementsAre("f.toml:2: log.loud: wanted true or false, got a string; write it as loud = true"));
  EXPECT_THAT(
      load("[limits]\nlifetime_s = 1.5\n"),
      ElementsAre("f.toml:2: limits.lifetime_s: wanted an integer, 1 to 3600 seconds, got a number with a fraction; "
                  "write it as lifetime_s = 600"));
}

TEST_F(ConfigTableTest, OutOfRangeSaysTheRange) {
  EXPECT_THAT(load("shards = 300\n"), ElementsAre("f.toml:1: shards: 300 is out of range; choose 0 to 256 threads"));
  EXPECT_THAT(load("shards = -1\n"), ElementsAre("f.toml:1: shards: -1 is out of range; choose 0 to 256 threads"));
  EXPECT_EQ(sample_.shards, 2u);
}

TEST_F(ConfigTableTest, OpenRangeEndsWhereTheFieldDoes) {
  EXPECT_THAT(load("[relay]\nport = 65536\n"),
              ElementsAre("f.toml:2: relay.port: 65536 is out of range; choose 1024 to 65535"));
}

TEST_F(ConfigTableTest, TextThatCannotBeUnderstoodComesWithAnExample) {
  EXPECT_THAT(load("[listen]\nudp = [\"localhost:3478\"]\n"),
              ElementsAre("f.toml:2: listen.udp: \"localhost:3478\" cannot be understood; write a value such as "
                          "\"0.0.0.0:3478\" or \"[::]:3478\""));
  EXPECT_THAT(
      load("[relay]\naddress = \"eth0\"\n"),
      ElementsAre("f.toml:2: relay.address: \"eth0\" cannot be understood; write a value such as \"192.0.2.1\""));
}

TEST_F(ConfigTableTest, UnknownChoiceListsTheWords) {
  EXPECT_THAT(load("[log]\nmood = \"bad\"\n"),
              ElementsAre("f.toml:2: log.mood: \"bad\" is not known here; choose one of \"glad\", \"sad\""));
}

TEST_F(ConfigTableTest, AllErrorsOfAFileAreReportedInTheOrderOfTheirLines) {
  EXPECT_THAT(
      load("shards = 300\n[zzz]\nq = 1\n[auth]\nrealm = 1\n"),
      ElementsAre(HasSubstr("f.toml:1: shards:"), HasSubstr("f.toml:3: zzz.q:"), HasSubstr("f.toml:5: auth.realm:")));
}

TEST_F(ConfigTableTest, SyntaxErrorNamesLineAndColumn) {
  EXPECT_THAT(load("shards = \n"),
              ElementsAre(testing::AllOf(testing::StartsWith("f.toml:1:1"), HasSubstr("not valid TOML: "),
                                         HasSubstr("; correct the line"))));
}

TEST_F(ConfigTableTest, DuplicateKeyIsAnErrorOfItsOwn) {
  EXPECT_THAT(load("[log]\nloud = true\nloud = false\n"),
              ElementsAre(testing::AllOf(testing::StartsWith("f.toml:3:"), HasSubstr("'loud'"),
                                         HasSubstr("; a key may stand only once: remove one of the two"))));
}

TEST_F(ConfigTableTest, UnreadableFileSaysWhy) {
  EXPECT_THAT(table_.load_file("/nonexistent/f.toml"),
              ElementsAre("/nonexistent/f.toml: cannot be read: No such file or directory; check the path and that the "
                          "daemon's user may read it"));
  EXPECT_THAT(table_.load_file("/"),
              ElementsAre("/: cannot be read: Is a directory; check the path and that the daemon's user may read it"));
}

TEST_F(ConfigTableTest, SecretsNeverAppearInErrors) {
  const auto errors = load("[auth]\nkey = 5\nkeys = \"hunter2\"\n");
  EXPECT_THAT(errors, ElementsAre("f.toml:2: auth.key: wanted a string, got an integer; write it as key = \"text\"",
                                  "f.toml:3: auth.keys: wanted a list of strings, got a string; write it as keys = "
                                  "[\"text\"]"));
}

TEST_F(ConfigTableTest, SetTakesBareTextListsAndToml) {
  EXPECT_THAT(table_.set("shards=7"), IsEmpty());
  EXPECT_THAT(table_.set("auth.realm=a realm = here"), IsEmpty());
  EXPECT_THAT(table_.set("listen.udp=127.0.0.1:0,[::1]:0"), IsEmpty());
  EXPECT_THAT(table_.set("auth.names=[\"x,y\", \"z\"]"), IsEmpty());
  EXPECT_THAT(table_.set("log.loud=true"), IsEmpty());
  EXPECT_EQ(sample_.shards, 7u);
  EXPECT_EQ(sample_.realm, "a realm = here");
  EXPECT_EQ(sample_.udp.size(), 2u);
  EXPECT_THAT(sample_.names, ElementsAre("x,y", "z"));
  EXPECT_TRUE(sample_.loud);
  EXPECT_THAT(table_.set("listen.udp="), IsEmpty());
  EXPECT_THAT(sample_.udp, IsEmpty());
}

TEST_F(ConfigTableTest, SetErrorsNameTheOption) {
  EXPECT_THAT(table_.set("shards=many"),
              ElementsAre("--set shards: wanted an integer, 0 to 256 threads, got a string; write it as shards = 2"));
  EXPECT_THAT(table_.set("shard=1"), ElementsAre("--set shard: unknown key; did you mean \"shards\"?"));
  EXPECT_THAT(table_.set("shards"), ElementsAre("--set \"shards\": has no key and value; write --set key=value"));
}

TEST_F(ConfigTableTest, SetCannotSmuggleFurtherKeysIn) {
  EXPECT_THAT(table_.set("shards=1\nauth.realm=\"x\""), ElementsAre(HasSubstr("--set shards: wanted an integer")));
  EXPECT_EQ(sample_.realm, "noom");
}

TEST_F(ConfigTableTest, LaterFaultsNameWhereTheValueCameFrom) {
  EXPECT_EQ(table_.fault("listen.udp", "port in use", "choose another"),
            "listen.udp (default): port in use; choose another");
  EXPECT_THAT(load("\n[listen]\nudp = [\"127.0.0.1:1\"]\n"), IsEmpty());
  EXPECT_EQ(table_.fault("listen.udp", "port in use", "choose another"),
            "f.toml:3: listen.udp: port in use; choose another");
  EXPECT_THAT(table_.set("listen.udp=127.0.0.1:2"), IsEmpty());
  EXPECT_EQ(table_.fault("listen.udp", "port in use; choose another"), "--set listen.udp: port in use; choose another");
}

TEST_F(ConfigTableTest, PrintedDefaultsAreCommentedOutAndUncommentedParseBackToThemselves) {
  const std::string printed = table_.print("sample");
  EXPECT_THAT(load(printed), IsEmpty());
  std::istringstream lines(printed);
  std::string uncommented;
  for (std::string line; std::getline(lines, line);)
    uncommented += (line.starts_with("#") && !line.starts_with("# ") ? line.substr(1) : line) + "\n";
  EXPECT_THAT(load(uncommented), IsEmpty()) << uncommented;
  EXPECT_EQ(table_.print("sample"), printed);
  for (const ConfigRow& row : table_.rows()) {
    EXPECT_THAT(printed, HasSubstr("# " + row.help + "\n"));
    EXPECT_THAT(printed, HasSubstr("\n#" + row.key.substr(row.key.find('.') + 1) + " = " + row.default_toml + "\n"));
  }
}

TEST_F(ConfigTableTest, PrintedChangesParseBackToTheSameConfiguration) {
  EXPECT_THAT(load("shards = 4\n[auth]\nrealm = \"a \\\"b\\\" \\u0001\"\nnames = [\"c\"]\n[log]\nmood = \"sad\"\n"),
              IsEmpty());
  const std::string printed = table_.print("sample");
  EXPECT_THAT(printed, HasSubstr("# Default: 2\nshards = 4\n"));
  Sample other;
  ConfigTable second = table_of(other);
  EXPECT_THAT(second.load_toml(printed, "p"), IsEmpty());
  EXPECT_EQ(other.shards, 4u);
  EXPECT_EQ(other.realm, "a \"b\" \x01");
  EXPECT_THAT(other.names, ElementsAre("c"));
  EXPECT_EQ(other.mood, Mood::kSad);
}

TEST_F(ConfigTableTest, SecretsAreNeverPrinted) {
  EXPECT_THAT(load("[auth]\nkey = \"hunter2\"\nkeys = [\"hunter2\"]\n"), IsEmpty());
  const std::string printed = table_.print("sample");
  EXPECT_THAT(printed, Not(HasSubstr("hunter2")));
  EXPECT_THAT(printed, HasSubstr("# key is set, and not shown.\n"));
  EXPECT_THAT(load(printed), IsEmpty());
}

}  // namespace
}  // namespace noom::ops
