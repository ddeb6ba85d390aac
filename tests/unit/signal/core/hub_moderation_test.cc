// Roles and what they may do, by script: docs/admission.md, "Roles" and "Moderating".
#include "tests/unit/signal/core/moderation_script.h"

namespace noom::signal {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

class HubModeration : public testing::Test, public ModerationScript {
 protected:
  // ann: host; mo: moderator; bo: member; vi: viewer.
  void SetUp() override {
    enter("ann");
    enter_as("mo", "moderator");
    enter("bo");
    enter_as("vi", "viewer");
    script.forget_messages();
  }
};

struct Power {
  const char* request;
  Role least;
};

class HubPowers : public HubModeration, public testing::WithParamInterface<Power> {};

TEST_P(HubPowers, WhoHasALesserRoleIsForbidden) {
  const std::map<std::string, Role> roles = {
      {"ann", Role::kHost}, {"mo", Role::kModerator}, {"bo", Role::kMember}, {"vi", Role::kViewer}};
  for (const auto& [who, role] : roles) {
    say(who, GetParam().request);
    const std::string error = take_error(who);
    if (role < GetParam().least) {
      EXPECT_EQ(error, "forbidden") << who;
    } else {
      EXPECT_NE(error, "forbidden") << who;
    }
    script.forget_messages();
    if (std::string_view(GetParam().request).find("end_room") != std::string_view::npos) break;
  }
}

INSTANTIATE_TEST_SUITE_P(Requests, HubPowers,
                         testing::Values(Power{R"({"type":"configure","locked":true})", Role::kModerator},
                                         Power{R"({"type":"configure","lobby":true})", Role::kModerator},
                                         Power{R"({"type":"configure","password":"x"})", Role::kHost},
                                         Power{R"({"type":"kick","peer":"p_nobody"})", Role::kModerator},
                                         Power{R"({"type":"admit","peer":"p_nobody"})", Role::kModerator},
                                         Power{R"({"type":"deny","peer":"p_nobody"})", Role::kModerator},
                                         Power{R"({"type":"request_mute","peer":"p_nobody","media":"audio"})",
                                               Role::kModerator},
                                         Power{R"({"type":"set_role","peer":"p_nobody","role":"member"})", Role::kHost},
                                         Power{R"({"type":"invite"})", Role::kModerator},
                                         Power{R"({"type":"update","name":"x"})", Role::kMember},
                                         Power{R"({"type":"send","data":1})", Role::kMember}));

TEST_F(HubModeration, OnlyAHostEndsARoom) {
  for (const std::string who : {"vi", "bo", "mo"}) {
    say(who, R"({"type":"end_room"})");
    EXPECT_EQ(take_error(who), "forbidden");
  }
  EXPECT_TRUE(script.quiet());
}

TEST_F(HubModeration, OutsideARoomEveryRequestIsNotJoined) {
  sessions["out"] = arrive();
  for (const char* request :
       {R"({"type":"configure","locked":true})", R"({"type":"kick","peer":"p_x"})", R"({"type":"admit","peer":"p_x"})",
        R"({"type":"deny","peer":"p_x"})", R"({"type":"request_mute","peer":"p_x","media":"video"})",
        R"({"type":"set_role","peer":"p_x","role":"host"})", R"({"type":"end_room"})", R"({"type":"invite"})"}) {
    say("out", request);
    EXPECT_EQ(take_error("out"), "not_joined") << request;
  }
}

TEST_F(HubModeration, AViewerSpeaksToPeersAndRoles) {
  say("vi", R"({"type":"send","to":")" + peers["ann"] + R"(","data":1})");
  EXPECT_EQ(take_type("ann"), "message");
  say("vi", R"({"type":"send","role":"host","data":1})");
  EXPECT_EQ(take_type("ann"), "message");
  EXPECT_TRUE(script.quiet());
}

TEST_F(HubModeration, AKickedMemberIsToldTheOthersSeeItAndItsRelaysEnd) {
  Output output;
  script.hub().on_message(script.now(), sessions["mo"],
                          R"({"type":"kick","id":3,"peer":")" + peers["bo"] + R"(","message":"Enough."})", output);
  ASSERT_EQ(output.revocations.size(), 1u);
  EXPECT_TRUE(output.revocations[0].username.ends_with("." + peers["bo"]));
  EXPECT_TRUE(output.revocations[0].username.starts_with("r_"));
  std::map<SessionId, std::vector<Json>> told;
  for (const Delivery& delivery : output.deliveries)
    for (const SessionId receiver : delivery.receivers) told[receiver].push_back(json(*delivery.text));
  ASSERT_EQ(told[sessions["bo"]].size(), 1u);
  EXPECT_EQ(told[sessions["bo"]][0], json(R"({"type":"left","room":"r","reason":"kicked","message":"Enough."})"));
  ASSERT_EQ(told[sessions["mo"]].size(), 2u);
  EXPECT_EQ(told[sessions["mo"]][0], json(R"({"type":"ok","re":3})"));
  for (const std::string who : {"mo", "ann", "vi"}) {
    const Json& event = told[sessions[who]].back();
    EXPECT_EQ(event.at("type"), "peer_left");
    EXPECT_EQ(event.at("reason"), "kicked");
    EXPECT_EQ(event.at("peer"), Json(peers["bo"]));
  }
  EXPECT_EQ(script.hub().stats().members.value(), 3u);
  EXPECT_EQ(script.hub().stats().revocations.value(), 1u);
}

TEST_F(HubModeration, WhoWasKickedWithoutABanMayComeBack) {
  ask("mo", "kick", "bo");
  EXPECT_EQ(take_type("bo"), "left");
  EXPECT_EQ(join(sessions["bo"], "bo").at("type"), "joined");
}

TEST_F(HubModeration, OnlyWhoHasALesserRoleCanBeKickedOrGivenOne) {
  ask("mo", "kick", "ann");
  EXPECT_EQ(take_error("mo"), "forbidden");
  ask("mo", "kick", "mo");
  EXPECT_EQ(take_error("mo"), "no_such_peer");
  ask("ann", "kick", "p_nobody");
  EXPECT_EQ(take_error("ann"), "no_such_peer");
  enter_as("hal", "host");
  script.forget_messages();
  ask("ann", "kick", "hal");
  EXPECT_EQ(take_error("ann"), "forbidden");
  ask("ann", "set_role", "hal", R"("role":"viewer")");
  EXPECT_EQ(take_error("ann"), "forbidden");
  ask("ann", "set_role", "ann", R"("role":"viewer")");
  EXPECT_EQ(take_error("ann"), "no_such_peer");
  EXPECT_TRUE(script.quiet());
}

TEST_F(HubModeration, ABanKeepsSessionAndAddressOutForItsTime) {
  enter("cy", "", "198.51.100.7");
  script.forget_messages();
  ask("mo", "kick", "cy", R"("ban_s":60)");
  const Json left = take("cy");
  EXPECT_EQ(left.at("banned_s"), 60);
  const Json refused = join(sessions["cy"], "cy");
  EXPECT_EQ(code(refused), "banned");
  EXPECT_EQ(refused.at("retry_after_s"), 60);
  EXPECT_EQ(code(enter("again", "", "198.51.100.7")), "banned");
  EXPECT_EQ(code(enter("same", "", "::ffff:198.51.100.7")), "banned");
  EXPECT_EQ(enter("else", "", "198.51.100.8").at("type"), "joined");
  script.hub().on_pong(script.now(), sessions["cy"]);
  script.advance(seconds(14));
  EXPECT_EQ(code(enter("again", "", "198.51.100.7")), "banned");
}

TEST_F(HubModeration, ABanEnds) {
  enter("cy", "", "198.51.100.7");
  ask("mo", "kick", "cy", R"("ban_s":5)");
  EXPECT_EQ(code(enter("again", "", "198.51.100.7")), "banned");
  script.advance(seconds(5));
  EXPECT_EQ(enter("again", "", "198.51.100.7").at("type"), "joined");
}

TEST_F(HubModeration, ABanOfAnIdentityIsForThatIdentityAnywhere) {
  const std::string token = R"("token":")" + test_token(R"("sub":"u1")") + "\"";
  enter("cy", token, "198.51.100.7");
  ask("mo", "kick", "cy", R"("ban_s":60)");
  EXPECT_EQ(code(enter("cy", token, "203.0.113.9")), "banned");
  EXPECT_EQ(enter("di", R"("token":")" + test_token(R"("sub":"u2")") + "\"", "198.51.100.7").at("type"), "joined");
  EXPECT_EQ(enter("no one", "", "198.51.100.7").at("type"), "joined");
}

