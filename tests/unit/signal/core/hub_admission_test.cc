// Who comes into a room, by script: tokens, tickets, locks, passwords and the lobby, and that resuming is no way past
// them. docs/admission.md.
#include "tests/unit/signal/core/moderation_script.h"
#include "tests/unit/signal/core/resuming_client.h"

namespace noom::signal {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

std::string token_field(std::string_view token) {
  return R"("token":")" + std::string(token) + "\"";
}

class HubAdmission : public testing::Test, public ModerationScript {
 protected:
  explicit HubAdmission(Settings with = settings()) : ModerationScript(std::move(with)) {}
  // ann: host.
  void SetUp() override { enter("ann"); }
  void configure(std::string_view fields) {
    say("ann", R"({"type":"configure",)" + std::string(fields) + "}");
    std::string type = take_type("ann");
    while (!type.empty() && type != "room_updated") type = take_type("ann");
    EXPECT_EQ(type, "room_updated");
  }
  std::string ticket(Role role = Role::kMember, Duration lifetime = minutes(5), std::string room = "r") {
    return mint_join_ticket(join_ticket_seal(Secret(kTestKey)), script.now().wall, random_,
                            {.room = std::move(room), .role = role, .identity = {}, .lifetime = lifetime});
  }
  SeededRandom random_{3};
};

class HubClosedAdmission : public HubAdmission {
 protected:
  static Settings closed() {
    Settings made = settings();
    made.admission = test_admission(false);
    return made;
  }
  HubClosedAdmission() : HubAdmission(closed()) {}
  void SetUp() override {}
};

