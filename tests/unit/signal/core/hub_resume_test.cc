// Resuming by script: docs/protocol/noom-v1.md, "Resuming" and "Presence".
#include "tests/unit/signal/core/resuming_client.h"

namespace noom::signal {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;

class HubResume : public testing::Test {
 protected:
  explicit HubResume(Settings settings = {}) : script_(std::move(settings)) {}

  void join(ResumingClient& client, std::string_view room = "r") {
    client.connect();
    client.hear();
    client.say(R"({"type":"join","room":")" + std::string(room) + "\"}");
    client.speak();
    client.hear();
    ASSERT_EQ(client.heard.back().at("type"), "joined");
    client.heard.clear();
  }
  void join_both() {
    join(ann_);
    join(bo_);
    ann_.hear();
    ann_.heard.clear();
  }
  static std::vector<std::string> types(const ResumingClient& client) {
    std::vector<std::string> types;
    for (const Json& message : client.heard) types.emplace_back(message.at("type").as_string());
    return types;
  }
  static void come_back(ResumingClient& client) {
    client.connect();
    client.hear();
    client.speak();
    client.hear();
  }

  HubScript script_;
  ResumingClient ann_{script_};
  ResumingClient bo_{script_};
};

TEST_F(HubResume, AClientWithTheFeatureGetsATicketAndTheWindow) {
  ann_.connect();
  ann_.hear();
  EXPECT_FALSE(ann_.ticket().empty());
  EXPECT_EQ(ann_.welcome().at("resume_window_ms"), 120'000);
  EXPECT_FALSE(ann_.welcome().as_object().contains("recovered"));
  EXPECT_EQ(ann_.ticket().find("s_"), std::string::npos) << "tickets are opaque";
}

TEST_F(HubResume, WhatWasMissedIsReplayedInOrderAndOnlyThat) {
  join_both();
  bo_.say(R"({"type":"send","data":1})");
  bo_.speak();
  ann_.hear();
  bo_.hear();
  ann_.lose();
  for (int i = 2; i < 5; ++i) bo_.say(R"({"type":"send","data":)" + std::to_string(i) + "}");
  bo_.say(R"({"type":"send","to":")" + ann_.peer() + R"(","data":"for you"})");
  bo_.speak();
  ann_.heard.clear();
  come_back(ann_);
  EXPECT_EQ(ann_.welcome().at("recovered"), true);
  EXPECT_EQ(ann_.welcome().at("room"), "r");
  EXPECT_EQ(ann_.welcome().at("peer"), Json(ann_.peer()));
  ASSERT_EQ(types(ann_), (std::vector<std::string>{"message", "message", "message", "message"}));
  EXPECT_EQ(ann_.heard[0].at("data"), 2);
  EXPECT_EQ(ann_.heard[2].at("data"), 4);
  EXPECT_EQ(ann_.heard[3].at("data"), "for you");
}

TEST_F(HubResume, WhatTheServerNeverGotIsSentAgainAndWhatItGotIsNot) {
  join_both();
  ann_.say(R"({"type":"send","id":1,"data":"arrives"})");
  ann_.speak();
  ann_.say(R"({"type":"send","id":2,"data":"is lost"})");
  ann_.lose();
  ann_.heard.clear();
  come_back(ann_);
  bo_.hear();
  ASSERT_EQ(types(bo_), (std::vector<std::string>{"message", "message"}));
  EXPECT_EQ(bo_.heard[0].at("data"), "arrives");
  EXPECT_EQ(bo_.heard[1].at("data"), "is lost");
  ASSERT_EQ(types(ann_), (std::vector<std::string>{"ok", "ok"})) << "answers are replayed too";
  EXPECT_EQ(ann_.heard[0].at("re"), 1);
  EXPECT_EQ(ann_.heard[1].at("re"), 2);
}

TEST_F(HubResume, WithinThreeSecondsTheRoomSeesNothing) {
  join_both();
  ann_.lose();
  script_.advance(milliseconds(2'999));
  come_back(ann_);
  bo_.hear();
  EXPECT_TRUE(bo_.heard.empty());
  EXPECT_TRUE(ann_.heard.empty());
}

TEST_F(HubResume, AfterThreeSecondsTheRoomSeesAwayAndThenPresent) {
  join_both();
  ann_.lose();
  script_.advance(seconds(3));
  bo_.hear();
  ASSERT_EQ(types(bo_), std::vector<std::string>{"presence"});
  EXPECT_EQ(bo_.heard[0].at("state"), "away");
  EXPECT_EQ(bo_.heard[0].at("peer"), Json(ann_.peer()));
  EXPECT_EQ(bo_.heard[0].at("seq"), 3);
  bo_.say(R"({"type":"roster"})");
  bo_.speak();
  bo_.hear();
  EXPECT_EQ(bo_.heard.back().at("peers").at(0).at("presence"), "away");
  bo_.heard.clear();
  come_back(ann_);
  bo_.hear();
  ASSERT_EQ(types(bo_), std::vector<std::string>{"presence"});
  EXPECT_EQ(bo_.heard[0].at("state"), "present");
  EXPECT_EQ(types(ann_), (std::vector<std::string>{"presence", "presence"})) << "nobody's count has a gap";
}

TEST_F(HubResume, WhenTheWindowHasPassedTheRoomSeesPeerLeft) {
  join_both();
  ann_.lose();
  script_.advance(seconds(10));  // Bo answers no pings here: only away is of interest
  bo_.hear();
  bo_.heard.clear();
  for (int i = 0; i < 11; ++i) {
    script_.hub().on_pong(script_.now(), bo_.session());
    script_.advance(seconds(10));
  }
  bo_.hear();
  ASSERT_EQ(types(bo_), (std::vector<std::string>{"peer_left", "peer_updated"})) << "Bo inherits the room";
  EXPECT_EQ(bo_.heard[0].at("reason"), "closed");
  EXPECT_EQ(script_.hub().stats().expired.value(), 1u);
  EXPECT_EQ(script_.hub().stats().away.value(), 0u);
  come_back(ann_);
  EXPECT_EQ(ann_.welcome().at("recovered"), false);
  EXPECT_EQ(ann_.welcome().at("reason"), "session_unknown");
  EXPECT_FALSE(ann_.welcome().as_object().contains("room"));
}

TEST_F(HubResume, ByeAndLeaveAreAtOnce) {
  join_both();
  ann_.say(R"({"type":"bye"})");
  ann_.speak();
  bo_.hear();
  ASSERT_EQ(types(bo_), (std::vector<std::string>{"peer_left", "peer_updated"})) << "Bo inherits the room";
  EXPECT_EQ(bo_.heard[0].at("reason"), "left");
  ann_.forget_link();
  come_back(ann_);
  EXPECT_EQ(ann_.welcome().at("reason"), "session_unknown");
}

TEST_F(HubResume, AnOversizeMessageEndsTheSeatToo) {
  join_both();
  script_.feed([&](Output& output) { script_.hub().on_oversize(script_.now(), ann_.session(), output); });
  bo_.hear();
  EXPECT_EQ(types(bo_), (std::vector<std::string>{"peer_left", "peer_updated"})) << "Bo inherits the room";
  EXPECT_EQ(script_.hub().stats().away.value(), 0u);
}

TEST_F(HubResume, AConnectionThatIsStillThoughtAliveIsReplacedAndClosedWith4409) {
  join_both();
  const SessionId before = ann_.session();
  ann_.lose(false);
  come_back(ann_);
  EXPECT_EQ(ann_.welcome().at("recovered"), true);
  EXPECT_EQ(script_.close_code(before), 4409);
  script_.say(before, R"({"type":"send","data":"from the past"})");
  script_.closed(before);
  bo_.say(R"({"type":"send","data":"hi"})");
  bo_.speak();
  ann_.hear();
  EXPECT_EQ(types(ann_), std::vector<std::string>{"message"});
  EXPECT_EQ(script_.hub().stats().sessions.value(), 2u);
}

TEST_F(HubResume, ATicketIsGoodUntilTheNextOneIsKnownToHaveCome) {
  join_both();
  const std::string first = ann_.ticket();
  ann_.lose();
  ann_.connect();  // the welcome with the new ticket is lost
  ann_.lose();
  come_back(ann_);
  EXPECT_EQ(ann_.welcome().at("recovered"), true);
  EXPECT_NE(ann_.ticket(), first);
  ann_.ack();
  ann_.lose();
  ann_.use_ticket(first);
  come_back(ann_);
  EXPECT_EQ(ann_.welcome().at("recovered"), false);
  EXPECT_EQ(ann_.welcome().at("reason"), "ticket_used");
  bo_.hear();
  EXPECT_TRUE(bo_.heard.empty()) << "the session it was stolen from is untouched";
}

TEST_F(HubResume, AForgedOrOldTicketIsInvalidAndTheClientStartsAnew) {
  join_both();
  const std::string good = ann_.ticket();
  ann_.lose();
  std::string changed = good;
  changed[changed.size() / 2] = changed[changed.size() / 2] == 'A' ? 'B' : 'A';
  for (const std::string& ticket : {changed, std::string("nonsense"), std::string(600, 'A')}) {
    ResumingClient thief(script_);
    thief.use_ticket(ticket);
    come_back(thief);
    EXPECT_EQ(thief.welcome().at("recovered"), false);
    EXPECT_EQ(thief.welcome().at("reason"), "ticket_invalid");
  }
  EXPECT_EQ(script_.hub().stats().resumes[static_cast<size_t>(ResumeOutcome::kTicketInvalid)].value(), 3u);
  come_back(ann_);
  EXPECT_EQ(ann_.welcome().at("recovered"), true);
}

TEST_F(HubResume, ALongSessionGetsANewTicketBeforeItsOldOneIsTooOld) {
  join_both();
  const std::string first = ann_.ticket();
  for (int i = 0; i < 7 * 60 * 60 / 14; ++i) {
    script_.advance(seconds(14));
    for (ResumingClient* client : {&ann_, &bo_}) {
      script_.say(client->session(), R"({"type":"ping"})");
      client->hear();
    }
  }
  EXPECT_NE(ann_.ticket(), first);
}

TEST_F(HubResume, TheServersAcksBoundWhatAClientKeeps) {
  join_both();
  for (int i = 0; i < 16; ++i) {
    script_.say(ann_.session(), R"({"type":"send","data":0})");
  }
  size_t acks = 0;
  for (Json next = script_.take(ann_.session()); next.is_object(); next = script_.take(ann_.session())) {
    if (next.at("type") != "ack") continue;
    ++acks;
    EXPECT_EQ(next.at("received"), 16) << "join and 15 messages";
  }
  EXPECT_EQ(acks, 1u);
  script_.say(ann_.session(), R"({"type":"ping"})");
  EXPECT_EQ(script_.take(ann_.session()).at("received"), 17);
}

TEST_F(HubResume, RateLimitedMessagesCountForTheyWereAnswered) {
  join_both();
  for (int i = 0; i < 210; ++i) script_.say(ann_.session(), R"({"type":"send","data":0})");
  script_.say(ann_.session(), R"({"type":"ping"})");
  Json pong;
  for (Json next = script_.take(ann_.session()); next.is_object(); next = script_.take(ann_.session())) pong = next;
  EXPECT_EQ(pong.at("received"), 211);
}

TEST_F(HubResume, ConfirmedMessagesAreNotKept) {
  join_both();
  for (int i = 0; i < 50; ++i) bo_.say(R"({"type":"send","data":")" + std::string(1000, 'x') + "\"}");
  bo_.speak();
  EXPECT_GT(script_.hub().stats().replay_bytes.value(), 50'000u);
  ann_.hear();
  bo_.hear();
  ann_.ack();
  bo_.ack();
  EXPECT_EQ(script_.hub().stats().replay_bytes.value(), 0u);
}

TEST_F(HubResume, AnAckOfWhatWasNeverSentChangesNothing) {
  join_both();
  script_.say(ann_.session(), R"({"type":"ack","received":1000000})");
  EXPECT_GT(script_.hub().stats().replay_bytes.value(), 0u);
  ann_.lose();
  come_back(ann_);
  EXPECT_EQ(ann_.welcome().at("recovered"), true);
}

class HubResumeLittle : public HubResume {
 protected:
  HubResumeLittle() : HubResume(little()) {}
  static Settings little() {
    Settings settings;
    settings.replay_bytes_max = 2'000;
    settings.away_max = 2;
    return settings;
  }
};

TEST_F(HubResumeLittle, MoreThanIsKeptIsAGapAndTheRosterInPlaceOfEvents) {
  join_both();
  ann_.lose();
  for (int i = 0; i < 40; ++i) bo_.say(R"({"type":"send","data":")" + std::string(100, 'x') + "\"}");
  bo_.speak();
  ann_.heard.clear();
  come_back(ann_);
  EXPECT_EQ(ann_.welcome().at("recovered"), false);
  EXPECT_EQ(ann_.welcome().at("reason"), "gap");
  EXPECT_EQ(ann_.welcome().at("room"), "r") << "the place in the room is kept";
  ASSERT_EQ(types(ann_), std::vector<std::string>{"roster"});
  EXPECT_EQ(ann_.heard[0].at("seq"), 42);
  EXPECT_EQ(ann_.heard[0].at("peers").at(0).at("peer"), Json(bo_.peer()));
  bo_.hear();
  for (const std::string& type : types(bo_)) EXPECT_EQ(type, "ok") << "the others saw no leave";
  // From there on it is exact again.
  ann_.ack();
  ann_.lose();
  bo_.say(R"({"type":"send","data":"later"})");
  bo_.speak();
  ann_.heard.clear();
  come_back(ann_);
  EXPECT_EQ(ann_.welcome().at("recovered"), true);
  EXPECT_EQ(types(ann_), std::vector<std::string>{"message"});
}

TEST_F(HubResumeLittle, OnlySoManySessionsMayBeAway) {
  ResumingClient cy(script_);
  join(ann_);
  join(bo_, "s");
  join(cy, "t");
  for (ResumingClient* client : {&ann_, &bo_, &cy}) client->lose();
  EXPECT_EQ(script_.hub().stats().away.value(), 2u);
  come_back(cy);
  EXPECT_EQ(cy.welcome().at("reason"), "session_unknown");
  come_back(ann_);
  EXPECT_EQ(ann_.welcome().at("recovered"), true);
}

TEST(HubResumeTotal, BeyondTheTotalASessionLosesItsReplayAndNotItsPlace) {
  Settings settings;
  settings.replay_bytes_total_max = 4'000;
  HubScript script(std::move(settings));
  ResumingClient ann(script);
  ann.connect();
  ann.hear();
  ann.say(R"({"type":"join","room":"r"})");
  ann.speak();
  ann.hear();
  ann.lose();
  const SessionId plain = script.joined("r");
  for (int i = 0; i < 50; ++i) script.say(plain, R"({"type":"send","data":")" + std::string(100, 'x') + "\"}");
  EXPECT_LE(script.hub().stats().replay_bytes.value(), 4'000u);
  EXPECT_GE(script.hub().stats().replays_dropped.value(), 1u);
  ann.connect();
  ann.hear();
  EXPECT_EQ(ann.welcome().at("reason"), "gap");
  EXPECT_EQ(ann.welcome().at("room"), "r");
}

TEST(HubResumeOff, WithoutAWindowNobodyGetsATicket) {
  Settings settings;
  settings.resume_window = {};
  HubScript script(std::move(settings));
  const SessionId session = script.open();
  script.say(session,
             R"({"type":"hello","protocol":"noom.v1","features":["resume"],"resume":{"ticket":"x","received":0}})");
  const Json welcome = script.take(session);
  EXPECT_EQ(welcome.at("features"), boost::json::array());
  EXPECT_FALSE(welcome.as_object().contains("ticket"));
  EXPECT_FALSE(welcome.as_object().contains("recovered"));
}

class HubRestart : public HubResume {
 protected:
  HubRestart() : HubResume(keyed()) {}
  static Settings keyed() {
    Settings settings;
    settings.resume_key = Secret("0123456789abcdef0123456789abcdef");
    return settings;
  }
};

TEST_F(HubRestart, AfterARestartEverythingIsAsItWas) {
  join_both();
  bo_.say(R"({"type":"update","name":"Bo","metadata":{"k":"v"},"metadata_ttl_s":10})");
  bo_.say(R"({"type":"send","data":"on its way"})");
  bo_.speak();
  bo_.say(R"({"type":"send","id":9,"data":"never arrived"})");
  script_.restart(seconds(1));
  ann_.forget_link();
  bo_.forget_link();
  bo_.heard.clear();
  come_back(ann_);
  come_back(bo_);
  ann_.hear();
  for (const ResumingClient* client : {&ann_, &bo_}) EXPECT_EQ(client->welcome().at("recovered"), true);
  ASSERT_EQ(types(ann_), (std::vector<std::string>{"peer_updated", "message", "message"}));
  EXPECT_EQ(ann_.heard[1].at("data"), "on its way");
  EXPECT_EQ(ann_.heard[2].at("data"), "never arrived");
  EXPECT_EQ(ann_.heard[2].at("seq"), 5) << "the count goes on";
  EXPECT_EQ(types(bo_), (std::vector<std::string>{"ok", "ok", "ok"}));
  ann_.say(R"({"type":"roster"})");
  ann_.speak();
  ann_.hear();
  EXPECT_EQ(ann_.heard.back().at("peers").at(0).at("metadata"), json(R"({"k":"v"})"));
  ann_.heard.clear();
  script_.advance(seconds(9));
  ann_.hear();
  EXPECT_EQ(types(ann_), std::vector<std::string>{"peer_updated"}) << "metadata's lifetime goes on";
}

TEST_F(HubRestart, ARestartThatTookLongerThanTheWindowHasForgottenEverybody) {
  join_both();
  script_.restart(seconds(121));
  script_.advance({});
  EXPECT_EQ(script_.hub().stats().rooms.value(), 0u);
  EXPECT_EQ(script_.hub().stats().away.value(), 0u);
  ann_.forget_link();
  come_back(ann_);
  EXPECT_EQ(ann_.welcome().at("reason"), "session_unknown");
}

TEST_F(HubRestart, ThoseWhoCannotResumeHaveLeftWhenTheOthersComeBack) {
  join_both();
  script_.joined("r");
  ann_.hear();
  ann_.heard.clear();
  script_.restart();
  ann_.forget_link();
  come_back(ann_);
  ASSERT_EQ(types(ann_), std::vector<std::string>{"peer_left"});
  EXPECT_EQ(ann_.heard[0].at("seq"), 4);
}

TEST_F(HubRestart, AfterACrashATicketGivesBackSessionAndPeerId) {
  join_both();
  const std::string peer = ann_.peer();
  const Json session = ann_.welcome().at("session");
  script_.crash();
  ann_.forget_link();
  come_back(ann_);
  EXPECT_EQ(ann_.welcome().at("reason"), "session_unknown");
  EXPECT_EQ(ann_.welcome().at("session"), session);
  ann_.say(R"({"type":"join","room":"r"})");
  ann_.speak();
  ann_.hear();
  EXPECT_EQ(ann_.peer(), peer);
  ResumingClient thief(script_);
  thief.use_ticket(bo_.ticket());
  thief.connect();
  thief.hear();
  thief.say(R"({"type":"join","room":"elsewhere"})");
  thief.speak();
  thief.hear();
  EXPECT_NE(thief.peer(), bo_.peer()) << "the claim is for its room";
}

TEST_F(HubRestart, WhatWasNotSavedByAHubIsNotRestored) {
  Hub& hub = script_.hub();
  for (
      const char* saved :
      {"", "{}", "null", "[1,2]", R"({"version":2})",
       R"({"version":1,"saved_ms":0,"last_epoch":0,"texts":[],"seats":[],"rooms":[{"name":"r","tag":"t",)"
       R"("epoch":1,"seq":1,"members":[{"seat":0,"peer":"p","name":"","metadata":"{}","host":true,"away":false}]}]})"}) {
    EXPECT_FALSE(hub.restore(script_.now(), saved)) << saved;
  }
  EXPECT_EQ(hub.stats().rooms.value(), 0u);
  join_both();
}

}  // namespace
}  // namespace noom::signal
