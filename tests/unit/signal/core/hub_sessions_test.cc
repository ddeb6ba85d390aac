// The life of sessions by script: opening, deadlines, pings, limits, malformed messages, draining.
#include "common/auth/credentials.h"
#include "tests/unit/signal/core/hub_script.h"

namespace noom::signal {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr std::string_view kHello = R"({"type":"hello","protocol":"noom.v1"})";
constexpr std::string_view kPing = R"({"type":"ping"})";

TEST(HubSessions, HelloIsAnsweredByWelcome) {
  HubScript script;
  const SessionId session = script.open();
  script.say(session,
             R"({"type":"hello","protocol":"noom.v1","client":"noom-web/0.1.0","features":[],"later":{"field":1}})");
  const Json welcome = script.take(session);
  EXPECT_EQ(welcome.at("type"), "welcome");
  EXPECT_EQ(welcome.at("protocol"), "noom.v1");
  EXPECT_EQ(welcome.at("features"), json(R"(["resume"])"));
  EXPECT_FALSE(welcome.as_object().contains("ticket")) << "for a client without the feature";
  EXPECT_EQ(welcome.at("ping_interval_ms"), 15000);
  EXPECT_EQ(welcome.at("ping_timeout_ms"), 10000);
  EXPECT_EQ(welcome.at("frame_bytes_max"), 65536);
  EXPECT_TRUE(std::string(welcome.at("session").as_string()).starts_with("s_"));
}

TEST(HubSessions, NoHelloWithinFiveSecondsClosesWith4001) {
  HubScript script;
  const SessionId session = script.open();
  script.say(session, kPing);
  EXPECT_EQ(script.take_error(session), "hello_required");
  script.advance(milliseconds(4999));
  EXPECT_EQ(script.close_code(session), 0);
  script.advance(milliseconds(1));
  EXPECT_EQ(script.close_code(session), 4001);
  EXPECT_EQ(script.hub().stats().sessions.value(), 0u);
}

TEST(HubSessions, EverythingButHelloBeforeHelloIsHelloRequired) {
  HubScript script;
  const SessionId session = script.open();
  for (const char* request : {R"({"type":"join","room":"r"})", R"({"type":"send","data":1})",
                              R"({"type":"update","name":""})", R"({"type":"leave"})", R"({"type":"bye"})"}) {
    script.say(session, request);
    EXPECT_EQ(script.take_error(session), "hello_required") << request;
  }
}

TEST(HubSessions, AnotherProtocolIsRefusedAndHelloMayBeSaidAgain) {
  HubScript script;
  const SessionId session = script.open();
  script.say(session, R"({"type":"hello","protocol":"noom.v2"})");
  EXPECT_EQ(script.take_error(session), "protocol_unsupported");
  script.say(session, kHello);
  EXPECT_EQ(script.take(session).at("type"), "welcome");
  script.say(session, kHello);
  EXPECT_EQ(script.take_error(session), "already_greeted");
}

TEST(HubSessions, PingIsAnsweredByPong) {
  HubScript script;
  const SessionId session = script.greeted();
  script.say(session, R"({"type":"ping","id":5})");
  EXPECT_EQ(script.take(session), (boost::json::object{{"type", "pong"}, {"re", 5}}));
}

TEST(HubSessions, SilenceIsPingedAfter15SecondsAndClosedWith4000TenSecondsLater) {
  HubScript script;
  const SessionId ann = script.joined("r");
  script.advance(seconds(1));
  const SessionId bo = script.joined("r");
  script.forget_messages();
  script.advance(milliseconds(13'999));
  EXPECT_TRUE(script.take_pings().empty());
  script.advance(milliseconds(1));
  EXPECT_EQ(script.take_pings(), std::vector<SessionId>{ann});
  script.advance(seconds(1));
  EXPECT_EQ(script.take_pings(), std::vector<SessionId>{bo});
  script.hub().on_pong(script.now(), bo);
  script.advance(milliseconds(8'999));
  EXPECT_EQ(script.close_code(ann), 0);
  script.advance(milliseconds(1));
  EXPECT_EQ(script.close_code(ann), 4000);
  EXPECT_EQ(script.take(bo).at("reason"), "timeout");
  EXPECT_EQ(script.close_code(bo), 0);
}

TEST(HubSessions, WhoeverIsHeardIsNotPinged) {
  HubScript script;
  const SessionId session = script.greeted();
  for (int i = 0; i < 20; ++i) {
    script.advance(seconds(14));
    script.say(session, kPing);
    EXPECT_EQ(script.take(session).at("type"), "pong");
  }
  EXPECT_TRUE(script.take_pings().empty());
  EXPECT_EQ(script.close_code(session), 0);
}

TEST(HubSessions, AnsweredPingsKeepASilentSessionForever) {
  HubScript script;
  const SessionId session = script.greeted();
  for (int i = 0; i < 100; ++i) {
    script.advance(seconds(15));
    EXPECT_EQ(script.take_pings().size(), 1u);
    script.advance(seconds(1));
    script.hub().on_pong(script.now(), session);
    script.advance(seconds(0));
  }
  EXPECT_EQ(script.close_code(session), 0);
}

TEST(HubSessions, AnAnsweredPingCountsEvenWhenItsTimeoutIsLongerThanTheInterval) {
  Settings settings;
  settings.ping_interval = seconds(5);
  settings.ping_timeout = seconds(30);
  HubScript script(std::move(settings));
  const SessionId session = script.greeted();
  script.advance(seconds(5));
  for (int i = 0; i < 10; ++i) {
    EXPECT_EQ(script.take_pings().size(), 1u);
    script.advance(seconds(20));
    script.hub().on_pong(script.now(), session);
    script.advance(seconds(10));
  }
  EXPECT_EQ(script.close_code(session), 0);
}

TEST(HubSessions, MalformedMessagesAreAnsweredAndTheSessionGoesOn) {
  Settings settings;
  settings.requests = {};
  HubScript script(std::move(settings));
  const SessionId session = script.greeted();
  const std::string deep(31, '[');
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"", "bad_json"},
      {"   ", "bad_json"},
      {"[]", "bad_json"},
      {"\"text\"", "bad_json"},
      {"{", "bad_json"},
      {R"({"type":"ping"} {})", "bad_json"},
      {R"({"type":"ping",})", "bad_json"},
      {R"({'type':'ping'})", "bad_json"},
      {R"({"type":"ping","x":NaN})", "bad_json"},
      {"{\"type\":\"ping\",\"x\":\"\xff\"}", "bad_json"},
      {"{\"type\":\"ping\",\"x\":\"\xc0\x80\"}", "bad_json"},
      {R"({"type":"ping","x":"\ud800"})", "bad_json"},
      {R"({"type":"ping","x":[)" + deep + std::string(31, ']') + "]}", "bad_json"},
      {std::string("{\"type\":\"ping\"}\0", 16), "bad_json"},
      {R"({})", "bad_message"},
      {R"({"type":1})", "bad_message"},
      {R"({"type":"ping","id":null})", "bad_message"},
      {R"({"type":"ping","id":{}})", "bad_message"},
      {R"({"type":"ping","id":")" + std::string(63, 'x') + "\"}", "bad_message"},
      {R"({"type":"pong"})", "unknown_type"},
      {R"({"type":""})", "unknown_type"},
  };
  for (const auto& [message, code] : cases) {
    script.say(session, message);
    EXPECT_EQ(script.take_error(session), code) << message;
  }
  script.say(session, R"({"type":"ping","x":)" + deep + std::string(31, ']') + "}");
  EXPECT_EQ(script.take(session).at("type"), "pong");
}

TEST(HubSessions, FieldsOutOfRangeAreBadMessageThatNamesTheField) {
  Settings settings;
  settings.requests = {};
  HubScript script(std::move(settings));
  const SessionId session = script.greeted();
  const std::string long_name(65, 'n');
  const std::vector<std::pair<std::string, std::string>> cases = {
      {R"({"type":"hello"})", "protocol"},
      {R"({"type":"hello","protocol":1})", "protocol"},
      {R"({"type":"hello","protocol":"noom.v1","features":{}})", "features"},
      {R"({"type":"hello","protocol":"noom.v1","client":"a\nb"})", "client"},
      {R"({"type":"join"})", "room"},
      {R"({"type":"join","room":""})", "room"},
      {R"({"type":"join","room":"a/b"})", "room"},
      {R"({"type":"join","room":"é"})", "room"},
      {R"({"type":"join","room":")" + long_name + "\"}", "room"},
      {R"({"type":"join","room":"r","name":")" + long_name + "\"}", "name"},
      {R"({"type":"join","room":"r","name":null})", "name"},
      {R"({"type":"join","room":"r","name":"a\u0007"})", "name"},
      {R"({"type":"join","room":"r","name":"a\u2028"})", "name"},
      {R"({"type":"join","room":"r","metadata":[]})", "metadata"},
      {R"({"type":"join","room":"r","metadata":{"x":")" + std::string(4096, 'x') + "\"}}", "metadata"},
      {R"({"type":"update"})", "metadata"},
      {R"({"type":"hello","protocol":"noom.v1","features":[1]})", "features"},
      {R"({"type":"hello","protocol":"noom.v1","features":["resume"],"resume":1})", "resume"},
      {R"({"type":"hello","protocol":"noom.v1","features":["resume"],"resume":{"ticket":"x"}})", "received"},
      {R"({"type":"hello","protocol":"noom.v1","features":["resume"],"resume":{"received":1}})", "ticket"},
      {R"({"type":"hello","protocol":"noom.v1","resume":{"ticket":"x","received":1}})", "resume"},
      {R"({"type":"ack"})", "received"},
      {R"({"type":"ack","received":-1})", "received"},
      {R"({"type":"ack","received":1.5})", "received"},
      {R"({"type":"ack","received":9007199254740993})", "received"},
      {R"({"type":"join","room":"r","metadata":{},"metadata_ttl_s":0})", "metadata_ttl_s"},
      {R"({"type":"join","room":"r","metadata":{},"metadata_ttl_s":86401})", "metadata_ttl_s"},
      {R"({"type":"update","name":"n","metadata_ttl_s":5})", "metadata"},
      {R"({"type":"send","to":"p","role":"host","data":1})", "role"},
      {R"({"type":"send"})", "data"},
      {R"({"type":"send","to":7,"data":1})", "to"},
  };
  for (const auto& [message, field] : cases) {
    script.say(session, message);
    const Json error = script.take(session);
    EXPECT_EQ(error.at("code"), "bad_message") << message;
    EXPECT_NE(std::string(error.at("message").as_string()).find('"' + field + '"'), std::string::npos) << error;
  }
  // 64 characters are counted, not bytes.
  std::string name;
  for (int i = 0; i < 64; ++i) name += "한";
  script.say(session, R"({"type":"join","room":"r","name":")" + name + "\"}");
  EXPECT_EQ(script.take(session).at("type"), "joined");
}

