// What SIGHUP takes over, what it refuses, and what it leaves for a restart.
#include "turn/reload.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace noom::turn {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr Wall kNow{std::chrono::seconds(1'900'000'000)};
constexpr std::string_view kRunning =
    "[listen]\nudp = [\"127.0.0.1:0\"]\ntcp = []\n"
    "[relay]\naddresses = [\"127.0.0.1\"]\n"
    "[auth]\nrealm = \"one\"\nusers = [\"ann:secret\"]\n";

class TurnReload : public testing::Test {
 protected:
  TurnReload() {
    EXPECT_THAT(table_.load_toml(kRunning, "f.toml"), IsEmpty());
    running_ = prepare(config_, table_, {}, kNow);
    EXPECT_THAT(running_.findings.errors, IsEmpty());
  }
  Reload reload(const std::string& toml) {
    return read_again(
        config_, table_, *running_.options.settings,
        [&](ops::ConfigTable& fresh) { return fresh.load_toml(toml, "f.toml"); }, {}, kNow);
  }
  static bool knows(const Settings& settings, std::string_view user) {
    return !settings.credentials->accounts(user, "one", auth::PasswordAlgorithm::kMd5, kNow).empty();
  }

  Config config_;
  ops::ConfigTable table_ = config_table(config_);
  Prepared running_;
};

TEST_F(TurnReload, TakesOverUsersSecretsPolicyAndLimits) {
  const Reload fresh = reload(
      "[listen]\nudp = [\"127.0.0.1:0\"]\ntcp = []\n"
      "[relay]\naddresses = [\"127.0.0.1\"]\nmobility = false\n"
      "[peers]\nallow = [\"10.0.0.0/8\"]\n"
      "[auth]\nrealm = \"one\"\nusers = [\"bob:secret\"]\nrest_secrets = [\"0123456789abcdef\"]\n"
      "[limits]\nallocations_per_user = 7\n");
  ASSERT_THAT(fresh.findings.errors, IsEmpty());
  EXPECT_THAT(fresh.restart_keys, IsEmpty());
  EXPECT_FALSE(knows(*fresh.settings, "ann"));
  EXPECT_TRUE(knows(*fresh.settings, "bob"));
  EXPECT_TRUE(knows(*fresh.settings, "1900000100:carol"));
  EXPECT_TRUE(fresh.settings->peer_policy->check(IpAddress::v4(10, 1, 2, 3)).allowed);
  EXPECT_EQ(fresh.settings->allocations_per_user_max, 7u);
  EXPECT_FALSE(fresh.settings->mobility);
}

TEST_F(TurnReload, NamesTheKeysThatOnlyARestartTakesOverAndKeepsWhatTheyWere) {
  const Reload fresh = reload(
      "shards = 3\n[listen]\nudp = [\"127.0.0.1:0\", \"[::1]:0\"]\ntcp = []\n"
      "[relay]\naddresses = [\"127.0.0.2\"]\nport_min = 60000\n"
      "[auth]\nrealm = \"two\"\nusers = [\"ann:secret\"]\n");
  ASSERT_THAT(fresh.findings.errors, IsEmpty());
  EXPECT_THAT(fresh.restart_keys,
              ElementsAre("shards", "listen.udp", "relay.addresses", "relay.port_min", "auth.realm"));
  EXPECT_EQ(fresh.settings->realm, "one");
  EXPECT_EQ(fresh.settings->shard_count, running_.options.settings->shard_count);
  EXPECT_EQ(fresh.settings->port_min, running_.options.settings->port_min);
  EXPECT_EQ(fresh.settings->relay_addresses.front().local, IpAddress::v4(127, 0, 0, 1));
}

TEST_F(TurnReload, IsRefusedAsAWholeWhenAnythingIsWrong) {
  const Reload unparsable = reload("[auth]\nusers = [\"bob:secret\"]\ncolour = 1\n");
  EXPECT_THAT(unparsable.findings.errors, ElementsAre(HasSubstr("auth.colour")));
  EXPECT_EQ(unparsable.settings, nullptr);
  const Reload unreadable = reload("[auth]\nusers = [\"bob:secret\"]\nuser_file = \"/nonexistent\"\n");
  EXPECT_THAT(unreadable.findings.errors, ElementsAre(HasSubstr("auth.user_file")));
  EXPECT_EQ(unreadable.settings, nullptr);
}

}  // namespace
}  // namespace noom::turn