TEST_F(HubModeration, MuteRequestsReachOneMemberOnly) {
  ask("mo", "request_mute", "bo", R"("media":"audio")");
  EXPECT_EQ(take("bo"), (boost::json::object{
                            {"type", "mute_requested"}, {"room", "r"}, {"from", peers["mo"]}, {"media", "audio"}}));
  EXPECT_EQ(take_type("mo"), "ok");
  EXPECT_TRUE(script.quiet());
}

TEST_F(HubModeration, ARoleIsToldToEverybodyAndCountsAtOnce) {
  ask("ann", "set_role", "bo", R"("role":"moderator")");
  EXPECT_EQ(take_type("ann"), "ok");
  for (const std::string who : {"ann", "mo", "bo", "vi"}) {
    const Json event = take(who);
    EXPECT_EQ(event.at("type"), "peer_updated");
    EXPECT_EQ(event.at("peer"), Json(peers["bo"]));
    EXPECT_EQ(event.at("role"), "moderator");
    EXPECT_EQ(event.at("name"), "bo");
  }
  EXPECT_TRUE(script.quiet());
  say("bo", R"({"type":"configure","locked":true})");
  EXPECT_EQ(take_type("bo"), "room_updated");
}

TEST_F(HubModeration, AHostWhoMakesAnotherHostHandsOver) {
  ask("ann", "set_role", "bo", R"("role":"host")");
  EXPECT_EQ(take_type("ann"), "ok");
  EXPECT_EQ(take("vi").at("role"), "host");
  const Json second = take("vi");
  EXPECT_EQ(second.at("peer"), Json(peers["ann"]));
  EXPECT_EQ(second.at("role"), "moderator");
  script.forget_messages();
  ask("ann", "set_role", "vi", R"("role":"member")");
  EXPECT_EQ(take_error("ann"), "forbidden");
}