TEST_F(HubClosedAdmission, EachBadTokenHasItsCode) {
  EXPECT_EQ(code(enter("x")), "token_required");
  EXPECT_EQ(code(enter("x", token_field("forged"))), "token_invalid");
  EXPECT_EQ(code(enter("x", token_field(test_token("", "1700000000")))), "token_expired");
  EXPECT_EQ(code(enter("x", token_field(ticket(Role::kHost, minutes(5), "other")))), "wrong_room");
  EXPECT_EQ(code(enter("x", token_field(ticket(Role::kHost, seconds(0))))), "token_expired");
  EXPECT_EQ(code(enter("x", R"("token":7)")), "bad_message");
  EXPECT_EQ(code(enter("x", token_field(std::string(16'385, 'x')))), "bad_message");
  EXPECT_EQ(script.hub().stats().rooms.value(), 0u);
  EXPECT_EQ(enter("x", token_field(test_token())).at("type"), "joined");
}

TEST_F(HubClosedAdmission, ATokenSaysRoleNameAndMetadata) {
  const std::string token = test_token(R"("role":"viewer","name":"Given","metadata":{"a":1})");
  const Json joined = enter("own", token_field(token) + R"(,"metadata":{"b":2})");
  EXPECT_EQ(joined.at("role"), "viewer") << "though it opened the room";
  const Json other = enter("z", token_field(test_token(R"("role":"member")")));
  EXPECT_EQ(other.at("peers").at(0).at("name"), "Given");
  EXPECT_EQ(other.at("peers").at(0).at("metadata"), json(R"({"a":1})"));
}

TEST_F(HubClosedAdmission, AGivenNameIsNotTheClientsToChange) {
  enter("ann", token_field(test_token(R"("name":"Given")")));
  say("ann", R"({"type":"update","name":"Mine"})");
  EXPECT_EQ(take_error("ann"), "forbidden");
  say("ann", R"({"type":"update","metadata":{"muted":true}})");
  EXPECT_EQ(take_type("ann"), "ok");
}

TEST_F(HubAdmission, ATicketIsGoodOnceAndForItsRole) {
  const std::string once = token_field(ticket(Role::kModerator));
  EXPECT_EQ(enter("mo", once).at("role"), "moderator");
  EXPECT_EQ(code(enter("thief", once)), "token_used");
  say("mo", R"({"type":"leave"})");
  EXPECT_EQ(take_type("mo"), "left");
  EXPECT_EQ(code(join(sessions["mo"], "mo", once)), "token_used");
}

TEST_F(HubAdmission, ATicketThatLetNobodyInIsStillGood) {
  const std::string once = token_field(ticket());
  configure(R"("locked":true)");
  EXPECT_EQ(code(enter("bo", once)), "locked");
  configure(R"("locked":false)");
  EXPECT_EQ(enter("bo", once).at("type"), "joined");
}

TEST_F(HubAdmission, ATicketIsUsedUpEvenWhenItsRoomHasEndedMeanwhile) {
  const std::string once = token_field(ticket());
  EXPECT_EQ(enter("bo", once).at("type"), "joined");
  script.forget_messages();
  say("ann", R"({"type":"end_room"})");
  EXPECT_EQ(code(enter("thief", once)), "token_used");
}

TEST_F(HubAdmission, AModeratorsInvitationLetsSomebodyInPastPasswordAndLobby) {
  configure(R"("password":"tulip","lobby":true)");
  say("ann", R"({"type":"invite","id":5,"role":"viewer","lifetime_s":60})");
  const Json invited = take("ann");
  EXPECT_EQ(invited.at("type"), "invited");
  EXPECT_EQ(invited.at("lifetime_s"), 60);
  const std::string once = token_field(std::string(invited.at("ticket").as_string()));
  const Json joined = enter("bo", once);
  EXPECT_EQ(joined.at("role"), "viewer");
  EXPECT_EQ(joined.at("has_password"), true);
  EXPECT_EQ(joined.at("lobby"), true);
  say("ann", R"({"type":"invite","role":"host"})");
  EXPECT_EQ(take_type("ann"), "peer_joined");
  EXPECT_EQ(take_error("ann"), "forbidden");
}

TEST_F(HubAdmission, WithoutTicketsNobodyInvites) {
  script.hub().replace_admission(std::make_shared<const Admission>(Admission::Rules()));
  say("ann", R"({"type":"invite"})");
  EXPECT_EQ(take_error("ann"), "forbidden");
  EXPECT_EQ(code(enter("bo", token_field(ticket()))), "token_invalid");
}

TEST_F(HubAdmission, ALockedRoomIsClosedButForThoseWhoModerate) {
  configure(R"("locked":true)");
  EXPECT_EQ(code(enter("bo")), "locked");
  EXPECT_EQ(code(enter("bo", token_field(test_token(R"("role":"member")")))), "locked");
  EXPECT_EQ(enter_as("mo", "moderator").at("locked"), true);
  configure(R"("locked":false)");
  EXPECT_EQ(enter("bo").at("locked"), false);
}

TEST_F(HubAdmission, APasswordIsAskedForAndNeverSaid) {
  configure(R"("password":"tulip")");
  EXPECT_EQ(code(enter("bo")), "password_required");
  EXPECT_EQ(code(enter("bo", R"("password":"rose")")), "wrong_password");
  EXPECT_EQ(enter("bo", R"("password":"tulip")").at("has_password"), true);
  EXPECT_EQ(enter_as("mo", "moderator").at("type"), "joined");
  configure(R"("password":null)");
  EXPECT_EQ(enter("cy").at("has_password"), false);
}

TEST_F(HubAdmission, GuessingAPasswordIsHeldBackForASession) {
  configure(R"("password":"tulip")");
  const SessionId guesser = arrive();
  for (int i = 0; i < 5; ++i) EXPECT_EQ(code(join(guesser, "x", R"("password":"guess")")), "wrong_password");
  EXPECT_EQ(code(join(guesser, "x", R"("password":"tulip")")), "rate_limited");
  script.advance(seconds(6));
  EXPECT_EQ(join(guesser, "x", R"("password":"tulip")").at("type"), "joined");
}

TEST_F(HubAdmission, GuessingAPasswordIsHeldBackForARoom) {
  configure(R"("password":"tulip")");
  for (int i = 0; i < 30; ++i) EXPECT_EQ(code(enter("x", R"("password":"guess")")), "wrong_password");
  const Json refused = enter("bo", R"("password":"tulip")");
  EXPECT_EQ(code(refused), "rate_limited");
  EXPECT_EQ(refused.at("retry_after_s"), 1);
  script.advance(seconds(2));
  EXPECT_EQ(enter("bo", R"("password":"tulip")").at("type"), "joined");
}

TEST_F(HubAdmission, NothingChangedIsNoEvent) {
  say("ann", R"({"type":"configure","id":1,"locked":false,"lobby":false})");
  EXPECT_EQ(take_type("ann"), "ok");
  EXPECT_TRUE(script.quiet());
}

// ---- the lobby ----

class HubLobby : public HubAdmission {
 protected:
  void SetUp() override {
    HubAdmission::SetUp();
    configure(R"("lobby":true)");
  }
};

TEST_F(HubLobby, WhoWaitsIsInNoRoomAndSeesNothingOfIt) {
  const Json waiting = enter("bo");
  EXPECT_EQ(waiting, (boost::json::object{{"type", "waiting"}, {"re", 1}, {"room", "r"}, {"peer", peers["bo"]}}));
  EXPECT_EQ(take("ann"),
            (boost::json::object{{"type", "peer_waiting"}, {"room", "r"}, {"peer", peers["bo"]}, {"name", "bo"}}));
  for (const char* request : {R"({"type":"send","data":1})", R"({"type":"update","name":"x"})",
                              R"({"type":"configure","lobby":false})", R"({"type":"ice_servers"})"}) {
    say("bo", request);
    EXPECT_EQ(take_error("bo"), "not_joined") << request;
  }
  say("ann", R"({"type":"send","data":1})");
  EXPECT_EQ(take_type("ann"), "ok");
  EXPECT_EQ(code(join(sessions["bo"], "bo")), "already_joined");
  EXPECT_TRUE(script.quiet());
  EXPECT_EQ(script.hub().stats().waiting.value(), 1u);
  EXPECT_EQ(script.hub().stats().members.value(), 1u);
}

TEST_F(HubLobby, WhoIsLetInIsAMemberWithCredentials) {
  enter("bo", R"("metadata":{"a":1})");
  EXPECT_EQ(take_type("ann"), "peer_waiting");
  ask("ann", "admit", "bo");
  EXPECT_EQ(take_type("ann"), "ok");
  EXPECT_EQ(take("ann").at("reason"), "admitted");
  const Json seen = take("ann");
  EXPECT_EQ(seen.at("type"), "peer_joined");
  EXPECT_EQ(seen.at("peer"), Json(peers["bo"]));
  EXPECT_EQ(seen.at("metadata"), json(R"({"a":1})"));
  const Json joined = take("bo");
  EXPECT_EQ(joined.at("type"), "joined");
  EXPECT_FALSE(joined.as_object().contains("re"));
  EXPECT_EQ(joined.at("peer"), Json(peers["bo"]));
  EXPECT_EQ(joined.at("role"), "member");
  EXPECT_TRUE(joined.as_object().contains("ticket"));
  say("bo", R"({"type":"send","data":1})");
  EXPECT_EQ(take_type("ann"), "message");
  EXPECT_EQ(script.hub().stats().waiting.value(), 0u);
}

TEST_F(HubLobby, WhoIsDeniedIsOutAndMayAskAgain) {
  enter("bo");
  ask("ann", "deny", "bo", R"("message":"Later.")");
  EXPECT_EQ(take("bo"), json(R"({"type":"denied","room":"r","reason":"denied","message":"Later."})"));
  EXPECT_EQ(take_type("ann"), "peer_waiting");
  EXPECT_EQ(take_type("ann"), "ok");
  EXPECT_EQ(take("ann").at("reason"), "denied");
  EXPECT_EQ(join(sessions["bo"], "bo").at("type"), "waiting");
}

TEST_F(HubLobby, OnlyWhoWaitsCanBeLetInOrDenied) {
  enter_as("mo", "moderator");
  script.forget_messages();
  for (const std::string about : {"mo", "ann", "p_nobody"}) {
    ask("ann", "admit", about);
    EXPECT_EQ(take_error("ann"), "no_such_peer");
    ask("ann", "deny", about);
    EXPECT_EQ(take_error("ann"), "no_such_peer");
  }
  EXPECT_TRUE(script.quiet());
}

TEST_F(HubLobby, AFullRoomLetsNobodyIn) {
  for (int i = 1; i < 8; ++i) enter_as("mo" + std::to_string(i), "moderator");
  enter("bo");
  script.forget_messages();
  ask("ann", "admit", "bo");
  EXPECT_EQ(take_error("ann"), "room_full");
  say("mo1", R"({"type":"leave"})");
  ask("ann", "admit", "bo");
  EXPECT_EQ(take("bo").at("type"), "joined");
}

TEST_F(HubLobby, TokensThatModerateAndTicketsPass) {
  EXPECT_EQ(enter_as("mo", "moderator").at("type"), "joined");
  EXPECT_EQ(enter("bo", token_field(ticket())).at("type"), "joined");
  EXPECT_EQ(enter("cy", token_field(test_token(R"("role":"member")"))).at("type"), "waiting");
}

TEST_F(HubLobby, WhoeverComesToModerateIsToldWhoWaits) {
  enter("bo");
  const Json joined = enter_as("mo", "moderator");
  ASSERT_EQ(joined.at("waiting").as_array().size(), 1u);
  EXPECT_EQ(joined.at("waiting").at(0), (boost::json::object{{"peer", peers["bo"]}, {"name", "bo"}}));
  const Json member = enter("di", token_field(ticket()));
  EXPECT_FALSE(member.as_object().contains("waiting"));
  script.forget_messages();
  ask("ann", "set_role", "di", R"("role":"moderator")");
  EXPECT_EQ(take_type("di"), "peer_updated");
  EXPECT_EQ(take("di").at("peer"), Json(peers["bo"]));
  say("di", R"({"type":"roster"})");
  EXPECT_EQ(take("di").at("waiting").as_array().size(), 1u);
}

TEST_F(HubLobby, WhoWaitsMayLeaveOrGo) {
  enter("bo");
  say("bo", R"({"type":"leave","id":7})");
  EXPECT_EQ(take("bo"), json(R"({"type":"left","re":7,"room":"r"})"));
  enter("cy");
  say("cy", R"({"type":"bye"})");
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(take_type("ann"), "peer_waiting");
    EXPECT_EQ(take("ann").at("reason"), "left");
  }
  EXPECT_EQ(script.hub().stats().waiting.value(), 0u);
}

TEST_F(HubLobby, WaitingEndsAfterTenMinutes) {
  enter("bo");
  script.forget_messages();
  for (int i = 0; i < 60; ++i) {
    script.hub().on_pong(script.now(), sessions["ann"]);
    script.hub().on_pong(script.now(), sessions["bo"]);
    script.advance(seconds(10));
  }
  Json last;
  for (Json next = take("bo"); next.is_object(); next = take("bo")) {
    if (next.at("type") != "ticket") last = next;
  }
  EXPECT_EQ(last, json(R"({"type":"denied","room":"r","reason":"timeout"})"));
  EXPECT_EQ(take("ann").at("reason"), "timeout");
}

TEST_F(HubLobby, TheLobbyIsBounded) {
  for (size_t i = 0; i < kWaitingMax; ++i) EXPECT_EQ(enter("w" + std::to_string(i)).at("type"), "waiting");
  EXPECT_EQ(code(enter("bo")), "lobby_full");
}

TEST_F(HubLobby, OpeningTheLobbyLetsInWhoeverWaitsAsFarAsThereIsRoom) {
  for (int i = 0; i < 9; ++i) enter("w" + std::to_string(i));
  script.forget_messages();
  configure(R"("lobby":false)");
  for (int i = 0; i < 7; ++i) {
    const Json joined = take("w" + std::to_string(i));
    EXPECT_EQ(joined.at("type"), "joined");
    EXPECT_EQ(joined.at("peers").as_array().size(), static_cast<size_t>(i + 1));
    EXPECT_EQ(joined.at("peers").at(0).at("name"), "ann");
  }
  EXPECT_TRUE(take("w7").is_null());
  EXPECT_EQ(script.hub().stats().waiting.value(), 2u);
}

TEST_F(HubLobby, WhenTheRoomEndsWhoWaitsIsTold) {
  enter("bo");
  say("ann", R"({"type":"leave"})");
  EXPECT_EQ(take("bo"), json(R"({"type":"denied","room":"r","reason":"ended"})"));
  EXPECT_EQ(script.hub().stats().waiting.value(), 0u);
  EXPECT_EQ(join(sessions["bo"], "bo").at("role"), "host");
}

// ---- resuming is no way in ----

class HubAdmissionResume : public HubAdmission {
 protected:
  void come_back(ResumingClient& client) {
    client.connect();
    client.hear();
  }
  ResumingClient bo_{script};
  void join_bo(std::string_view fields = "") {
    bo_.connect();
    bo_.hear();
    std::string text = R"({"type":"join","room":"r","name":"bo")";
    if (!fields.empty()) text += "," + std::string(fields);
    bo_.say(text + "}");
    bo_.speak();
    bo_.hear();
  }
  std::string type_of_last() const { return std::string(bo_.heard.back().at("type").as_string()); }
};

TEST_F(HubAdmissionResume, WhoWaitsMayGoAwayAndBeLetInMeanwhile) {
  configure(R"("lobby":true)");
  join_bo();
  const std::string peer(bo_.heard.back().at("peer").as_string());
  bo_.lose();
  come_back(bo_);
  EXPECT_EQ(bo_.welcome().at("recovered"), true);
  EXPECT_FALSE(bo_.welcome().as_object().contains("room")) << "waiting is not being there";
  bo_.lose();
  ask("ann", "admit", peer);
  come_back(bo_);
  EXPECT_EQ(bo_.welcome().at("room"), "r");
  EXPECT_EQ(type_of_last(), "joined");
}

TEST_F(HubAdmissionResume, AGapInTheLobbyIsFollowedByWaiting) {
  configure(R"("lobby":true)");
  join_bo();
  const SessionId other = script.open();
  script.say(other, R"({"type":"hello","protocol":"noom.v1","features":["resume"],"resume":{"ticket":")" +
                        bo_.ticket() + R"(","received":77}})");
  EXPECT_EQ(script.take(other).at("reason"), "gap");
  EXPECT_EQ(script.take(other).at("type"), "waiting");
}

TEST_F(HubAdmissionResume, WhoWasKickedWhileAwayIsOut) {
  join_bo();
  const std::string peer(bo_.heard.back().at("peer").as_string());
  bo_.lose();
  ask("ann", "kick", peer, R"("ban_s":60)");
  come_back(bo_);
  EXPECT_EQ(bo_.welcome().at("recovered"), true);
  EXPECT_FALSE(bo_.welcome().as_object().contains("room"));
  EXPECT_EQ(type_of_last(), "left");
  bo_.say(R"({"type":"join","room":"r"})");
  bo_.speak();
  bo_.hear();
  EXPECT_EQ(code(bo_.heard.back()), "banned");
}

TEST_F(HubAdmissionResume, AnEndedSessionComesBackThroughTheDoor) {
  join_bo();
  bo_.say(R"({"type":"bye"})");
  bo_.speak();
  bo_.forget_link();
  script.forget_messages();
  configure(R"("locked":true)");
  come_back(bo_);
  EXPECT_EQ(bo_.welcome().at("reason"), "session_unknown");
  bo_.say(R"({"type":"join","room":"r"})");
  bo_.speak();
  bo_.hear();
  EXPECT_EQ(code(bo_.heard.back()), "locked");
}

TEST_F(HubAdmissionResume, ARestartKeepsLockPasswordLobbyBansRolesTicketsAndWhoWaits) {
  const std::string once = token_field(ticket(Role::kModerator));
  ResumingClient ann(script);
  ResumingClient* const clients[] = {&ann, &bo_};
  for (ResumingClient* client : clients) {
    client->connect();
    client->hear();
  }
  const auto tell = [&](ResumingClient& client, const std::string& text) {
    client.say(text);
    client.speak();
    client.hear();
  };
  say("ann", R"({"type":"end_room"})");
  tell(ann,
       R"({"type":"join","room":"r","name":"ann",)" + token_field(test_token(R"("role":"host","name":"Ann")")) + "}");
  const SessionId banned = arrive("198.51.100.7");
  join(banned, "cy");
  tell(ann, R"({"type":"kick","peer":")" + peers["cy"] + R"(","ban_s":600})");
  EXPECT_EQ(enter("mo", once).at("type"), "joined");
  tell(ann, R"({"type":"configure","lobby":true,"password":"tulip"})");
  tell(bo_, R"({"type":"join","room":"r","name":"bo","password":"tulip"})");
  EXPECT_EQ(type_of_last(), "waiting");
  const std::string waiting(bo_.heard.back().at("peer").as_string());

  for (ResumingClient* client : clients) client->forget_link();
  script.restart(seconds(5));
  for (ResumingClient* client : clients) come_back(*client);
  EXPECT_EQ(bo_.welcome().at("recovered"), true);
  EXPECT_EQ(code(enter("x")), "password_required");
  EXPECT_EQ(code(enter("x", R"("password":"rose")")), "wrong_password");
  EXPECT_EQ(enter("x", R"("password":"tulip")").at("type"), "waiting");
  EXPECT_EQ(code(enter("x", "", "198.51.100.7")), "banned");
  EXPECT_EQ(code(enter("x", once)), "token_used");
  tell(ann, R"({"type":"update","name":"else"})");
  EXPECT_EQ(code(ann.heard.back()), "forbidden");
  tell(ann, R"({"type":"configure","locked":true})");
  tell(ann, R"({"type":"admit","peer":")" + waiting + R"("})");
  bo_.hear();
  EXPECT_EQ(type_of_last(), "joined");
  EXPECT_EQ(bo_.heard.back().at("peer"), Json(waiting));
  EXPECT_EQ(bo_.heard.back().at("locked"), true);
  EXPECT_EQ(script.hub().stats().waiting.value(), 1u);
}

}  // namespace
}  // namespace noom::signal
