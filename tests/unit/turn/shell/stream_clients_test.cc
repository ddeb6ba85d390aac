// Time-outs of connections, with short limits and a host that says what it is told to.
#include "turn/shell/stream_clients.h"

#include <gtest/gtest.h>

#include "common/io/acceptor.h"
#include "common/io/clocks.h"
#include "tests/unit/common/io/certificate.h"
#include "tests/unit/common/io/loop.h"
#include "tests/unit/turn/shell/service_fixture.h"

namespace noom::turn {
namespace {

using namespace std::chrono_literals;

class StreamClientsTest : public testing::Test, protected StreamHost {
 protected:
  void SetUp() override {
    acceptor_->start([this](io::Stream::Socket socket) { clients_.accept(std::move(socket), 0, {.tls = tls_}); });
  }
  void TearDown() override {
    acceptor_->stop();
    clients_.stop();
    context_.restart();
    context_.run();
  }
  void on_stream_frame(Now, const FiveTuple& client, Bytes frame) override {
    ++frames_;
    last_ = client;
    if (answer_) clients_.send(client, frame);
  }
  void on_stream_closed(Now, const FiveTuple&) override { ++closed_; }
  bool has_allocation(const FiveTuple&) const override { return allocated_; }
  std::string_view denial(const IpAddress&) const override { return denial_; }

  bool run_until(const std::function<bool()>& done) { return io::run_until(context_, done); }
  uint64_t ended(StreamEnd reason) const { return stats_.streams_ended[reason].value(); }

  boost::asio::io_context context_;
  RecordingLog sink_;
  ShellStats stats_;
  EventLog log_{sink_, 0};
  std::shared_ptr<const io::TlsContext> tls_;
  std::unique_ptr<io::Acceptor> acceptor_ = io::Acceptor::open(context_, {kLoopback, 0}, {}).value();
  StreamPlaces places_{10, 10};
  StreamClients clients_{context_, *this, {.idle_timeout = 30ms, .handshake_timeout = 30ms}, places_, stats_, log_};
  int frames_ = 0;
  int closed_ = 0;
  bool allocated_ = false;
  std::string_view denial_;
  bool answer_ = false;
  FiveTuple last_;
};

TEST_F(StreamClientsTest, AConnectionThatSaysNothingIsClosed) {
  io::TcpClient client(acceptor_->local());
  ASSERT_TRUE(run_until([&] { return ended(StreamEnd::kIdle) == 1; }));
  EXPECT_TRUE(client.at_clean_end());
  EXPECT_EQ(closed_, 1);
  EXPECT_EQ(clients_.size(), 0U);
}

TEST_F(StreamClientsTest, BytesThatNeverMakeAMessageDoNotKeepAConnection) {
  io::TcpClient client(acceptor_->local());
  const std::string request = TurnClient::binding_request();
  size_t sent = 0;
  ASSERT_TRUE(run_until([&] {
    if (sent + 1 < request.size()) client.send({&request[sent++], 1});
    return ended(StreamEnd::kIdle) == 1;
  }));
  EXPECT_EQ(frames_, 0);
}

TEST_F(StreamClientsTest, AQuietConnectionWithAnAllocationStays) {
  allocated_ = true;
  io::TcpClient client(acceptor_->local());
  ASSERT_TRUE(run_until([&] { return clients_.size() == 1; }));
  const auto later = std::chrono::steady_clock::now() + 100ms;
  ASSERT_TRUE(run_until([&] { return std::chrono::steady_clock::now() > later; }));
  EXPECT_EQ(clients_.size(), 1U);
  allocated_ = false;
  EXPECT_TRUE(run_until([&] { return ended(StreamEnd::kIdle) == 1; }));
}

TEST_F(StreamClientsTest, AHandshakeThatNeverComesEndsTheConnection) {
  const io::TestCertificate certificate;
  tls_ = io::TlsContext::load(certificate.options(), io::read_clocks().wall).value();
  io::TcpClient client(acceptor_->local());
  ASSERT_TRUE(run_until([&] { return clients_.size() == 0 && stats_.streams_accepted.value() == 1; }));
  EXPECT_EQ(ended(StreamEnd::kHandshakeFailed) + ended(StreamEnd::kIdle), 1U);
  EXPECT_EQ(closed_, 0) << "the host never heard of it";
}

TEST_F(StreamClientsTest, AClientDeniedIsClosedBeforeAnythingIsRead) {
  denial_ = "deny 127.0.0.0/8";
  io::TcpClient client(acceptor_->local());
  ASSERT_TRUE(run_until([&] { return stats_.streams_refused[StreamRefusal::kClientDenied].value() == 1; }));
  EXPECT_EQ(clients_.size(), 0U);
  EXPECT_EQ(stats_.streams_accepted.value(), 0U);
}

TEST_F(StreamClientsTest, ClosingWritesWhatIsQueuedFirst) {
  allocated_ = true;
  answer_ = true;
  io::TcpClient client(acceptor_->local());
  const std::string request = TurnClient::binding_request();
  ASSERT_TRUE(client.send(request));
  ASSERT_TRUE(run_until([&] { return frames_ == 1; }));
  EXPECT_EQ(stats_.stream_queued_bytes.value(), request.size());
  clients_.flush();
  clients_.close(last_);
  clients_.send(last_, as_bytes("too late"));
  EXPECT_EQ(stats_.drops[ShellDrop::kStreamGone].value(), 1U);
  context_.restart();
  context_.poll();
  EXPECT_EQ(client.receive(request.size()), request);
  EXPECT_TRUE(client.at_clean_end());
  client.close();
  EXPECT_TRUE(run_until([&] { return ended(StreamEnd::kServerClosed) == 1; }));
  EXPECT_EQ(stats_.stream_queued_bytes.value(), 0U);
}

}  // namespace
}  // namespace noom::turn
