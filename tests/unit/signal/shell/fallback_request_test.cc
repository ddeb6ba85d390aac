// Requests of clients without WebSocket, without a socket. RFC 9110; Fetch standard (CORS); WHATWG HTML §9.2.
#include "signal/shell/fallback_request.h"

#include <gtest/gtest.h>

#include "signal/shell/sse_carrier.h"

namespace noom::signal {
namespace {

HttpRequest ask(std::string_view method, std::string_view target, std::string_view origin = "") {
  HttpRequest request;
  request.method = method;
  request.target = target;
  request.host = "noom.example";
  request.origin = origin;
  return request;
}

std::variant<HttpAnswer, FallbackRequest> read(const HttpRequest& request, FallbackSettings settings = {}) {
  HttpSettings http;
  http.allowed_origins = {"https://app.example"};
  return read_fallback_request(request, http, settings);
}

int status(const HttpRequest& request, FallbackSettings settings = {}) {
  const auto result = read(request, settings);
  return std::holds_alternative<HttpAnswer>(result) ? std::get<HttpAnswer>(result).status : 0;
}

TEST(FallbackRequest, KnowsItsPathsFromOthers) {
  for (const char* target : {"/v1/sse", "/v1/sse?x", "/v1/sse/abc?post=1", "/v1/poll", "/v1/poll/"})
    EXPECT_TRUE(is_fallback_path(target)) << target;
  for (const char* target : {"/v1/ssex", "/v1", "/", "/v1/polls", "/x/v1/sse", "/?/v1/sse", ""})
    EXPECT_FALSE(is_fallback_path(target)) << target;
}

TEST(FallbackRequest, SaysWhatIsAsked) {
  EXPECT_EQ(std::get<FallbackRequest>(read(ask("GET", "/v1/sse"))).verb, FallbackVerb::kOpenSse);
  EXPECT_EQ(std::get<FallbackRequest>(read(ask("GET", "/v1/poll"))).verb, FallbackVerb::kOpenPoll);
  const auto post = std::get<FallbackRequest>(read(ask("POST", "/v1/sse/node.secret?post=18446744073709551615")));
  EXPECT_EQ(post.verb, FallbackVerb::kPost);
  EXPECT_EQ(post.connection, "node.secret");
  EXPECT_EQ(post.number, UINT64_MAX);
  const auto poll = std::get<FallbackRequest>(read(ask("GET", "/v1/poll/n.s?cursor=0")));
  EXPECT_EQ(poll.verb, FallbackVerb::kPoll);
  EXPECT_EQ(poll.number, 0u);
}

TEST(FallbackRequest, NumbersAreNumbersAndTheWholeQuery) {
  for (const char* query : {"", "?", "?post", "?post=", "?post=x", "?post=1x", "?post=+1", "?post=-1", "?post= 1",
                            "?post=0", "?post=18446744073709551616", "?post=1&post=2", "?cursor=1"}) {
    EXPECT_EQ(status(ask("POST", std::string("/v1/sse/n.s") + query)), 400) << query;
  }
}

TEST(FallbackRequest, APreflightNamesWhatMayBeAskedAndNeverCredentials) {
  const auto answer = std::get<HttpAnswer>(read(ask("OPTIONS", "/v1/sse/n.s?post=1", "https://app.example")));
  EXPECT_EQ(answer.status, 204);
  EXPECT_NE(answer.fields.find("Access-Control-Allow-Origin: https://app.example\r\n"), std::string::npos);
  EXPECT_NE(answer.fields.find("Access-Control-Allow-Methods: GET, POST\r\n"), std::string::npos);
  EXPECT_NE(answer.fields.find("Vary: Origin\r\n"), std::string::npos);
  EXPECT_EQ(answer.fields.find("Credentials"), std::string::npos);
}

TEST(FallbackRequest, AForeignOriginIsRefusedWhateverItAsks) {
  for (const char* method : {"GET", "POST", "OPTIONS", "DELETE"}) {
    for (const char* origin : {"https://evil.example", "null", "https://noom.example.evil"}) {
      const auto answer = std::get<HttpAnswer>(read(ask(method, "/v1/sse", origin)));
      EXPECT_EQ(answer.status, 403);
      EXPECT_EQ(answer.fields.find("Access-Control-Allow-Origin"), std::string::npos);
    }
  }
}

TEST(FallbackRequest, WhatIsSwitchedOffIsNotThere) {
  EXPECT_EQ(status(ask("GET", "/v1/sse"), {.sse = false}), 404);
  EXPECT_EQ(status(ask("GET", "/v1/poll"), {.sse = false}), 0);
  EXPECT_EQ(status(ask("POST", "/v1/poll/n.s?post=1"), {.poll = false}), 404);
}

TEST(FallbackRequest, AnswersAreNotStored) {
  for (const HttpAnswer& answer : {answer_json("{}", ""), answer_stream("", ""), answer_nothing(""),
                                   refuse_fallback(404, "connection_unknown", "There is none.", "")}) {
    EXPECT_NE(answer.fields.find("Cache-Control: no-store\r\n"), std::string::npos);
  }
}

TEST(SseEvent, EveryLineOfATextIsALineOfData) {
  std::string event;
  append_event(event, "", 7, "{\"a\":\n1,\r\n\"b\":2}");
  EXPECT_EQ(event, "id: 7\ndata: {\"a\":\ndata: 1,\ndata: \ndata: \"b\":2}\n\n");
  event.clear();
  append_event(event, "ping", 0, "");
  EXPECT_EQ(event, "event: ping\ndata: \n\n");
}

}  // namespace
}  // namespace noom::signal
