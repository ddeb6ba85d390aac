#include "common/bus/nats_bus.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <filesystem>
#include <mutex>

#include "tests/unit/common/bus/nats_server.h"
#include "tests/unit/common/io/certificate.h"
#include "tests/unit/common/io/loop.h"

namespace noom::bus {
namespace {

using io::run_until;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class RecordingLog final : public LogSink {
 public:
  bool enabled(LogLevel) const override { return true; }
  void log(LogLevel, std::string_view event, std::initializer_list<LogField>) override {
    const std::lock_guard lock(mutex_);
    events_.emplace_back(event);
  }
  std::vector<std::string> events() {
    const std::lock_guard lock(mutex_);
    return events_;
  }

 private:
  std::mutex mutex_;
  std::vector<std::string> events_;
};

size_t threads() {
  const std::filesystem::directory_iterator tasks("/proc/self/task");
  return static_cast<size_t>(std::distance(begin(tasks), end(tasks)));
}

class NatsBusTest : public testing::Test {
 protected:
  std::unique_ptr<Bus> connect(NatsOptions options) {
    options.name = "test";
    options.retry_min = std::chrono::milliseconds(5);
    options.retry_max = std::chrono::milliseconds(50);
    auto bus = connect_nats(
        std::move(options), [this](auto work) { boost::asio::post(context_, std::move(work)); }, log_);
    bus->on_state([this](const BusState& state) { states_.push_back(state.connected); });
    return bus;
  }
  std::unique_ptr<Bus> connect(const std::string& server) {
    NatsOptions options;
    options.servers = {server};
    return connect(std::move(options));
  }
  bool becomes(const Bus& bus, bool connected) {
    return run_until(context_, [&] { return bus.state().connected == connected; });
  }
  // Neither connected nor still in its first attempt.
  bool is_refused(const Bus& bus) {
    return run_until(context_, [&] { return !bus.state().server.empty() && !bus.state().reason.empty(); });
  }
  void hear(Bus& bus, const std::string& subject, std::vector<std::string>& to) {
    bus.subscribe(subject, [&to](std::string_view bytes) { to.emplace_back(bytes); });
  }

  RecordingLog log_;
  boost::asio::io_context context_;
  std::vector<bool> states_;
};

TEST_F(NatsBusTest, WhatOnePublishesTheOthersHearAndItselfDoesNot) {
  const NatsServer server;
  const auto a = connect(server.url());
  const auto b = connect(server.url());
  std::vector<std::string> at_a, at_b, elsewhere;
  hear(*a, "noom.all", at_a);
  hear(*b, "noom.all", at_b);
  hear(*b, "noom.other", elsewhere);
  ASSERT_TRUE(becomes(*a, true) && becomes(*b, true));
  const std::string binary("1\0\xff", 3);
  EXPECT_TRUE(a->publish("noom.all", binary).ok());
  EXPECT_TRUE(a->publish("noom.all", "").ok());
  ASSERT_TRUE(run_until(context_, [&] { return at_b.size() == 2; }));
  EXPECT_THAT(at_b, ElementsAre(binary, ""));
  EXPECT_TRUE(b->publish("noom.all", "2").ok());
  ASSERT_TRUE(run_until(context_, [&] { return !at_a.empty(); }));
  EXPECT_THAT(at_a, ElementsAre("2"));
  EXPECT_THAT(elsewhere, IsEmpty());
  EXPECT_EQ(a->stats().messages_out, 2u);
  EXPECT_EQ(b->stats().messages_in, 2u);
  EXPECT_EQ(b->stats().bytes_in, 3u);
}

TEST_F(NatsBusTest, WhoSubscribesLaterHearsToo) {
  const NatsServer server;
  const auto a = connect(server.url());
  const auto b = connect(server.url());
  ASSERT_TRUE(becomes(*a, true) && becomes(*b, true));
  std::vector<std::string> heard;
  hear(*b, "noom.late", heard);
  EXPECT_TRUE(run_until(context_, [&] {
    EXPECT_TRUE(a->publish("noom.late", "x").ok());
    return !heard.empty();
  }));
}

TEST_F(NatsBusTest, ItStartsWithoutAServerAndConnectsWhenThereIsOne) {
  NatsServer server;
  server.kill();
  const auto bus = connect(server.url());
  ASSERT_TRUE(is_refused(*bus));
  const absl::Status status = bus->publish("noom.all", "x");
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(status.message()), HasSubstr("no connection with NATS: "));
  EXPECT_EQ(bus->stats().dropped_disconnected, 1u);
  server.start();
  ASSERT_TRUE(becomes(*bus, true));
  EXPECT_THAT(log_.events(), ElementsAre("bus_unreachable", "bus_connected"));
}

TEST_F(NatsBusTest, ALossIsToldAndSubscriptionsOutliveIt) {
  NatsServer server;
  const auto a = connect(server.url());
  const auto b = connect(server.url());
  std::vector<std::string> heard;
  hear(*b, "noom.all", heard);
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(becomes(*a, true) && becomes(*b, true));
    heard.clear();
    EXPECT_TRUE(a->publish("noom.all", "x").ok());
    ASSERT_TRUE(run_until(context_, [&] { return !heard.empty(); }));
    server.kill();
    ASSERT_TRUE(becomes(*a, false) && becomes(*b, false));
    EXPECT_THAT(a->state().reason, testing::Not(IsEmpty()));
    EXPECT_FALSE(a->publish("noom.all", "x").ok());
    server.start();
  }
  ASSERT_TRUE(becomes(*a, true) && becomes(*b, true));
  EXPECT_EQ(a->stats().losses, 3u);
  EXPECT_EQ(a->stats().connects, 4u);
}