TEST_F(HubModeration, WhenTheHostLeavesTheLongestStandingModeratorIsHost) {
  enter_as("mia", "moderator");
  script.forget_messages();
  say("ann", R"({"type":"leave"})");
  EXPECT_EQ(take_type("bo"), "peer_left");
  const Json heir = take("bo");
  EXPECT_EQ(heir.at("type"), "peer_updated");
  EXPECT_EQ(heir.at("peer"), Json(peers["mo"]));
  EXPECT_EQ(heir.at("role"), "host");
}

TEST_F(HubModeration, WithoutModeratorsAMemberIsHostButNobodyWhoseTokenSaysLess) {
  ask("ann", "kick", "mo");
  enter_as("mel", "member");
  script.forget_messages();
  say("ann", R"({"type":"leave"})");
  EXPECT_EQ(take_type("vi"), "peer_left");
  EXPECT_EQ(take("vi").at("peer"), Json(peers["bo"]));
  script.forget_messages();
  say("bo", R"({"type":"leave"})");
  EXPECT_EQ(take_type("vi"), "peer_left");
  EXPECT_TRUE(take("vi").is_null()) << "mel's token says member, vi is a viewer";
}

TEST_F(HubModeration, WhoIsAwayInheritsAfterThoseWhoAreHere) {
  enter_as("mia", "moderator");
  script.closed(sessions["mo"]);
  script.advance(seconds(3));
  script.forget_messages();
  say("ann", R"({"type":"leave"})");
  EXPECT_EQ(take_type("bo"), "peer_left");
  EXPECT_EQ(take("bo").at("peer"), Json(peers["mia"]));
}

