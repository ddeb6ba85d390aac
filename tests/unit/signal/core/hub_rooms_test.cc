// Rooms by script: docs/protocol/noom-v1.md, "Rooms" and "Messages".
#include "tests/unit/signal/core/hub_script.h"

namespace noom::signal {
namespace {

std::string text(const Json& value) {
  return std::string(value.as_string());
}

TEST(HubRooms, FirstToJoinFindsNobodyAndSecondFindsTheFirst) {
  HubScript script;
  Json first, second;
  const SessionId ann = script.joined("standup", "Ann", &first);
  EXPECT_EQ(first.at("room"), "standup");
  EXPECT_EQ(first.at("seq"), 1);
  EXPECT_TRUE(first.at("peers").as_array().empty());
  EXPECT_TRUE(text(first.at("peer")).starts_with("p_"));

  script.joined("standup", "Bo", &second);
  EXPECT_EQ(second.at("seq"), 2);
  EXPECT_EQ(second.at("epoch"), first.at("epoch"));
  EXPECT_EQ(second.at("peers"), (boost::json::array{{{"peer", first.at("peer")},
                                                     {"name", "Ann"},
                                                     {"role", "host"},
                                                     {"metadata", boost::json::object()},
                                                     {"presence", "present"},
                                                     {"polite", true}}}));

  EXPECT_EQ(script.take(ann), (boost::json::object{{"type", "peer_joined"},
                                                   {"room", "standup"},
                                                   {"epoch", first.at("epoch")},
                                                   {"seq", 2},
                                                   {"peer", second.at("peer")},
                                                   {"name", "Bo"},
                                                   {"role", "member"},
                                                   {"metadata", boost::json::object()},
                                                   {"polite", false}}));
  EXPECT_TRUE(script.quiet());
}

TEST(HubRooms, PeersAreListedInOrderOfJoining) {
  HubScript script;
  script.joined("r", "a");
  script.joined("r", "b");
  Json third;
  script.joined("r", "c", &third);
  ASSERT_EQ(third.at("peers").as_array().size(), 2u);
  EXPECT_EQ(third.at("peers").at(0).at("name"), "a");
  EXPECT_EQ(third.at("peers").at(1).at("name"), "b");
}

TEST(HubRooms, AnswersCarryTheRequestsIdAsItWasWritten) {
  HubScript script;
  const SessionId session = script.open();
  script.say(session, R"({"type":"hello","protocol":"noom.v1","id":"h\u00e9"})");
  EXPECT_NE(script.take_text(session).find(R"("re":"h\u00e9")"), std::string::npos);
  script.say(session, R"({"type":"join","room":"r","id":12345678901234567890123})");
  EXPECT_NE(script.take_text(session).find(R"("re":12345678901234567890123)"), std::string::npos);
}

TEST(HubRooms, JoiningAFullRoomIsRoomFull) {
  Settings settings;
  settings.room_capacity = 2;
  HubScript script(std::move(settings));
  script.joined("r");
  const SessionId second = script.joined("r");
  script.forget_messages();
  const SessionId third = script.greeted();
  script.say(third, R"({"type":"join","id":9,"room":"r"})");
  const Json error = script.take(third);
  EXPECT_EQ(error.at("code"), "room_full");
  EXPECT_EQ(error.at("re"), 9);
  EXPECT_EQ(error.at("retry_after_s"), 5);
  EXPECT_TRUE(script.quiet());

  script.say(second, R"({"type":"leave"})");
  script.say(third, R"({"type":"join","room":"r"})");
  EXPECT_EQ(script.take(third).at("type"), "joined");
}

TEST(HubRooms, OneRoomTooManyIsTooManyRooms) {
  Settings settings;
  settings.rooms_max = 1;
  HubScript script(std::move(settings));
  script.joined("a");
  const SessionId other = script.greeted();
  script.say(other, R"({"type":"join","room":"b"})");
  EXPECT_EQ(script.take_error(other), "too_many_rooms");
  script.say(other, R"({"type":"join","room":"a"})");
  EXPECT_EQ(script.take(other).at("type"), "joined");
}

TEST(HubRooms, JoiningTwiceIsAlreadyJoined) {
  HubScript script;
  const SessionId session = script.joined("a");
  script.say(session, R"({"type":"join","room":"b"})");
  EXPECT_EQ(script.take_error(session), "already_joined");
}

TEST(HubRooms, SendUpdateAndLeaveOutsideARoomAreNotJoined) {
  HubScript script;
  const SessionId session = script.greeted();
  for (const char* request :
       {R"({"type":"send","data":1})", R"({"type":"update","name":"x"})", R"({"type":"leave"})"}) {
    script.say(session, request);
    EXPECT_EQ(script.take_error(session), "not_joined") << request;
  }
}

TEST(HubRooms, LeavingTellsTheOthersAndFreesTheSessionForAnotherRoom) {
  HubScript script;
  const SessionId ann = script.joined("r");
  Json joined;
  const SessionId bo = script.joined("r", "Bo", &joined);
  script.take(ann);
  script.say(bo, R"({"type":"leave","id":3})");
  EXPECT_EQ(script.take(bo), (boost::json::object{{"type", "left"}, {"re", 3}, {"room", "r"}}));
  EXPECT_EQ(script.take(ann), (boost::json::object{{"type", "peer_left"},
                                                   {"room", "r"},
                                                   {"epoch", joined.at("epoch")},
                                                   {"seq", 3},
                                                   {"peer", joined.at("peer")},
                                                   {"reason", "left"}}));
  script.say(bo, R"({"type":"join","room":"s"})");
  EXPECT_EQ(script.take(bo).at("seq"), 1);
  EXPECT_TRUE(script.quiet());
}

TEST(HubRooms, RejoiningGivesANewPeerId) {
  HubScript script;
  Json first;
  const SessionId session = script.joined("r", "", &first);
  script.say(session, R"({"type":"leave"})");
  script.take(session);
  script.say(session, R"({"type":"join","room":"r"})");
  EXPECT_NE(script.take(session).at("peer"), first.at("peer"));
}

TEST(HubRooms, ALostConnectionIsAPeerLeftWithReasonClosed) {
  HubScript script;
  const SessionId ann = script.joined("r");
  const SessionId bo = script.joined("r");
  script.take(ann);
  script.closed(bo);
  EXPECT_EQ(script.take(ann).at("reason"), "closed");
  script.closed(bo);
  EXPECT_TRUE(script.quiet());
}

TEST(HubRooms, ByeClosesWith1000AndTellsTheOthersLeft) {
  HubScript script;
  const SessionId ann = script.joined("r");
  const SessionId bo = script.joined("r");
  script.take(ann);
  script.say(bo, R"({"type":"bye"})");
  EXPECT_EQ(script.close_code(bo), 1000);
  EXPECT_EQ(script.take(ann).at("reason"), "left");
  script.say(bo, R"({"type":"ping"})");
  EXPECT_TRUE(script.quiet());
}

TEST(HubRooms, UpdateReplacesWhatItCarriesAndKeepsTheRest) {
  HubScript script;
  Json joined;
  const SessionId ann = script.joined("r", "Ann", &joined);
  const SessionId bo = script.joined("r");
  script.forget_messages();
  script.say(ann, R"({"type":"update","id":2,"metadata":{"muted":true}})");
  EXPECT_EQ(script.take(ann),
            (boost::json::object{{"type", "ok"}, {"re", 2}, {"epoch", joined.at("epoch")}, {"seq", 3}}));
  Json event = script.take(bo);
  EXPECT_EQ(event.at("type"), "peer_updated");
  EXPECT_EQ(event.at("seq"), 3);
  EXPECT_EQ(event.at("name"), "Ann");
  EXPECT_EQ(event.at("metadata"), json(R"({"muted":true})"));
  EXPECT_FALSE(event.as_object().contains("polite"));
  script.say(ann, R"({"type":"update","name":"Anna"})");
  event = script.take(bo);
  EXPECT_EQ(event.at("name"), "Anna");
  EXPECT_EQ(event.at("metadata"), json(R"({"muted":true})"));
  Json later;
  script.joined("r", "", &later);
  EXPECT_EQ(later.at("peers").at(0).at("metadata"), json(R"({"muted":true})"));
}

TEST(HubRooms, ATargetedMessageReachesItsPeerAloneAndCarriesNoSeq) {
  HubScript script;
  Json first, second;
  const SessionId ann = script.joined("r", "", &first);
  const SessionId bo = script.joined("r", "", &second);
  script.joined("r");
  script.forget_messages();
  script.say(bo, R"({"type":"send","id":4,"to":")" + text(first.at("peer")) + R"(","data":{"candidate":null}})");
  EXPECT_EQ(script.take(ann), (boost::json::object{{"type", "message"},
                                                   {"room", "r"},
                                                   {"from", second.at("peer")},
                                                   {"broadcast", false},
                                                   {"data", json(R"({"candidate":null})")}}));
  EXPECT_EQ(script.take(bo), (boost::json::object{{"type", "ok"}, {"re", 4}}));
  EXPECT_TRUE(script.quiet());
  script.say(bo, R"({"type":"send","to":")" + text(first.at("peer")) + R"(","data":1})");
  script.take(ann);
  EXPECT_TRUE(script.quiet());
}

TEST(HubRooms, ABroadcastReachesAllOthersAndItsSenderLearnsTheSeqEvenWithoutAnId) {
  HubScript script;
  Json joined;
  const SessionId ann = script.joined("r", "", &joined);
  const SessionId bo = script.joined("r");
  const SessionId cy = script.joined("r");
  script.forget_messages();
  script.say(ann, R"({"type":"send","data":"hi"})");
  EXPECT_EQ(script.take(ann), (boost::json::object{{"type", "ok"}, {"epoch", joined.at("epoch")}, {"seq", 4}}));
  for (const SessionId other : {bo, cy}) {
    EXPECT_EQ(script.take(other), (boost::json::object{{"type", "message"},
                                                       {"room", "r"},
                                                       {"from", joined.at("peer")},
                                                       {"broadcast", true},
                                                       {"epoch", joined.at("epoch")},
                                                       {"seq", 4},
                                                       {"data", "hi"}}));
  }
  EXPECT_TRUE(script.quiet());
}

TEST(HubRooms, ABroadcastIsEncodedOnceForAllReceivers) {
  HubScript script;
  const SessionId ann = script.joined("r");
  script.joined("r");
  script.joined("r");
  Output output;
  script.hub().on_message(script.now(), ann, R"({"type":"send","data":1})", output);
  ASSERT_EQ(output.deliveries.size(), 2u);
  EXPECT_EQ(output.deliveries[0].receivers.size(), 2u);
}

TEST(HubRooms, DataIsPassedOnAsItWasWritten) {
  HubScript script;
  const SessionId ann = script.joined("r");
  const SessionId bo = script.joined("r");
  script.forget_messages();
  const std::string data = R"({ "b":1.0e3, "a":[123456789012345678901234567890, "\u00e9\ud83d\ude00"], "b" : -0 })";
  script.say(ann, R"({"data":)" + data + R"( ,"type":"send"})");
  EXPECT_NE(script.take_text(bo).find("\"data\":" + data + "}"), std::string::npos);
}

TEST(HubRooms, SendingToAStrangerOrToOneselfIsNoSuchPeer) {
  HubScript script;
  Json joined, elsewhere;
  const SessionId ann = script.joined("r", "", &joined);
  script.joined("other", "", &elsewhere);
  for (const std::string& to : {std::string("p_nobody"), text(joined.at("peer")), text(elsewhere.at("peer"))}) {
    script.say(ann, R"({"type":"send","to":")" + to + R"(","data":1})");
    EXPECT_EQ(script.take_error(ann), "no_such_peer");
  }
  EXPECT_TRUE(script.quiet());
}

TEST(HubRooms, ARoomMadeAnewHasALargerEpochAndCountsFromOne) {
  HubScript script;
  Json first, second;
  const SessionId ann = script.joined("r", "", &first);
  script.closed(ann);
  script.joined("r", "", &second);
  EXPECT_EQ(second.at("seq"), 1);
  EXPECT_GT(second.at("epoch").as_int64(), first.at("epoch").as_int64());
}

TEST(HubRooms, NothingIsLeftWhenEveryoneHasGone) {
  HubScript script;
  std::vector<SessionId> sessions;
  for (int i = 0; i < 20; ++i) sessions.push_back(script.joined("room" + std::to_string(i % 7)));
  for (const SessionId session : sessions) script.closed(session);
  const Stats& stats = script.hub().stats();
  EXPECT_EQ(stats.sessions.value(), 0u);
  EXPECT_EQ(stats.rooms.value(), 0u);
  EXPECT_EQ(stats.members.value(), 0u);
  EXPECT_FALSE(script.hub().next_deadline().has_value());
}

TEST(HubRooms, EventsNameRoomsByTagNotByName) {
  HubScript script;
  const SessionId ann = script.joined("secret-room");
  script.closed(ann);
  size_t about_rooms = 0;
  for (const Event& event : script.take_events()) {
    EXPECT_EQ(event.room.find("secret"), std::string::npos);
    if (!event.room.empty()) ++about_rooms;
  }
  EXPECT_EQ(about_rooms, 2u);
}

TEST(HubRooms, AMessageToARoleReachesThoseWhoHaveItAndCarriesNoSeq) {
  HubScript script;
  Json second;
  const SessionId host = script.joined("r");
  const SessionId bo = script.joined("r", "", &second);
  const SessionId cy = script.joined("r");
  EXPECT_EQ(second.at("role"), "member");
  script.forget_messages();
  script.say(bo, R"({"type":"send","id":1,"role":"host","data":"please"})");
  const Json message = script.take(host);
  EXPECT_EQ(message.at("from"), second.at("peer"));
  EXPECT_FALSE(message.as_object().contains("seq"));
  EXPECT_EQ(script.take(bo), (boost::json::object{{"type", "ok"}, {"re", 1}}));
  EXPECT_TRUE(script.quiet());
  script.say(host, R"({"type":"send","role":"member","data":"all of you"})");
  EXPECT_EQ(script.take(bo).at("data"), "all of you");
  EXPECT_EQ(script.take(cy).at("data"), "all of you");
  script.say(host, R"({"type":"send","id":2,"role":"nobody","data":1})");
  EXPECT_EQ(script.take(host).at("type"), "ok");
  EXPECT_TRUE(script.quiet());
}

TEST(HubRooms, TheRosterSaysWhoIsThereAndWhoIsPoliteToWhom) {
  HubScript script;
  Json first, third;
  script.joined("r", "a", &first);
  const SessionId bo = script.joined("r", "b");
  script.joined("r", "c", &third);
  script.forget_messages();
  script.say(bo, R"({"type":"roster","id":1})");
  const Json roster = script.take(bo);
  EXPECT_EQ(roster.at("type"), "roster");
  EXPECT_EQ(roster.at("seq"), 3);
  ASSERT_EQ(roster.at("peers").as_array().size(), 2u);
  EXPECT_EQ(roster.at("peers").at(0).at("peer"), first.at("peer"));
  EXPECT_EQ(roster.at("peers").at(0).at("polite"), true);
  EXPECT_EQ(roster.at("peers").at(1).at("peer"), third.at("peer"));
  EXPECT_EQ(roster.at("peers").at(1).at("polite"), false);
  const SessionId outside = script.greeted();
  script.say(outside, R"({"type":"roster"})");
  EXPECT_EQ(script.take_error(outside), "not_joined");
}

TEST(HubRooms, MetadataWithALifetimeIsForgottenAtItsEndAndEverybodyIsTold) {
  HubScript script;
  Json joined;
  const SessionId ann = script.joined("r", "Ann", &joined);
  const SessionId bo = script.joined("r");
  script.forget_messages();
  script.say(ann, R"({"type":"update","metadata":{"hand":"up"},"metadata_ttl_s":10})");
  script.forget_messages();
  script.advance(std::chrono::milliseconds(9'999));
  EXPECT_TRUE(script.quiet());
  script.advance(std::chrono::milliseconds(1));
  for (const SessionId session : {ann, bo}) {
    const Json event = script.take(session);
    EXPECT_EQ(event.at("type"), "peer_updated");
    EXPECT_EQ(event.at("peer"), joined.at("peer"));
    EXPECT_EQ(event.at("name"), "Ann");
    EXPECT_EQ(event.at("metadata"), boost::json::object());
    EXPECT_EQ(event.at("seq"), 4);
  }
}

TEST(HubRooms, LaterMetadataEndsTheLifetimeOfTheOneBefore) {
  HubScript script;
  const SessionId ann = script.joined("r");
  script.say(ann, R"({"type":"update","metadata":{"a":1},"metadata_ttl_s":5})");
  script.say(ann, R"({"type":"update","metadata":{"a":2}})");
  script.say(ann, R"({"type":"update","name":"Ann"})");
  script.forget_messages();
  script.advance(std::chrono::seconds(6));
  EXPECT_TRUE(script.quiet());
}

TEST(HubRooms, ARoomTakesSoManyEventsFromAllItsMembersTogether) {
  Settings settings;
  settings.requests = settings.sends = {};
  settings.room_events = {.per_second = 1, .burst = 3};
  HubScript script(std::move(settings));
  const SessionId ann = script.joined("r");
  const SessionId bo = script.joined("r");
  const SessionId elsewhere = script.joined("s");
  script.forget_messages();
  script.say(ann, R"({"type":"send","data":1})");
  script.say(bo, R"({"type":"send","data":2})");
  script.say(ann, R"({"type":"update","name":"Ann"})");
  script.forget_messages();
  script.say(bo, R"({"type":"send","id":1,"data":3})");
  EXPECT_EQ(script.take_error(bo), "rate_limited");
  EXPECT_TRUE(script.quiet()) << "the event was dropped";
  script.say(elsewhere, R"({"type":"send","id":2,"data":1})");
  EXPECT_EQ(script.take(elsewhere).at("type"), "ok");
  script.advance(std::chrono::seconds(1));
  script.say(bo, R"({"type":"send","data":3})");
  EXPECT_EQ(script.take(ann).at("data"), 3);
}

TEST(HubRooms, JoinsHaveABucketOfTheirOwn) {
  HubScript script;
  const SessionId ann = script.greeted();
  for (int i = 0; i < 10; ++i) {
    script.say(ann, R"({"type":"join","room":"r"})");
    EXPECT_EQ(script.take(ann).at("type"), "joined");
    script.say(ann, R"({"type":"leave"})");
    EXPECT_EQ(script.take(ann).at("type"), "left");
  }
  script.say(ann, R"({"type":"join","room":"r"})");
  EXPECT_EQ(script.take_error(ann), "rate_limited");
  script.say(ann, R"({"type":"ping"})");
  EXPECT_EQ(script.take(ann).at("type"), "pong");
}

}  // namespace
}  // namespace noom::signal