TEST(HubSessions, KeysMayBeEscapedAndTheLastOfTwoCounts) {
  HubScript script;
  const SessionId session = script.open();
  script.say(session, R"({"type":"ping","\u0074ype":"hello","protocol":"x","protocol":"noom.v1"})");
  EXPECT_EQ(script.take(session).at("type"), "welcome");
}

TEST(HubSessions, BinaryMessagesAreBadJson) {
  HubScript script;
  const SessionId session = script.greeted();
  script.feed([&](Output& output) { script.hub().on_binary(script.now(), session, output); });
  EXPECT_EQ(script.take_error(session), "bad_json");
}

TEST(HubSessions, AnOversizeMessageIsAnErrorBeforeTheClose1009) {
  HubScript script;
  const SessionId ann = script.joined("r");
  const SessionId bo = script.joined("r");
  script.take(ann);
  script.feed([&](Output& output) { script.hub().on_oversize(script.now(), bo, output); });
  EXPECT_EQ(script.take_error(bo), "frame_too_big");
  EXPECT_EQ(script.close_code(bo), 1009);
  EXPECT_EQ(script.take(ann).at("reason"), "closed");
}

TEST(HubSessions, RequestsBeyondTheBurstAreRateLimitedUntilTimePasses) {
  HubScript script;
  const SessionId session = script.greeted();  // hello took one of 60
  for (int i = 0; i < 59; ++i) {
    script.say(session, kPing);
    EXPECT_EQ(script.take(session).at("type"), "pong");
  }
  script.say(session, R"({"type":"ping","id":8})");
  const Json error = script.take(session);
  EXPECT_EQ(error.at("code"), "rate_limited");
  EXPECT_EQ(error.at("re"), 8);
  EXPECT_EQ(error.at("retry_after_s"), 1);
  script.advance(milliseconds(50));
  script.say(session, kPing);
  EXPECT_EQ(script.take(session).at("type"), "pong");
}