TEST_F(NatsBusTest, AnotherServerIsTakenWhenOneIsAway) {
  NatsServer away;
  const NatsServer server;
  away.kill();
  NatsOptions options;
  options.servers = {away.url(), server.url()};
  const auto bus = connect(std::move(options));
  ASSERT_TRUE(becomes(*bus, true));
  EXPECT_EQ(bus->state().server, server.url());
}

TEST_F(NatsBusTest, AServerThatHangsIsLost) {
  NatsServer server;
  NatsOptions options;
  options.servers = {server.url()};
  options.ping_interval = std::chrono::milliseconds(50);
  options.connect_timeout = std::chrono::milliseconds(300);
  const auto bus = connect(std::move(options));
  ASSERT_TRUE(becomes(*bus, true));
  server.pause();
  EXPECT_TRUE(becomes(*bus, false));
  server.go_on();
  EXPECT_TRUE(becomes(*bus, true));
}

TEST_F(NatsBusTest, WhatTheServerTakesTooSlowlyIsRefusedAndCounted) {
  NatsServer server;
  NatsOptions options;
  options.servers = {server.url()};
  options.queue_bytes_max = 1 << 20;
  options.connect_timeout = std::chrono::milliseconds(500);
  const auto bus = connect(std::move(options));
  ASSERT_TRUE(becomes(*bus, true));
  server.pause();
  absl::Status status;
  for (int i = 0; i < 100'000 && status.ok(); ++i) status = bus->publish("noom.all", std::string(100'000, 'x'));
  EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted) << status;
  EXPECT_EQ(bus->stats().dropped_full, 1u);
}

TEST_F(NatsBusTest, WhatIsHandledTooSlowlyIsDroppedAndCounted) {
  const NatsServer server;
  NatsOptions options;
  options.servers = {server.url()};
  options.unhandled_bytes_max = 1000;
  const auto slow = connect(std::move(options));
  std::vector<std::string> heard;
  hear(*slow, "noom.all", heard);
  ASSERT_TRUE(becomes(*slow, true));
  {
    const auto busy = connect(server.url());
    ASSERT_TRUE(becomes(*busy, true));
    for (int i = 0; i < 100; ++i) ASSERT_TRUE(busy->publish("noom.all", std::string(100, 'x')).ok());
  }  // all of it is with the server
  const auto deadline = std::chrono::steady_clock::now() + io::kPatience;
  while (slow->stats().dropped_unhandled < 90 && std::chrono::steady_clock::now() < deadline) ::sched_yield();
  EXPECT_EQ(slow->stats().dropped_unhandled, 90u);
  ASSERT_TRUE(run_until(context_, [&] { return heard.size() == 10; }));
}

TEST_F(NatsBusTest, WhatWasPublishedBeforeTheEndArrives) {
  const NatsServer server;
  const auto stays = connect(server.url());
  auto leaves = connect(server.url());
  std::vector<std::string> heard;
  hear(*stays, "noom.all", heard);
  ASSERT_TRUE(becomes(*stays, true) && becomes(*leaves, true));
  EXPECT_TRUE(leaves->publish("noom.all", "farewell").ok());
  leaves.reset();
  ASSERT_TRUE(run_until(context_, [&] { return !heard.empty(); }));
}

TEST_F(NatsBusTest, NoThreadIsLeftAndNoHandlerRunsAfterItsEnd) {
  const NatsServer server;
  const size_t before = threads();
  for (int i = 0; i < 3; ++i) {
    auto bus = connect(server.url());
    std::vector<std::string> heard;
    hear(*bus, "noom.all", heard);
    const auto other = connect(server.url());
    ASSERT_TRUE(becomes(*bus, true) && becomes(*other, true));
    EXPECT_GT(threads(), before);
    EXPECT_TRUE(other->publish("noom.all", "x").ok());
    bus.reset();
    context_.restart();
    context_.poll();
  }
  EXPECT_EQ(threads(), before);
}

