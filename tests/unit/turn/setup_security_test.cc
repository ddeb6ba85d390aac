// What noom-turn's configuration says of realms, alternate servers and access tokens, and every way it can be wrong.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "turn/setup.h"

namespace noom::turn {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr Wall kNow{std::chrono::seconds(1'900'000'000)};
constexpr std::string_view kBase =
    "[listen]\nudp = [\"127.0.0.1:3478\"]\ntcp = [\"127.0.0.1:3478\"]\n[relay]\naddresses = [\"127.0.0.1\"]\n";

class TurnSecuritySetup : public testing::Test {
 protected:
  Prepared set_up(const std::string& relay, const std::string& auth) {
    EXPECT_THAT(table_.load_toml(std::string(kBase) + relay + "[auth]\n" + auth, "f.toml"), IsEmpty());
    return prepare(config_, table_, {}, kNow);
  }
  Config config_;
  ops::ConfigTable table_ = config_table(config_);
};

TEST_F(TurnSecuritySetup, AListenerMayHaveARealmOfItsOwn) {
  const Prepared prepared =
      set_up("", "users = [\"ann:secret\"]\nlistener_realms = [\"tcp://127.0.0.1:3478=example.org\"]\n");
  ASSERT_THAT(prepared.findings.errors, IsEmpty());
  EXPECT_THAT(prepared.options.settings->listener_realms, ElementsAre("", "example.org"));
  EXPECT_EQ(prepared.options.settings->credentials->user_of_hash(auth::userhash("ann", "example.org")), "ann");
}

TEST_F(TurnSecuritySetup, ARealmForNoListenerIsNamed) {
  const Prepared prepared = set_up("", "users = [\"ann:secret\"]\nlistener_realms = [\"udp://127.0.0.1:1=x\"]\n");
  EXPECT_THAT(prepared.findings.errors, ElementsAre(HasSubstr("auth.listener_realms: udp://127.0.0.1:1=x names no")));
}

TEST_F(TurnSecuritySetup, AlternateServersHaveAPortAndAThresholdHasServers) {
  EXPECT_THAT(set_up("alternate_servers = [\"192.0.2.1:0\"]\n", "users = [\"ann:secret\"]\n").findings.errors,
              ElementsAre(HasSubstr("relay.alternate_servers: 192.0.2.1:0 has no port")));
  EXPECT_THAT(set_up("alternate_servers = []\nalternate_above_allocations = 5\n", "").findings.errors,
              Contains(HasSubstr("relay.alternate_above_allocations")));
}

TEST_F(TurnSecuritySetup, AccessTokensNeedANameAndKeys) {
  const Prepared good =
      set_up("", "token_server_name = \"turn.example.org\"\ntoken_keys = [\"kid:MDEyMzQ1Njc4OWFiY2RlZg==\"]\n");
  ASSERT_THAT(good.findings.errors, IsEmpty());
  EXPECT_EQ(good.options.settings->token_keys->server_name(), "turn.example.org");
  EXPECT_TRUE(good.options.settings->token_keys->contains("kid"));
}

TEST_F(TurnSecuritySetup, AKeyThatIsNoneIsNamedButNotRepeated) {
  const Prepared bad = set_up("", "token_server_name = \"turn.example.org\"\ntoken_keys = [\"kid:c2hvcnQ=\", \"x\"]\n");
  EXPECT_THAT(bad.findings.errors,
              ElementsAre(HasSubstr("auth.token_keys: entry 1 is not"), HasSubstr("auth.token_keys: entry 2 is not")));
  EXPECT_THAT(set_up("", "token_server_name = \"\"\n").findings.errors, Contains(HasSubstr("auth.token_server_name")));
}

}  // namespace
}  // namespace noom::turn