TEST(HubSessions, SendsHaveABucketOfTheirOwn) {
  HubScript script;
  const SessionId session = script.joined("r");
  for (int i = 0; i < 200; ++i) {
    script.say(session, R"({"type":"send","data":0})");
    EXPECT_EQ(script.take(session).at("type"), "ok");
  }
  script.say(session, R"({"type":"send","data":0})");
  EXPECT_EQ(script.take_error(session), "rate_limited");
  script.say(session, kPing);
  EXPECT_EQ(script.take(session).at("type"), "pong");
}

TEST(HubSessions, MalformedMessagesAreRateLimitedToo) {
  HubScript script;
  const SessionId session = script.greeted();
  for (int i = 0; i < 59; ++i) script.say(session, "{");
  script.forget_messages();
  script.say(session, "{");
  EXPECT_EQ(script.take_error(session), "rate_limited");
}

TEST(HubSessions, GoingOnBeyondTheLimitClosesWith4429) {
  HubScript script;
  const SessionId ann = script.joined("r");
  const SessionId bo = script.joined("r");
  script.forget_messages();
  for (int i = 0; i < 60 + 100; ++i) script.say(bo, kPing);
  EXPECT_EQ(script.close_code(bo), 4429);
  EXPECT_EQ(script.take(ann).at("type"), "peer_left");
}