TEST_F(NatsBusTest, ItEndsSoonWhileAServerSaysNothing) {
  boost::asio::ip::tcp::acceptor silent(context_, {boost::asio::ip::make_address("127.0.0.1"), 0});
  NatsOptions options;
  options.servers = {"nats://127.0.0.1:" + std::to_string(silent.local_endpoint().port())};
  options.connect_timeout = std::chrono::milliseconds(200);
  const auto start = std::chrono::steady_clock::now();
  connect(std::move(options)).reset();
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(5));
}

TEST_F(NatsBusTest, AWrongPasswordIsSaidAndARightOneTakenLater) {
  const NatsServer server({"--user", "noom", "--pass", "right"});
  std::atomic<bool> right{false};
  NatsOptions options;
  options.servers = {server.url()};
  options.login = [&right]() -> absl::StatusOr<NatsLogin> {
    NatsLogin login;
    login.user = "noom";
    login.password = Secret(right ? "right" : "wrong");
    return login;
  };
  const auto bus = connect(std::move(options));
  ASSERT_TRUE(is_refused(*bus));
  EXPECT_THAT(bus->state().reason, HasSubstr("Authorization"));
  right = true;
  EXPECT_TRUE(becomes(*bus, true));
}

TEST_F(NatsBusTest, ATokenIsGiven) {
  const NatsServer server({"--auth", "s3cret"});
  NatsOptions options;
  options.servers = {server.url()};
  options.login = []() -> absl::StatusOr<NatsLogin> {
    NatsLogin login;
    login.token = Secret("s3cret");
    return login;
  };
  const auto bus = connect(std::move(options));
  EXPECT_TRUE(becomes(*bus, true));
  const auto without = connect(server.url());
  EXPECT_TRUE(is_refused(*without));
}

TEST_F(NatsBusTest, ALoginThatCannotBeReadIsAReason) {
  const NatsServer server;
  NatsOptions options;
  options.servers = {server.url()};
  options.login = []() -> absl::StatusOr<NatsLogin> { return absl::UnavailableError("/etc/noom/nats.user: gone"); };
  const auto bus = connect(std::move(options));
  ASSERT_TRUE(is_refused(*bus));
  EXPECT_EQ(bus->state().reason, "/etc/noom/nats.user: gone");
}

class NatsTlsTest : public NatsBusTest {
 protected:
  std::unique_ptr<Bus> connect_tls(const std::string& server, NatsTls tls) {
    NatsOptions options;
    options.servers = {server};
    options.tls = std::move(tls);
    return connect(std::move(options));
  }
  static std::vector<std::string> arguments(const io::TestCertificate& certificate) {
    return {"--tls", "--tlscert", certificate.files().certificate_file, "--tlskey", certificate.files().key_file};
  }
  const io::TestCertificate certificate_{"DNS:localhost"};
};

TEST_F(NatsTlsTest, TheServersCertificateAndNameAreVerified) {
  const NatsServer server(arguments(certificate_));
  const std::string ca = certificate_.files().certificate_file;
  const auto good = connect_tls(server.url("tls", "localhost"), {.ca_file = ca});
  EXPECT_TRUE(becomes(*good, true));
  const auto other_name = connect_tls(server.url("tls", "127.0.0.1"), {.ca_file = ca});
  EXPECT_TRUE(is_refused(*other_name));
  const auto unknown = connect_tls(server.url("tls", "localhost"), {});
  EXPECT_TRUE(is_refused(*unknown));
  const auto unverified = connect_tls(server.url("tls", "127.0.0.1"), {.verify = false});
  EXPECT_TRUE(becomes(*unverified, true));
}

TEST_F(NatsTlsTest, AClientCertificateIsShown) {
  const io::TestCertificate client("DNS:noom");
  auto with_clients = arguments(certificate_);
  for (const std::string& word :
       {std::string("--tlsverify"), std::string("--tlscacert"), client.files().certificate_file})
    with_clients.push_back(word);
  const NatsServer server(with_clients);
  const std::string ca = certificate_.files().certificate_file;
  const auto good =
      connect_tls(server.url("tls", "localhost"),
                  {.ca_file = ca, .certificate = client.files().certificate_file, .key = client.files().key_file});
  EXPECT_TRUE(becomes(*good, true));
  const auto without = connect_tls(server.url("tls", "localhost"), {.ca_file = ca});
  EXPECT_TRUE(is_refused(*without));
}

}  // namespace
}  // namespace noom::bus
