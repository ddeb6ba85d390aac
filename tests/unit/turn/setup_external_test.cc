// External addresses in noom-turn's configuration: pairs, names and STUN servers, and those of single listeners.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "turn/setup.h"

namespace noom::turn {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const IpAddress kV4 = IpAddress::v4(192, 0, 2, 7);
const IpAddress kV6 = *IpAddress::parse("2001:db8::7");
const IpAddress kPublic = IpAddress::v4(203, 0, 113, 7);

class SetupExternal : public testing::Test {
 protected:
  Prepared set_up(const std::string& relay) {
    const std::string toml =
        "[listen]\nudp = [\"127.0.0.1:1\", \"127.0.0.1:2\"]\ntcp = []\n[auth]\nusers = [\"ann:secret\"]\n"
        "[relay]\naddresses = [\"192.0.2.7\", \"2001:db8::7\"]\n" +
        relay;
    EXPECT_THAT(table_.load_toml(toml, "f.toml"), IsEmpty());
    return prepare(config_, table_, {}, Wall(std::chrono::seconds(1'900'000'000)));
  }
  static auto is_relay(const IpAddress& local, const IpAddress& external) {
    return testing::AllOf(testing::Field(&RelayAddress::local, local),
                          testing::Field(&RelayAddress::external, external));
  }

  Config config_;
  ops::ConfigTable table_ = config_table(config_);
};

TEST_F(SetupExternal, PairsKeepTheOrderOfBothFamilies) {
  const Prepared prepared = set_up("external_addresses = [\"203.0.113.7\", \"2001:db8::7\"]\n");
  EXPECT_THAT(prepared.findings.errors, IsEmpty());
  EXPECT_THAT(prepared.options.settings->relay_addresses, ElementsAre(is_relay(kV4, kPublic), is_relay(kV6, kV6)));
  EXPECT_THAT(prepared.external_uses, IsEmpty());
  EXPECT_FALSE(prepared.options.settings->peer_policy->check(kPublic).allowed) << "this host's own";
}

TEST_F(SetupExternal, WhatIsLookedUpIsUnknownUntilItIsAnswered) {
  const Prepared prepared = set_up("external_addresses = [\"relay.example.org\", \"stun://192.0.2.99\"]\n");
  EXPECT_THAT(prepared.findings.errors, IsEmpty());
  for (const RelayAddress& relay : prepared.options.settings->relay_addresses) EXPECT_FALSE(relay.is_known());
  ASSERT_EQ(prepared.external_uses.size(), 2u);
  EXPECT_EQ(prepared.external_uses[0].question.local, kV4);
  EXPECT_EQ(prepared.external_uses[1].question.source.to_string(), "stun://192.0.2.99:3478");
  const auto settings = with_answers(*prepared.options.settings, prepared.external_uses,
                                     {{prepared.external_uses[0].question, kPublic}}, nullptr, {});
  EXPECT_EQ(settings->relay_addresses[0].external, kPublic);
  EXPECT_FALSE(settings->relay_addresses[1].is_known());
}

TEST_F(SetupExternal, AListenerMayHaveRelaysOfItsOwn) {
  const Prepared prepared = set_up(
      "external_addresses = [\"relay.example.org\", \"2001:db8::7\"]\n"
      "listener_addresses = [\"udp://127.0.0.1:2=192.0.2.7 203.0.113.7\", \"udp://127.0.0.1:2=2001:db8::7\", "
      "\"udp://127.0.0.1:1=192.0.2.7\"]\n");
  EXPECT_THAT(prepared.findings.errors, IsEmpty());
  const Settings& settings = *prepared.options.settings;
  ASSERT_EQ(settings.listener_relays.size(), 2u);
  EXPECT_THAT(settings.listener_relays[1], ElementsAre(is_relay(kV4, kPublic), is_relay(kV6, kV6)));
  // What is everybody's is looked up for the listener too.
  ASSERT_EQ(prepared.external_uses.size(), 2u);
  EXPECT_EQ(prepared.external_uses[1].listener, 0u);
  const auto answered =
      with_answers(settings, prepared.external_uses,
                   {{prepared.external_uses[0].question, IpAddress::v4(203, 0, 113, 9)}}, nullptr, {});
  EXPECT_EQ(answered->listener_relays[0][0].external, IpAddress::v4(203, 0, 113, 9));
  EXPECT_EQ(answered->listener_relays[1][0].external, kPublic);
  EXPECT_EQ(answered->other_externals.size(), 1u);
}

TEST_F(SetupExternal, MistakesAreNamed) {
  EXPECT_THAT(set_up("external_addresses = [\"203.0.113.7\"]\n").findings.errors,
              ElementsAre(HasSubstr("relay.external_addresses: has 1 addresses for 2 relay addresses")));
}

TEST_F(SetupExternal, FamiliesMustAgree) {
  EXPECT_THAT(set_up("external_addresses = [\"2001:db8::7\", \"2001:db8::7\"]\n").findings.errors,
              ElementsAre(HasSubstr("is of another family than 192.0.2.7")));
}

TEST_F(SetupExternal, NobodyCanReachAnUnspecifiedAddress) {
  EXPECT_THAT(set_up("external_addresses = [\"0.0.0.0\", \"2001:db8::7\"]\n").findings.errors,
              ElementsAre(HasSubstr("0.0.0.0 is no address to reach")));
}

TEST_F(SetupExternal, ListenersAndTheirAddressesMustExist) {
  EXPECT_THAT(set_up("listener_addresses = [\"tcp://127.0.0.1:2=192.0.2.7\", \"udp://127.0.0.1:2=192.0.2.8\", "
                     "\"udp://127.0.0.1:2=192.0.2.7 ?\"]\n")
                  .findings.errors,
              ElementsAre(HasSubstr("names no listener"), HasSubstr("has no address of relay.addresses"),
                          HasSubstr("external address that cannot be understood")));
}

}  // namespace
}  // namespace noom::turn