TEST(HubSessions, AnAddressOpensAtMost40AtOnceAndThen20AMinute) {
  HubScript script;
  for (int i = 0; i < 40; ++i) EXPECT_TRUE(std::holds_alternative<SessionId>(script.try_open("198.51.100.7")));
  const auto refused = script.try_open("198.51.100.7");
  ASSERT_TRUE(std::holds_alternative<OpenRefused>(refused));
  EXPECT_EQ(std::get<OpenRefused>(refused).reason, OpenRefusal::kRateLimited);
  EXPECT_EQ(std::get<OpenRefused>(refused).retry_after_s, 3u);
  EXPECT_TRUE(std::holds_alternative<OpenRefused>(script.try_open("::ffff:198.51.100.7")));
  EXPECT_TRUE(std::holds_alternative<SessionId>(script.try_open("198.51.100.8")));
  script.advance(milliseconds(3001));
  EXPECT_TRUE(std::holds_alternative<SessionId>(script.try_open("198.51.100.7")));
}

TEST(HubSessions, ExemptAddressesOpenWithoutLimit) {
  Settings settings;
  settings.openings_exempt = {*auth::IpPrefix::parse("127.0.0.0/8")};
  HubScript script(std::move(settings));
  for (int i = 0; i < 100; ++i) EXPECT_TRUE(std::holds_alternative<SessionId>(script.try_open("127.0.0.1")));
}

TEST(HubSessions, OneSessionTooManyIsServerFull) {
  Settings settings;
  settings.sessions_max = 2;
  HubScript script(std::move(settings));
  const SessionId first = script.open();
  script.open();
  const auto refused = script.try_open();
  ASSERT_TRUE(std::holds_alternative<OpenRefused>(refused));
  EXPECT_EQ(std::get<OpenRefused>(refused).reason, OpenRefusal::kServerFull);
  script.closed(first);
  EXPECT_TRUE(std::holds_alternative<SessionId>(script.try_open()));
}

TEST(HubSessions, DrainingTellsEveryoneToGoAwayClosesWith1001AndRefusesNewcomers) {
  HubScript script;
  const SessionId ann = script.joined("r");
  const SessionId bo = script.joined("r");
  const SessionId cy = script.open();
  script.forget_messages();
  script.feed([&](Output& output) { script.hub().on_drain(script.now(), output); });
  for (const SessionId session : {ann, bo, cy}) EXPECT_EQ(script.close_code(session), 1001);
  for (const SessionId session : {ann, bo}) {
    const Json go_away = script.take(session);
    EXPECT_EQ(go_away.at("type"), "go_away");
    EXPECT_LE(go_away.at("reconnect_after_ms").to_number<int>(), 2000);
  }
  EXPECT_TRUE(script.quiet()) << "rooms hear nothing of it: media goes on";
  EXPECT_EQ(script.hub().save(script.now()), "") << "nobody can resume";
  EXPECT_EQ(script.hub().stats().sessions.value(), 0u);
  EXPECT_EQ(script.hub().stats().rooms.value(), 0u);
  EXPECT_FALSE(script.hub().next_deadline().has_value());
  EXPECT_EQ(std::get<OpenRefused>(script.try_open()).reason, OpenRefusal::kGoingAway);
}

TEST(HubSessions, AStaleHandleIsIgnored) {
  HubScript script;
  const SessionId old = script.greeted();
  script.closed(old);
  const SessionId reused = script.open();
  EXPECT_EQ(old.index, reused.index);
  script.say(old, kHello);
  script.feed([&](Output& output) { script.hub().on_oversize(script.now(), old, output); });
  script.hub().on_pong(script.now(), old);
  EXPECT_TRUE(script.quiet());
  EXPECT_EQ(script.hub().stats().sessions.value(), 1u);
}

}  // namespace
}  // namespace noom::signal