TEST_F(HubModeration, ARelayThatMayHaveMissedWhatWasTakenBackIsToldAgainUntilItEnds) {
  Output output;
  script.hub().on_message(script.now(), sessions["mo"], R"({"type":"kick","peer":")" + peers["bo"] + "\"}", output);
  const Revocation kicked = output.revocations.at(0);
  script.hub().on_revocation(script.now(), {"r_elsewhere.p_1", script.now().wall + seconds(60)});
  const auto told = [&](uint64_t incarnation, uint64_t connects) {
    Output said;
    script.hub().on_relay_status(script.now(),
                                 {.node = "t", .urls = {}, .incarnation = incarnation, .connects = connects}, said);
    std::vector<std::string> names;
    for (const Revocation& one : said.revocations) names.push_back(one.username);
    return names;
  };
  const std::vector<std::string> both = told(1, 1);
  EXPECT_EQ(both.size(), 2u);
  EXPECT_TRUE(told(1, 1).empty()) << "it has heard them";
  EXPECT_EQ(told(1, 2), both) << "it was away from the bus";
  EXPECT_EQ(told(2, 1), both) << "it has started again";
  script.advance(seconds(61));
  EXPECT_EQ(told(3, 1), std::vector<std::string>{kicked.username});
  script.advance(std::chrono::hours(1));
  EXPECT_TRUE(told(4, 1).empty());
}

TEST_F(HubModeration, ARoomThatIsEndedIsGoneForEverybody) {
  Output output;
  script.hub().on_message(script.now(), sessions["ann"], R"({"type":"end_room","id":4,"message":"Thanks."})", output);
  ASSERT_EQ(output.revocations.size(), 1u);
  EXPECT_TRUE(output.revocations[0].username.ends_with("."));
  size_t told = 0;
  for (const Delivery& delivery : output.deliveries) {
    const Json message = json(*delivery.text);
    if (message.at("type") == "ok") continue;
    EXPECT_EQ(message, json(R"({"type":"left","room":"r","reason":"ended","message":"Thanks."})"));
    told += delivery.receivers.size();
  }
  EXPECT_EQ(told, 4u);
  EXPECT_EQ(script.hub().stats().rooms.value(), 0u);
  EXPECT_EQ(script.hub().stats().members.value(), 0u);
  const Json again = join(sessions["bo"], "bo");
  EXPECT_EQ(again.at("role"), "host") << "a new room";
}

TEST_F(HubModeration, ARefusedRequestChangesNothing) {
  for (const char* request :
       {R"({"type":"kick"})", R"({"type":"kick","peer":7})", R"({"type":"kick","peer":"p_x","ban_s":0})",
        R"({"type":"kick","peer":"p_x","ban_s":86401})", R"({"type":"kick","peer":"p_x","message":"a\nb"})",
        R"({"type":"configure"})", R"({"type":"configure","locked":"yes"})", R"({"type":"configure","password":""})",
        R"({"type":"configure","password":7})", R"({"type":"set_role","peer":"p_x","role":"king"})",
        R"({"type":"set_role","peer":"p_x"})", R"({"type":"request_mute","peer":"p_x","media":"smell"})",
        R"({"type":"request_mute","peer":"p_x"})", R"({"type":"admit"})", R"({"type":"deny","message":""})",
        R"({"type":"end_room","message":7})", R"({"type":"invite","role":7})", R"({"type":"invite","lifetime_s":0})",
        R"({"type":"invite","lifetime_s":604801})"}) {
    say("ann", request);
    EXPECT_EQ(take_error("ann"), "bad_message") << request;
  }
  EXPECT_TRUE(script.quiet());
}

TEST_F(HubModeration, ModerationHasABucketOfItsOwn) {
  for (int i = 0; i < 40; ++i) say("mo", R"({"type":"configure","locked":false})");
  EXPECT_TRUE(take("mo").is_null());
  say("mo", R"({"type":"configure","locked":false})");
  EXPECT_EQ(take_error("mo"), "rate_limited");
  say("mo", R"({"type":"update","name":"Mo"})");
  EXPECT_EQ(take_type("mo"), "ok");
}

}  // namespace
}  // namespace noom::signal
