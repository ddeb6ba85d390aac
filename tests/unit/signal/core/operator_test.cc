// What an operator sees and orders, past all roles; and what an application is told of a room's life.
#include "signal/core/operator.h"

#include "tests/unit/signal/core/moderation_script.h"

namespace noom::signal {
namespace {

using std::chrono::seconds;
using Kind = OperatorQuestion::Kind;
using Why = OperatorRefusal::Why;

class OperatorTest : public testing::Test, public ModerationScript {
 protected:
  static Settings with_notices() {
    Settings made = ModerationScript::settings();
    made.notices = true;
    return made;
  }
  OperatorTest() : ModerationScript(with_notices()) {}

  OperatorAnswer ask(const OperatorQuestion& question) {
    Output output;
    auto answer = std::get<OperatorAnswer>(Operator(script.hub(), script.now(), output).ask(question));
    note(output);
    for (const Delivery& delivery : output.deliveries) {
      for (const SessionId receiver : delivery.receivers) told[receiver].push_back(*delivery.text);
    }
    revocations = std::move(output.revocations);
    return answer;
  }
  RoomDetail describe(std::string room) { return ask({.kind = Kind::kDescribe, .room = std::move(room)}).detail; }
  OperatorAnswer kick(std::string room, const std::string& who, Duration ban = {}, std::string message = {}) {
    return ask({.kind = Kind::kKick,
                .room = std::move(room),
                .peer = peers.at(who),
                .ban = ban,
                .message = std::move(message)});
  }
  // Notices are kept here: "room.started r", "member.left r ann kicked 5".
  void note(const Output& output) {
    for (const Notice& notice : output.notices) {
      std::string line = std::string(to_string(notice.kind)) + " " + notice.room;
      if (!notice.member.name.empty()) line += " " + notice.member.name;
      if (!notice.reason.empty())
        line += " " + std::string(notice.reason) + " " + std::to_string(notice.at_s - notice.since_s);
      notices.push_back(std::move(line));
    }
  }
  // As ModerationScript::say, with the notices kept.
  void say_noted(const std::string& who, std::string_view text) {
    Output output;
    script.hub().on_message(script.now(), sessions.at(who), text, output);
    note(output);
  }

