// The shell's deadlines and bounds over real sockets on loopback, with deadlines short enough to wait for.
#include "signal/shell/signal_shell.h"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <future>

#include "common/io/fd.h"
#include "common/io/socket_address.h"

namespace noom::signal {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr seconds kPatience(20);

class QuietLog final : public LogSink {
 public:
  bool enabled(LogLevel) const override { return false; }
  void log(LogLevel, std::string_view, std::initializer_list<LogField>) override {}
};

// A blocking client that reads with a deadline.
class Peer {
 public:
  explicit Peer(const IpEndpoint& server) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    io::SocketAddress address;
    const socklen_t size = io::to_sockaddr(server, address);
    EXPECT_EQ(::connect(fd_.get(), &address.generic, size), 0);
  }
  void say(std::string_view text) {
    EXPECT_EQ(::send(fd_.get(), text.data(), text.size(), MSG_NOSIGNAL), static_cast<ssize_t>(text.size()));
  }
  // Everything until the server closes.
  std::string hear_all() {
    std::string heard;
    while (read_more(heard)) continue;
    return heard;
  }
  std::string hear_until(std::string_view end) {
    std::string heard;
    while (heard.find(end) == std::string::npos && read_more(heard)) continue;
    return heard;
  }

 private:
  bool read_more(std::string& heard) {
    pollfd waiting{fd_.get(), POLLIN, 0};
    const auto patience_ms = static_cast<int>(milliseconds(kPatience).count());
    if (::poll(&waiting, 1, patience_ms) <= 0) {
      ADD_FAILURE() << "nothing came within the deadline";
      return false;
    }
    char piece[4096];
    const ssize_t size = ::recv(fd_.get(), piece, sizeof piece, 0);
    if (size <= 0) return false;
    heard.append(piece, static_cast<size_t>(size));
    return true;
  }
  io::Fd fd_;
};

class SignalShellTest : public testing::Test {
 protected:
  ~SignalShellTest() override {
    if (!shell_) return;
    shard_.post([this] {
      shell_->stop();
      shard_.release();
    });
    EXPECT_TRUE(shard_.wait_finished(kPatience));
    shard_.join();
  }

  void start(ShellSettings shell_settings) {
    WebFiles files;
    files.add("/index.html", "text/html", "page");
    shell_ = std::make_unique<SignalShell>(shard_, std::make_shared<const Settings>(), std::move(shell_settings),
                                           std::move(files), log_);
    auto acceptor = io::Acceptor::open(shard_.context(), {IpAddress::v4(127, 0, 0, 1), 0}, {});
    ASSERT_TRUE(acceptor.ok()) << acceptor.status();
    at_ = (*acceptor)->local();
    shell_->serve(*std::move(acceptor), nullptr);
    shard_.start();
  }

  QuietLog log_;
  io::Shard shard_{0, "signal"};
  std::unique_ptr<SignalShell> shell_;
  IpEndpoint at_;
};

constexpr std::string_view kUpgrade =
    "GET /ws HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: noom.v1\r\n\r\n";

TEST_F(SignalShellTest, ARequestThatNeverEndsIsClosedAtItsDeadline) {
  ShellSettings settings;
  settings.request_deadline = milliseconds(50);
  start(settings);
  Peer silent(at_), slow(at_);
  slow.say("GET / HTTP/1.1\r\nHost: localh");
  EXPECT_EQ(silent.hear_all(), "");
  EXPECT_EQ(slow.hear_all(), "");
  EXPECT_EQ(shell_->stats().deadlines_missed.value(), 2u);
}

