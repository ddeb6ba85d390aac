// What requests are answered with, without a socket. RFC 9110, RFC 6455 §4.2.
#include "signal/shell/http_answer.h"

#include <gtest/gtest.h>

namespace noom::signal {
namespace {

WebFiles pages() {
  WebFiles files;
  files.add("/index.html", "text/html; charset=utf-8", "<!doctype html>");
  files.add("/client/index.js", "text/javascript; charset=utf-8", "export {};");
  return files;
}

HttpRequest get(std::string_view target) {
  HttpRequest request;
  request.method = "GET";
  request.target = target;
  request.host = "noom.example:8080";
  return request;
}

HttpRequest upgrade() {
  HttpRequest request = get("/ws");
  request.connection = "keep-alive, Upgrade";
  request.upgrade = "websocket";
  request.sec_websocket_version = "13";
  request.sec_websocket_key = "dGhlIHNhbXBsZSBub25jZQ==";
  request.sec_websocket_protocol = "noom.v1";
  return request;
}

HttpAnswer answer(const HttpRequest& request, const WebFiles& files = pages()) {
  auto result = answer_request(request, files, {});
  EXPECT_TRUE(std::holds_alternative<HttpAnswer>(result));
  return std::get<HttpAnswer>(std::move(result));
}

TEST(HttpAnswer, RoomsAndTheRootServeTheIndex) {
  for (const char* path : {"/", "/?a=b", "/r/standup", "/r/a.b_c~d-E?x", "/index.html"}) {
    const HttpAnswer page = answer(get(path));
    EXPECT_EQ(page.status, 200) << path;
    EXPECT_EQ(*page.body, "<!doctype html>") << path;
  }
}

TEST(HttpAnswer, AFoldersNameStandsForThePageInIt) {
  WebFiles files = pages();
  files.add("/doctor/index.html", "text/html; charset=utf-8", "doctor");
  for (const char* path : {"/doctor", "/doctor/", "/doctor?a", "/doctor/index.html"}) {
    const HttpAnswer page = answer(get(path), files);
    EXPECT_EQ(page.status, 200) << path;
    EXPECT_EQ(*page.body, "doctor") << path;
  }
  EXPECT_EQ(answer(get("/doctor//"), files).status, 404);
}

TEST(HttpAnswer, WhatWasNotFoundAtStartIs404) {
  for (const char* path :
       {"/r/", "/r/a/b", "/client", "/client/", "/../etc/passwd", "/client/../index.html", "/%69ndex.html", "//"}) {
    EXPECT_EQ(answer(get(path)).status, 404) << path;
  }
}

TEST(HttpAnswer, TheRootWithoutAPageIs404) {
  EXPECT_EQ(answer(get("/"), WebFiles()).status, 404);
}

TEST(HttpAnswer, A404PageOfTheClientIsServedWhenThereIsOne) {
  WebFiles files = pages();
  files.add("/404.html", "text/html; charset=utf-8", "gone");
  const HttpAnswer missing = answer(get("/nothing"), files);
  EXPECT_EQ(missing.status, 404);
  EXPECT_EQ(*missing.body, "gone");
  EXPECT_NE(missing.fields.find("Content-Security-Policy"), std::string::npos);
}

TEST(HttpAnswer, TheHostIsNamedInThePolicyForWebSockets) {
  EXPECT_NE(answer(get("/")).fields.find("connect-src 'self' ws://noom.example:8080 wss://noom.example:8080;"),
            std::string::npos);
}

TEST(HttpAnswer, AMissingOrOddHostIs400) {
  for (const char* host : {"", "a b", "a;script-src", "a\"", "[::1"}) {
    HttpRequest request = get("/");
    request.host = host;
    const HttpAnswer refused = answer(request);
    EXPECT_EQ(refused.status, 400) << host;
    EXPECT_TRUE(refused.close);
  }
}

TEST(HttpAnswer, HeaderHasDateAndLength) {
  const std::string header =
      build_header(answer(get("/client/index.js")), Wall{} + std::chrono::seconds(784'111'777), true);
  EXPECT_TRUE(header.starts_with("HTTP/1.1 200 OK\r\n")) << header;
  EXPECT_NE(header.find("\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n"), std::string::npos) << header;
  EXPECT_NE(header.find("\r\nContent-Length: 10\r\n"), std::string::npos);
  EXPECT_EQ(header.find("Connection"), std::string::npos);
}

TEST(HttpAnswer, AnUpgradeInOrderIsAccepted) {
  HttpRequest request = upgrade();
  request.origin = "http://noom.example:8080";
  const auto result = answer_request(request, pages(), {});
  ASSERT_TRUE(std::holds_alternative<UpgradeAccepted>(result));
  EXPECT_EQ(std::get<UpgradeAccepted>(result).host, "noom.example");
}

TEST(HttpAnswer, AnUpgradeFromAForeignOriginIs403UnlessListed) {
  HttpRequest request = upgrade();
  request.origin = "https://app.example";
  EXPECT_EQ(answer(request).status, 403);
  const HttpSettings listed{.allowed_origins = {"https://app.example"}};
  EXPECT_TRUE(std::holds_alternative<UpgradeAccepted>(answer_request(request, pages(), listed)));
}

TEST(HttpAnswer, OriginsAreComparedByHostAndDefaultPort) {
  EXPECT_TRUE(is_origin_allowed("", "a.example", {}));
  EXPECT_TRUE(is_origin_allowed("https://A.example", "a.example", {}));
  EXPECT_TRUE(is_origin_allowed("https://a.example", "a.example:443", {}));
  EXPECT_TRUE(is_origin_allowed("http://a.example:80", "a.example", {}));
  EXPECT_TRUE(is_origin_allowed("http://[::1]:8080", "[::1]:8080", {}));
  EXPECT_TRUE(is_origin_allowed("https://b.example", "a.example", {"*"}));
  EXPECT_FALSE(is_origin_allowed("null", "null", {}));
  EXPECT_FALSE(is_origin_allowed("https://a.example:8443", "a.example", {}));
  EXPECT_FALSE(is_origin_allowed("https://a.example.evil", "a.example", {}));
  EXPECT_FALSE(is_origin_allowed("https://evil/a.example", "a.example", {}));
}

TEST(HttpAnswer, TokensAreFoundInListsInAnyCase) {
  EXPECT_TRUE(has_token("keep-alive,  UPGRADE ", "upgrade"));
  EXPECT_FALSE(has_token("upgraded", "upgrade"));
  EXPECT_FALSE(has_token("", "upgrade"));
}

}  // namespace
}  // namespace noom::signal
