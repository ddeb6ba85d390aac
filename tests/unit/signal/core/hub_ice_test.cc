// ICE servers by script: minted at a join, renewed, asked for, and replaced when a relay goes away.
// docs/protocol/noom-v1.md.
#include "common/auth/credentials.h"
#include "tests/unit/signal/core/resuming_client.h"

namespace noom::signal {
namespace {

using std::chrono::hours;
using std::chrono::seconds;

constexpr std::string_view kHello = R"({"type":"hello","protocol":"noom.v1"})";

Settings settings_with_ttl(Duration ttl = seconds(600)) {
  Settings settings;
  settings.turn_secret = Secret("shared");
  settings.ice_urls = {"stun:{host}:3478", "turn:{host}:3478?transport=udp"};
  settings.turn_ttl = ttl;
  settings.ping_interval = hours(10);
  settings.resume_key = Secret(std::string(32, 'k'));
  return settings;
}

std::string username_of(const Json& message) {
  const auto& servers = message.at("ice_servers").as_array();
  return std::string(servers.at(servers.size() - 1).at("username").as_string());
}

std::vector<std::string> relay_urls_of(const Json& message) {
  std::vector<std::string> urls;
  for (const Json& server : message.at("ice_servers").as_array()) {
    if (!server.as_object().contains("username")) continue;
    for (const Json& url : server.at("urls").as_array()) urls.emplace_back(url.as_string());
  }
  return urls;
}

void publish(HubScript& script, std::string node, bool draining = false) {
  Output output;
  script.hub().on_relay_status(script.now(),
                               {.node = node, .urls = {"turn:" + node}, .load = 0.1, .draining = draining}, output);
}

TEST(HubIce, JoiningMintsCredentialsThatTheRelayAccepts) {
  Settings settings;
  settings.turn_secret = Secret("shared");
  settings.ice_urls = {"stun:{host}:3478", "turn:{host}:3478?transport=udp", "turns:relay.example:5349"};
  HubScript script(std::move(settings));
  const SessionId session = script.open("192.0.2.1", "[2001:db8::1]");
  script.say(session, kHello);
  script.take(session);
  script.say(session, R"({"type":"join","room":"standup"})");
  const Json joined = script.take(session);
  EXPECT_EQ(joined.at("ice_ttl_s"), 3600);
  EXPECT_EQ(joined.at("ice_servers").at(0), json(R"({"urls":["stun:[2001:db8::1]:3478"]})"));
  const Json& turn = joined.at("ice_servers").at(1);
  EXPECT_EQ(turn.at("urls"), json(R"(["turn:[2001:db8::1]:3478?transport=udp","turns:relay.example:5349"])"));
  const std::string username(turn.at("username").as_string());
  EXPECT_TRUE(username.starts_with(std::to_string(1'800'000'000 + 3600) + ":r_")) << username;
  EXPECT_TRUE(username.ends_with("." + std::string(joined.at("peer").as_string())));
  EXPECT_EQ(username.find("standup"), std::string::npos);

  const Wall expires = script.now().wall + std::chrono::hours(1);
  const auto minted = auth::mint_rest_credentials(Secret("shared"), username.substr(username.find(':') + 1), expires);
  EXPECT_EQ(turn.at("credential").as_string(), minted.password);
}

TEST(HubIce, WithoutASecretOnlyStunServersAreHandedOut) {
  Settings settings;
  settings.ice_urls = {"turn:{host}:3478", "stun:{host}:3478"};
  HubScript script(std::move(settings));
  Json joined;
  script.joined("r", "", &joined);
  EXPECT_EQ(joined.at("ice_servers"), json(R"([{"urls":["stun:noom.example:3478"]}])"));
  EXPECT_FALSE(joined.as_object().contains("ice_ttl_s"));
}

TEST(HubIce, EveryMemberGetsNewCredentialsAtTwoThirdsOfTheLifeOfThoseBefore) {
  HubScript script(settings_with_ttl());
  Json joined;
  const SessionId ann = script.joined("r", "Ann", &joined);
  std::string before = username_of(joined);
  for (int i = 0; i < 3; ++i) {
    script.advance(seconds(399));
    EXPECT_TRUE(script.quiet());
    script.advance(seconds(1));
    const Json renewed = script.take(ann);
    EXPECT_EQ(renewed.at("type"), "ice_servers");
    EXPECT_EQ(renewed.at("restart"), false);
    EXPECT_EQ(renewed.at("ice_ttl_s"), 600);
    EXPECT_EQ(std::stoll(username_of(renewed)), std::stoll(before) + 400);
    EXPECT_EQ(username_of(renewed).substr(10), before.substr(10)) << "the same room and peer";
    before = username_of(renewed);
  }
}

TEST(HubIce, WhoeverHasLeftGetsNone) {
  HubScript script(settings_with_ttl());
  const SessionId ann = script.joined("r");
  script.say(ann, R"({"type":"leave"})");
  script.take(ann);
  script.advance(hours(1));
  EXPECT_TRUE(script.quiet());
}

TEST(HubIce, WithoutCredentialsNothingEnds) {
  Settings settings = settings_with_ttl();
  settings.ice_urls = {"stun:{host}:3478"};
  HubScript script(std::move(settings));
  script.joined("r");
  script.advance(hours(5));
  EXPECT_TRUE(script.quiet());
}

TEST(HubIce, AMemberMayAskAndTheNextOnesComeLaterThen) {
  HubScript script(settings_with_ttl());
  const SessionId ann = script.joined("r");
  script.advance(seconds(300));
  script.say(ann, R"({"type":"ice_servers","id":5})");
  const Json answer = script.take(ann);
  EXPECT_EQ(answer.at("re"), 5);
  EXPECT_EQ(answer.at("type"), "ice_servers");
  script.advance(seconds(399));
  EXPECT_TRUE(script.quiet());
  script.advance(seconds(1));
  EXPECT_EQ(script.take(ann).at("type"), "ice_servers");
}

TEST(HubIce, OutsideOfARoomThereIsNothingToAskFor) {
  HubScript script(settings_with_ttl());
  const SessionId ann = script.greeted();
  script.say(ann, R"({"type":"ice_servers"})");
  EXPECT_EQ(script.take_error(ann), "not_joined");
}

TEST(HubIce, AskingTooOftenIsRefused) {
  HubScript script(settings_with_ttl());
  const SessionId ann = script.joined("r");
  int answered = 0;
  for (int i = 0; i < 20; ++i) {
    script.say(ann, R"({"type":"ice_servers"})");
    if (script.take(ann).at("type") == "ice_servers") ++answered;
  }
  EXPECT_EQ(answered, 9) << "the burst, less the join";
}

TEST(HubIce, WhoWasAwayWhenTheyWereDueGetsThemOnComingBackAlsoAfterARestart) {
  for (const bool restarts : {false, true}) {
    HubScript script(settings_with_ttl(seconds(60)));
    ResumingClient ann(script);
    ann.connect();
    ann.hear();
    ann.say(R"({"type":"join","room":"r"})");
    ann.speak();
    ann.hear();
    ann.lose();
    if (restarts) script.restart(seconds(30));
    script.advance(seconds(50));
    ann.heard.clear();
    ann.connect();
    ann.hear();
    EXPECT_EQ(ann.welcome().at("recovered"), true);
    script.advance({});
    ann.hear();
    ASSERT_FALSE(ann.heard.empty());
    EXPECT_EQ(ann.heard.back().at("type"), "ice_servers");
  }
}

TEST(HubIce, PublishedRelaysTakeThePlaceOfTheConfiguredOnesAndEachIsAnIceServer) {
  HubScript script(settings_with_ttl());
  for (const char* node : {"a", "b", "c"}) publish(script, node);
  Json joined;
  script.joined("r", "", &joined);
  ASSERT_EQ(joined.at("ice_servers").as_array().size(), 1 + IceRanking::kPicked);
  EXPECT_EQ(joined.at("ice_servers").at(0), json(R"({"urls":["stun:noom.example:3478"]})"));
  EXPECT_EQ(joined.at("ice_servers").at(1).at("credential"), joined.at("ice_servers").at(2).at("credential"));
}

TEST(HubIce, MembersOfARelayThatDrainsGetOthersAndAreToldToRestart) {
  HubScript script(settings_with_ttl());
  publish(script, "a");
  Json joined;
  const SessionId ann = script.joined("r", "Ann", &joined);
  EXPECT_EQ(relay_urls_of(joined), std::vector<std::string>{"turn:a"});
  publish(script, "b");
  const SessionId outside = script.greeted();
  publish(script, "a", true);
  script.advance(seconds(2));
  const Json moved = script.take(ann);
  EXPECT_EQ(moved.at("type"), "ice_servers");
  EXPECT_EQ(moved.at("restart"), true);
  EXPECT_EQ(relay_urls_of(moved), std::vector<std::string>{"turn:b"});
  EXPECT_EQ(script.take(outside), nullptr);
  publish(script, "a", true);
  script.advance(seconds(2));
  EXPECT_TRUE(script.quiet()) << "told once";
}

TEST(HubIce, ARelayThatFallsSilentIsLeftWhileOthersSpeak) {
  HubScript script(settings_with_ttl());
  publish(script, "a");
  const SessionId ann = script.joined("r");
  script.advance(IceRanking::kStaleAfter - seconds(1));
  publish(script, "b");
  script.advance(seconds(3));
  const Json moved = script.take(ann);
  EXPECT_EQ(moved.at("restart"), true);
  EXPECT_EQ(relay_urls_of(moved), std::vector<std::string>{"turn:b"});
}

TEST(HubIce, WhenAllFallSilentTheConfiguredRelaysServe) {
  HubScript script(settings_with_ttl());
  publish(script, "a");
  script.advance(IceRanking::kStaleAfter);
  Json joined;
  script.joined("r", "", &joined);
  EXPECT_EQ(relay_urls_of(joined), std::vector<std::string>{"turn:noom.example:3478?transport=udp"});
}

TEST(HubIce, WhereNothingIsConfiguredTheLastOnesHeardOfServe) {
  Settings settings = settings_with_ttl();
  settings.ice_urls.clear();
  HubScript script(std::move(settings));
  publish(script, "a");
  const SessionId ann = script.joined("r");
  script.advance(IceRanking::kStaleAfter + seconds(5));
  EXPECT_EQ(script.take(ann), nullptr) << "there is nothing better to move to";
  Json joined;
  script.joined("r", "", &joined);
  EXPECT_EQ(relay_urls_of(joined), std::vector<std::string>{"turn:a"});
}

}  // namespace
}  // namespace noom::signal
