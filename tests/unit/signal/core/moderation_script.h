// A script with people who have names and roles: what they say, what they are told, and nothing left over.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "common/auth/base64url.h"
#include "common/wire/digest.h"
#include "signal/core/admission.h"
#include "signal/core/join_ticket.h"
#include "tests/unit/signal/core/hub_script.h"

namespace noom::signal {

constexpr std::string_view kTestKey = "0123456789abcdef0123456789abcdef";

// Open, with JSON Web Tokens and tickets beside that.
inline std::shared_ptr<const Admission> test_admission(bool open = true) {
  Admission::Rules rules;
  rules.open = open;
  rules.takes_jwt = rules.takes_tickets = true;
  rules.jwt_keys.push_back({"", *auth::JwsKey::hmac(Secret(kTestKey))});
  rules.ticket_key = Secret(kTestKey);
  return std::make_shared<const Admission>(std::move(rules));
}

// For any room and the whole test, with more claims.
inline std::string test_token(std::string_view claims = "", std::string_view exp = "1900000000") {
  const auto b64 = [](std::string_view text) { return auth::encode_base64url(as_bytes(text)); };
  std::string body = R"({"room":"*","exp":)" + std::string(exp);
  if (!claims.empty()) body += "," + std::string(claims);
  const std::string input = b64(R"({"alg":"HS256"})") + "." + b64(body + "}");
  return input + "." + auth::encode_base64url(wire::hmac_sha256(as_bytes(kTestKey), {as_bytes(input)}));
}

class ModerationScript {
 public:
  static Settings settings() {
    Settings made;
    made.openings = {};
    made.admission = test_admission();
    made.resume_key = Secret(kTestKey);
    made.turn_secret = Secret("turn");
    return made;
  }
  explicit ModerationScript(Settings with = settings()) : script(std::move(with)) {}

  SessionId arrive(std::string_view address = "192.0.2.1") {
    const SessionId session = script.open(address);
    script.say(session, R"({"type":"hello","protocol":"noom.v1","features":["resume"]})");
    EXPECT_EQ(script.take(session).at("type"), "welcome");
    return session;
  }
  // Comes in as `name`, with more fields of join; what it was answered.
  Json join(SessionId session, const std::string& name, std::string_view fields = "") {
    std::string text = R"({"type":"join","id":1,"room":"r","name":")" + name + "\"";
    if (!fields.empty()) text += "," + std::string(fields);
    script.say(session, text + "}");
    Json answer = script.take(session);
    if (answer.is_object() && answer.as_object().contains("peer")) {
      sessions[name] = session;
      peers[name] = std::string(answer.at("peer").as_string());
    }
    return answer;
  }
  Json enter(const std::string& name, std::string_view fields = "", std::string_view address = "192.0.2.1") {
    return join(arrive(address), name, fields);
  }
  // With a role of its own, by a token.
  Json enter_as(const std::string& name, std::string_view role) {
    return enter(name, R"("token":")" + test_token(R"("role":")" + std::string(role) + "\"") + "\"");
  }
  void say(const std::string& who, std::string_view text) { script.say(sessions.at(who), text); }
  // A request about somebody.
  void ask(const std::string& who, std::string_view type, const std::string& about, std::string_view fields = "") {
    const auto known = peers.find(about);
    std::string text = R"({"type":")" + std::string(type) + R"(","id":2,"peer":")" +
                       (known == peers.end() ? about : known->second) + "\"";
    if (!fields.empty()) text += "," + std::string(fields);
    say(who, text + "}");
  }
  // What is next but acks.
  Json take(const std::string& who) {
    Json next = script.take(sessions.at(who));
    return next.is_object() && next.at("type") == "ack" ? take(who) : next;
  }
  std::string take_type(const std::string& who) {
    const Json next = take(who);
    return next.is_object() ? std::string(next.at("type").as_string()) : "";
  }
  std::string take_error(const std::string& who) { return code(take(who)); }
  // The code of an error; "" for any other message.
  static std::string code(const Json& message) {
    const Json* found = message.is_object() ? message.as_object().if_contains("code") : nullptr;
    return found == nullptr ? "" : std::string(found->as_string());
  }

  HubScript script;
  std::map<std::string, SessionId> sessions;
  std::map<std::string, std::string> peers;
};

}  // namespace noom::signal