  std::map<SessionId, std::vector<std::string>> told;
  std::vector<std::string> notices;
  std::vector<Revocation> revocations;
};

TEST_F(OperatorTest, RoomsAndMembersAreShownAsTheyAre) {
  enter("ann");
  script.advance(seconds(5));
  enter_as("vi", "viewer");
  say("ann", R"({"type":"configure","locked":true})");
  const RoomDetail detail = describe("r");
  EXPECT_EQ(detail.room.name, "r");
  EXPECT_EQ(detail.room.members, 2u);
  EXPECT_TRUE(detail.room.flags.locked);
  EXPECT_EQ(detail.room.at.seq, 3u);
  ASSERT_EQ(detail.members.size(), 2u);
  EXPECT_EQ(detail.members[0].name, "ann");
  EXPECT_EQ(detail.members[0].role, Role::kHost);
  EXPECT_EQ(detail.members[0].since_s, detail.room.since_s);
  EXPECT_EQ(detail.members[1].role, Role::kViewer);
  EXPECT_EQ(detail.members[1].since_s, detail.room.since_s + 5);
  EXPECT_EQ(ask({.kind = Kind::kDescribe, .room = "other"}).refusal->why, Why::kNoSuchRoom);
}

TEST_F(OperatorTest, TimesOutliveARestart) {
  enter("ann");
  const RoomDetail before = describe("r");
  script.restart(seconds(10));
  const RoomDetail after = describe("r");
  EXPECT_EQ(after.room.since_s, before.room.since_s);
  EXPECT_EQ(after.members.at(0).since_s, before.members.at(0).since_s);
}

TEST_F(OperatorTest, PagesAreBoundedAndBringEachRoomOnce) {
  for (int i = 0; i < 205; ++i) script.joined("room-" + std::to_string(i));
  std::set<std::string> seen;
  RoomCursor cursor;
  size_t pages = 0;
  for (;; ++pages) {
    const RoomPage page = ask({.from = cursor, .limit = 1000}).page;
    EXPECT_LE(page.rooms.size(), kRoomPageMax);
    for (const RoomSummary& room : page.rooms) EXPECT_TRUE(seen.insert(room.name).second);
    if (!page.next) break;
    cursor = *page.next;
  }
  EXPECT_EQ(seen.size(), 205u);
  EXPECT_EQ(pages, 2u);
  EXPECT_TRUE(ask({.from = {"", 4'000'000'000}, .limit = 10}).page.rooms.empty());
}

TEST_F(OperatorTest, EvenAHostIsPutOutAndBanned) {
  enter("ann");
  enter("bo");
  EXPECT_FALSE(kick("r", "ann", seconds(60), "Enough").refusal);
  ASSERT_EQ(told[sessions.at("ann")].size(), 1u);
  const Json left = json(told[sessions.at("ann")][0]);
  EXPECT_EQ(left.at("type"), "left");
  EXPECT_EQ(left.at("reason"), "kicked");
  EXPECT_EQ(left.at("message"), "Enough");
  ASSERT_EQ(revocations.size(), 1u);
  EXPECT_TRUE(revocations[0].username.ends_with("." + peers.at("ann")));
  script.forget_messages();
  EXPECT_EQ(code(join(sessions.at("ann"), "ann")), "banned");
  EXPECT_EQ(kick("r", "ann").refusal->why, Why::kNoSuchPeer);
  EXPECT_EQ(kick("q", "ann").refusal->why, Why::kNoSuchRoom);
  EXPECT_EQ(describe("r").members.at(0).role, Role::kHost) << "bo inherits";
}

TEST_F(OperatorTest, ARoomIsEndedForAll) {
  enter("ann");
  enter("bo");
  EXPECT_FALSE(ask({.kind = Kind::kEndRoom, .room = "r"}).refusal);
  for (const char* who : {"ann", "bo"}) EXPECT_EQ(json(told[sessions.at(who)].at(0)).at("reason"), "ended") << who;
  EXPECT_EQ(script.hub().stats().rooms.value(), 0u);
  EXPECT_EQ(ask({.kind = Kind::kEndRoom, .room = "r"}).refusal->why, Why::kNoSuchRoom);
}

TEST_F(OperatorTest, ATicketOpensItsRoom) {
  Output output;
  const auto minted =
      Operator(script.hub(), script.now(), output)
          .mint_ticket({.room = "r", .role = Role::kModerator, .identity = "ann@x", .lifetime = seconds(60)});
  const Json joined = enter("ann", R"("token":")" + std::get<std::string>(minted) + "\"");
  EXPECT_EQ(joined.at("role"), "moderator");
}

TEST_F(OperatorTest, ARoomsLifeIsNotedInItsOrder) {
  enter("ann");
  enter("bo");
  enter("cy");
  notices.clear();
  script.advance(seconds(5));
  say_noted("bo", R"({"type":"leave"})");
  kick("r", "cy");
  ask({.kind = Kind::kEndRoom, .room = "r"});
  EXPECT_EQ(notices, (std::vector<std::string>{"member.left r bo left 5", "member.left r cy kicked 5",
                                               "member.left r ann ended 5", "room.ended r ended 5"}));
  notices.clear();
  say_noted("bo", R"({"type":"join","room":"s","name":"bo"})");
  script.advance(seconds(2));
  say_noted("bo", R"({"type":"leave"})");
  EXPECT_EQ(notices, (std::vector<std::string>{"room.started s", "member.joined s bo", "member.left s bo left 2",
                                               "room.ended s empty 2"}));
}

TEST_F(OperatorTest, NoticesAreJson) {
  Notice notice{.kind = Notice::Kind::kMemberLeft,
                .at_s = 1'700'000'060,
                .room = "r",
                .room_tag = "r_1",
                .epoch = 7,
                .since_s = 1'700'000'000,
                .reason = "left",
                .member = {"p_1", "A \"n\"", "s_1", "ann@x", Role::kHost}};
  EXPECT_EQ(json(build_notice("evt_1", "node-a", notice)),
            json(R"({"id":"evt_1","type":"member.left","time":1700000060,"node":"node-a",
                     "room":{"name":"r","tag":"r_1","epoch":7},
                     "member":{"peer":"p_1","name":"A \"n\"","role":"host","session":"s_1","identity":"ann@x"},
                     "reason":"left","duration_s":60})"));
  EXPECT_EQ(json(build_notice("evt_2", "", {.room = "r", .room_tag = "r_1", .reason = {}})),
            json(R"({"id":"evt_2","type":"room.started","time":0,"room":{"name":"r","tag":"r_1","epoch":0}})"));
}

TEST(Notices, NobodyWantsToKnowOfThemByDefault) {
  HubScript script;
  const SessionId session = script.greeted();
  Output output;
  script.hub().on_message(script.now(), session, R"({"type":"join","room":"r"})", output);
  EXPECT_TRUE(output.notices.empty());
}

}  // namespace
}  // namespace noom::signal