TEST_F(SignalShellTest, AnAnsweredConnectionIsClosedWhenItStaysIdle) {
  ShellSettings settings;
  settings.request_deadline = milliseconds(800);
  start(settings);
  Peer peer(at_);
  peer.say("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
  const std::string heard = peer.hear_all();
  EXPECT_TRUE(heard.starts_with("HTTP/1.1 200 OK\r\n"));
  EXPECT_TRUE(heard.ends_with("page"));
}

// The answer of RFC 6455 §1.3's example key.
TEST_F(SignalShellTest, AnUpgradeIsAnsweredWithTheSubprotocol) {
  start({});
  Peer peer(at_);
  peer.say(kUpgrade);
  const std::string head = peer.hear_until("\r\n\r\n");
  EXPECT_TRUE(head.starts_with("HTTP/1.1 101 ")) << head;
  EXPECT_NE(head.find("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"), std::string::npos) << head;
  EXPECT_NE(head.find("Sec-WebSocket-Protocol: noom.v1\r\n"), std::string::npos) << head;
}

TEST_F(SignalShellTest, AnUpgradeThatDoesNotWaitForItsAnswerIs400) {
  start({});
  Peer peer(at_);
  peer.say(std::string(kUpgrade) + "early");
  EXPECT_TRUE(peer.hear_all().starts_with("HTTP/1.1 400 "));
}

TEST_F(SignalShellTest, APostThatNeverEndsIsClosedAtItsDeadline) {
  ShellSettings settings;
  settings.request_deadline = milliseconds(300);
  start(settings);
  Peer stream(at_);
  stream.say("GET /v1/sse HTTP/1.1\r\nHost: localhost\r\n\r\n");
  const std::string head = stream.hear_until("\"}\n\n");
  constexpr std::string_view kBefore = "{\"connection\":\"";
  const size_t at = head.find(kBefore) + kBefore.size();
  const std::string name = head.substr(at, head.find('"', at) - at);
  Peer half(at_);
  half.say("POST /v1/sse/" + name + "?post=1 HTTP/1.1\r\nHost: localhost\r\nContent-Length: 65536\r\n\r\nhalf");
  EXPECT_EQ(half.hear_all(), "");
  EXPECT_EQ(shell_->stats().deadlines_missed.value(), 1u);
}

TEST_F(SignalShellTest, APollIsAnsweredWithNothingWhenItHasWaitedAndTheConnectionGoesOn) {
  ShellSettings settings;
  settings.fallback.poll_wait = milliseconds(50);
  start(settings);
  Peer peer(at_);
  peer.say("GET /v1/poll HTTP/1.1\r\nHost: localhost\r\n\r\n");
  const std::string head = peer.hear_until("\"}");
  constexpr std::string_view kBefore = "{\"connection\":\"";
  const size_t at = head.find(kBefore) + kBefore.size();
  const std::string poll =
      "GET /v1/poll/" + head.substr(at, head.find('"', at) - at) + "?cursor=0 HTTP/1.1\r\nHost: localhost\r\n\r\n";
  for (int i = 0; i < 3; ++i) {
    peer.say(poll);
    EXPECT_NE(peer.hear_until("}").find("{\"cursor\":0,\"messages\":[]}"), std::string::npos);
  }
  peer.say(poll + poll);  // the second waits for its turn
  peer.hear_until("]}");
}

TEST_F(SignalShellTest, AClientThatDoesNotAnswerTheCloseFrameIsCutOff) {
  ShellSettings settings;
  settings.close_deadline = milliseconds(50);
  start(settings);
  Peer peer(at_);
  peer.say(kUpgrade);
  peer.hear_until("\r\n\r\n");
  std::promise<void> drained;
  shell_->drain([&drained] { drained.set_value(); });
  EXPECT_EQ(drained.get_future().wait_for(kPatience), std::future_status::ready);
  const std::string frame = peer.hear_all();
  ASSERT_GE(frame.size(), 4u);
  EXPECT_EQ(frame[0], '\x88');
  EXPECT_EQ(frame.substr(2, 2), "\x03\xe9");  // 1001
  EXPECT_EQ(shell_->stats().connections.value(), 0u);
  EXPECT_EQ(shell_->stats().closes[close_label(1001)].value(), 1u);
}

TEST_F(SignalShellTest, DrainingWithNobodyThereIsDoneAtOnce) {
  start({});
  std::promise<void> drained;
  shell_->drain([&drained] { drained.set_value(); });
  EXPECT_EQ(drained.get_future().wait_for(kPatience), std::future_status::ready);
}

}  // namespace
}  // namespace noom::signal
