// The admin port over a real socket: the three pages, and whatever else may come.
#include "common/ops/admin_http.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdlib.h>

#include <atomic>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <filesystem>
#include <fstream>
#include <thread>

#include "tests/unit/common/io/tcp_client.h"

namespace noom::ops {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

class AdminHttpTest : public testing::Test {
 protected:
  explicit AdminHttpTest(std::shared_ptr<const AdminApi> api = nullptr) {
    auto server =
        AdminHttp::listen(io_, {IpAddress::v4(127, 0, 0, 1), 0},
                          {[] { return std::string("noom_x 1\n"); }, [this] { return ready_.load(); }, std::move(api)});
    EXPECT_TRUE(server.ok());
    server_ = std::move(*server);
    thread_ = std::thread([this] { io_.run(); });
  }
  ~AdminHttpTest() override {
    io_.stop();
    thread_.join();
  }
  // Everything that comes back until the server closes.
  std::string exchange(std::string_view request) {
    io::TcpClient client(server_->local());
    EXPECT_TRUE(client.send(request));
    return client.receive(1 << 20);
  }
  std::string get(std::string_view method, std::string_view target) {
    return exchange(std::string(method) + " " + std::string(target) +
                    " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  }

  std::atomic<bool> ready_ = true;
  boost::asio::io_context io_;
  std::unique_ptr<AdminHttp> server_;
  std::thread thread_;
};

TEST_F(AdminHttpTest, MetricsAreServedAsPrometheusText) {
  EXPECT_THAT(get("GET", "/metrics"), AllOf(StartsWith("HTTP/1.1 200 OK\r\n"),
                                            HasSubstr("\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8\r\n"),
                                            HasSubstr("\r\nContent-Length: 9\r\n"), HasSubstr("\r\n\r\nnoom_x 1\n")));
  EXPECT_THAT(get("GET", "/metrics?name=x"), StartsWith("HTTP/1.1 200 OK\r\n"));
}

TEST_F(AdminHttpTest, HealthAndReadinessDiffer) {
  EXPECT_THAT(get("GET", "/healthz"), StartsWith("HTTP/1.1 200 OK\r\n"));
  EXPECT_THAT(get("GET", "/readyz"), StartsWith("HTTP/1.1 200 OK\r\n"));
  ready_ = false;
  EXPECT_THAT(get("GET", "/readyz"), StartsWith("HTTP/1.1 503 Service Unavailable\r\n"));
  EXPECT_THAT(get("GET", "/healthz"), StartsWith("HTTP/1.1 200 OK\r\n"));
}

TEST_F(AdminHttpTest, HeadHasTheLengthWithoutTheContent) {
  const std::string reply = get("HEAD", "/metrics");
  EXPECT_THAT(reply, AllOf(StartsWith("HTTP/1.1 200 OK\r\n"), HasSubstr("\r\nContent-Length: 9\r\n")));
  EXPECT_TRUE(reply.ends_with("\r\n\r\n")) << reply;
}

TEST_F(AdminHttpTest, OtherPathsAndMethodsAreRefused) {
  EXPECT_THAT(get("GET", "/"), StartsWith("HTTP/1.1 404 Not Found\r\n"));
  EXPECT_THAT(get("GET", "/metrics/../etc/passwd"), StartsWith("HTTP/1.1 404 Not Found\r\n"));
  EXPECT_THAT(get("POST", "/metrics"),
              AllOf(StartsWith("HTTP/1.1 405 Method Not Allowed\r\n"), HasSubstr("\r\nAllow: GET, HEAD\r\n")));
  EXPECT_THAT(get("BREW", "/metrics"), StartsWith("HTTP/1.1 405 Method Not Allowed\r\n"));
}

TEST_F(AdminHttpTest, GarbageIsABadRequest) {
  EXPECT_THAT(exchange("\x16\x03\x01\x02garbage\r\n\r\n"), StartsWith("HTTP/1.1 400 Bad Request\r\n"));
  EXPECT_THAT(exchange("GET /metrics HTTP/9.9\r\n\r\n"), StartsWith("HTTP/1.1 400 Bad Request\r\n"));
  EXPECT_THAT(exchange("GET /metrics HTTP/1.1\r\nContent-Length: -1\r\n\r\n"),
              StartsWith("HTTP/1.1 400 Bad Request\r\n"));
}

TEST_F(AdminHttpTest, ATooLongHeaderIsRefused) {
  const std::string request = "GET /metrics HTTP/1.1\r\nX: " + std::string(kAdminHeaderBytesMax, 'x');
  EXPECT_THAT(exchange(request), StartsWith("HTTP/1.1 431 Request Header Fields Too Large\r\n"));
}

TEST_F(AdminHttpTest, ABodyIsRefused) {
  EXPECT_THAT(exchange("GET /metrics HTTP/1.1\r\nContent-Length: 1000000\r\n\r\n"), StartsWith("HTTP/1.1 413 "));
}

TEST_F(AdminHttpTest, AConnectionServesSeveralRequestsPipelinedOrByteByByte) {
  io::TcpClient client(server_->local());
  const std::string request = "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n";
  const size_t reply = exchange(request + "GET / HTTP/1.1\r\nConnection: close\r\n\r\n").find("HTTP/1.1 404");
  ASSERT_NE(reply, std::string::npos);
  for (const char byte : request) ASSERT_TRUE(client.send(std::string_view(&byte, 1)));
  EXPECT_THAT(client.receive(reply), HasSubstr("noom_x 1\n"));
  ASSERT_TRUE(client.send(request + request));
  const std::string two = client.receive(2 * reply);
  EXPECT_EQ(two.substr(0, reply), two.substr(reply));
}

TEST_F(AdminHttpTest, ConnectionsBeyondTheLimitAreClosedAndPlacesComeBack) {
  std::vector<std::unique_ptr<io::TcpClient>> idle;
  const std::string request = "GET /healthz HTTP/1.1\r\n\r\n";
  for (size_t i = 0; i < kAdminConnectionsMax; ++i) {
    idle.push_back(std::make_unique<io::TcpClient>(server_->local()));
    ASSERT_TRUE(idle.back()->send(request));
    EXPECT_EQ(idle.back()->receive(12), "HTTP/1.1 200");
  }
  io::TcpClient refused(server_->local());
  EXPECT_EQ(refused.receive(1), "");

  idle.clear();
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  std::string reply;
  while (reply.empty() && std::chrono::steady_clock::now() < deadline) {
    io::TcpClient client(server_->local());
    client.send(request);
    reply = client.receive(12);
  }
  EXPECT_EQ(reply, "HTTP/1.1 200");
}

TEST_F(AdminHttpTest, APortInUseIsTheSystemsWord) {
  const auto second = AdminHttp::listen(io_, server_->local(), {});
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.status().message(), "Address already in use");
}

class AdminApiTest : public AdminHttpTest {
 protected:
  AdminApiTest() : AdminHttpTest(api()) {}
  std::shared_ptr<const AdminApi> api() {
    const auto order = [this](const AdminRequest& request, const AdminAnswer& answer) {
      bodies_.push_back(request.body);
      answer(request.body == "good" ? AdminReply{204} : admin_error(400, "malformed", "what is \"this\"?"));
    };
    // From another thread, as a daemon's shard does.
    const auto describe = [](const AdminRequest& request, const AdminAnswer& answer) {
      std::thread([=] { answer({200, request.parts[0] + "|" + request.parameter("limit").value_or("none")}); }).join();
    };
    return std::make_shared<AdminApi>(AdminApi{
        Secret("a token of length"),
        {{"POST", "/v1/orders", order}, {"GET", "/v1/things/{name}", describe}, {"DELETE", "/v1/things/{name}", order}},
        {{"/admin/", {"text/html; charset=utf-8", "<!doctype html>"}}}});
  }
  std::string ask(std::string_view method, std::string_view target) {
    return exchange(std::string(method) + " " + std::string(target) +
                    " HTTP/1.1\r\nConnection: close\r\nAuthorization: Bearer a token of length\r\n\r\n");
  }
  std::string post(std::string_view body, std::string_view token = "Bearer a token of length",
                   std::string_view method = "POST") {
    std::string request(method);
    request += " /v1/orders HTTP/1.1\r\nHost: x\r\nConnection: close\r\n";
    if (!token.empty()) request += "Authorization: " + std::string(token) + "\r\n";
    return exchange(request + "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + std::string(body));
  }
  std::vector<std::string> bodies_;  // the server's thread writes, an answer is there before the test reads
};

TEST_F(AdminApiTest, AnOrderIsGivenItsBodyAndAnswered) {
  EXPECT_THAT(post("good"), StartsWith("HTTP/1.1 204 No Content\r\n"));
  EXPECT_THAT(post("bad"), AllOf(StartsWith("HTTP/1.1 400 Bad Request\r\n"), HasSubstr("application/json"),
                                 HasSubstr(R"({"code":"malformed","message":"what is \"this\"?"})")));
  EXPECT_THAT(bodies_, testing::ElementsAre("good", "bad"));
}

TEST_F(AdminApiTest, WithoutItsTokenNothingIsDone) {
  for (const char* token : {"", "Bearer", "Bearer a token of lengtH", "Bearer a token", "a token of length",
                            "Basic a token of length", "Bearer a token of length "})
    EXPECT_THAT(post("good", token), std::string_view(token).ends_with(' ')
                                         ? StartsWith("HTTP/1.1 204 ")  // RFC 9110 §5.5: not part of the value
                                         : StartsWith("HTTP/1.1 401 Unauthorized\r\n"))
        << token;
  EXPECT_THAT(post("good", ""), HasSubstr("\r\nWWW-Authenticate: Bearer\r\n"));
  EXPECT_THAT(bodies_, testing::ElementsAre("good"));
}

TEST_F(AdminApiTest, OnlyPostOrdersAndABodyIsBounded) {
  EXPECT_THAT(post("good", "Bearer a token of length", "GET"),
              AllOf(StartsWith("HTTP/1.1 405 "), HasSubstr("\r\nAllow: POST\r\n")));
  EXPECT_THAT(post(std::string(kAdminBodyBytesMax + 1, 'x')), StartsWith("HTTP/1.1 413 "));
  EXPECT_THAT(exchange("GET /metrics HTTP/1.1\r\nContent-Length: 4\r\nConnection: close\r\n\r\ngood"),
              StartsWith("HTTP/1.1 413 "));
  EXPECT_THAT(bodies_, testing::IsEmpty());
}

TEST_F(AdminApiTest, PathsHavePartsAndQueriesAndAreAnsweredFromAnyThread) {
  EXPECT_THAT(ask("GET", "/v1/things/a%20%2Fb?x=1&limit=%35"),
              AllOf(StartsWith("HTTP/1.1 200 "), HasSubstr("\r\n\r\na /b|5")));
  EXPECT_THAT(ask("GET", "/v1/things/b"), HasSubstr("\r\n\r\nb|none"));
  for (const char* path :
       {"/v1/things/", "/v1/things", "/v1/things/a/b", "/v1/things/%zz", "/v1/things/%0", "/v1/things/%00"})
    EXPECT_THAT(ask("GET", path), StartsWith("HTTP/1.1 404 ")) << path;
  EXPECT_THAT(ask("POST", "/v1/things/a"), AllOf(StartsWith("HTTP/1.1 405 "), HasSubstr("\r\nAllow: GET, DELETE\r\n")));
}

TEST_F(AdminApiTest, ThePageNeedsNoTokenAndMayLoadNothingFromElsewhere) {
  EXPECT_THAT(get("GET", "/admin/"), AllOf(StartsWith("HTTP/1.1 200 OK\r\n"), HasSubstr("default-src 'none'"),
                                           HasSubstr("frame-ancestors 'none'"), HasSubstr("<!doctype html>")));
  EXPECT_THAT(get("POST", "/admin/"), StartsWith("HTTP/1.1 405 "));
  EXPECT_THAT(get("GET", "/admin/other"), StartsWith("HTTP/1.1 404 "));
}

TEST_F(AdminHttpTest, WithoutATokenThereIsNoSuchPath) {
  EXPECT_THAT(get("POST", "/v1/orders"), StartsWith("HTTP/1.1 404 Not Found\r\n"));
}

class AdminSocketTest : public testing::Test {
 protected:
  AdminSocketTest() {
    std::string name = testing::TempDir() + "admin_XXXXXX";
    folder_ = ::mkdtemp(name.data());
    path_ = folder_ + "/admin.sock";
    auto api = std::make_shared<AdminApi>();
    api->routes = {{"GET", "/v1/x", [](const AdminRequest&, const AdminAnswer& answer) { answer({200, "{}"}); }}};
    pages_ = {[] { return std::string("noom_x 1\n"); }, [] { return true; }, api};
  }
  ~AdminSocketTest() override { std::filesystem::remove_all(folder_); }
  absl::StatusOr<std::unique_ptr<AdminHttp>> listen() { return AdminHttp::listen(io_, path_, pages_); }
  std::string get(const std::string& target) {
    std::thread server([this] { io_.run(); });
    boost::asio::io_context own;
    boost::asio::local::stream_protocol::socket client(own);
    client.connect(path_);
    boost::asio::write(client,
                       boost::asio::buffer("GET " + target + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"));
    std::string answer;
    boost::system::error_code end;
    boost::asio::read(client, boost::asio::dynamic_buffer(answer), end);
    io_.stop();
    server.join();
    io_.restart();
    return answer;
  }

  boost::asio::io_context io_;
  std::string folder_;
  std::string path_;
  AdminPages pages_;
};

TEST_F(AdminSocketTest, ItsUserNeedsNoTokenAndStrangersCannotReachIt) {
  const auto server = listen();
  ASSERT_TRUE(server.ok()) << server.status();
  EXPECT_EQ(std::filesystem::status(path_).permissions(), std::filesystem::perms(0660));
  EXPECT_THAT(get("/v1/x"), AllOf(StartsWith("HTTP/1.1 200 OK\r\n"), HasSubstr("\r\n\r\n{}")));
  EXPECT_THAT(get("/metrics"), HasSubstr("noom_x 1\n"));
}

TEST_F(AdminSocketTest, ASocketLeftBehindIsReplacedAndOneInUseIsNot) {
  { boost::asio::local::stream_protocol::acceptor abandoned(io_, path_); }
  {
    const auto server = listen();
    ASSERT_TRUE(server.ok()) << server.status();
    EXPECT_EQ(listen().status().message(), "Address already in use");
  }
  EXPECT_FALSE(std::filesystem::exists(path_));
}

TEST_F(AdminSocketTest, AFileInItsPlaceIsKept) {
  std::ofstream(path_) << "x";
  EXPECT_FALSE(listen().ok());
  EXPECT_TRUE(std::filesystem::is_regular_file(path_));
}

TEST_F(AdminSocketTest, APathThatTheKernelCannotHoldIsAnError) {
  path_ = "/" + std::string(120, 'x');
  EXPECT_THAT(listen().status().message(), HasSubstr("107"));
}

}  // namespace
}  // namespace noom::ops
