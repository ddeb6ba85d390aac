#include "common/io/stream.h"

#include <gtest/gtest.h>
#include <signal.h>

#include <boost/asio/bind_executor.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/write.hpp>
#include <future>
#include <optional>
#include <thread>

#include "common/io/acceptor.h"
#include "common/io/clocks.h"
#include "tests/unit/common/io/certificate.h"
#include "tests/unit/common/io/loop.h"
#include "tests/unit/common/io/tcp_client.h"

namespace noom::io {
namespace {

using namespace std::chrono_literals;
using boost::system::error_code;

// One accepted connection on a loop of the test's thread; the client runs on a thread of its own. Every test runs for
// plain TCP and TLS.
class StreamTest : public testing::TestWithParam<bool> {
 protected:
  void SetUp() override {
    acceptor_ = Acceptor::open(context_, IpEndpoint::parse("127.0.0.1:0").value(), {}).value();
    acceptor_->start([this](Stream::Socket socket) {
      if (GetParam()) {
        stream_.emplace(std::move(socket), tls_);
      } else {
        stream_.emplace(std::move(socket));
      }
    });
    TlsOptions options = certificate_.options();
    options.alpn = {"stun.turn", "http/1.1"};
    tls_ = TlsContext::load(options, read_clocks().wall).value();
  }
  void TearDown() override {
    stream_.reset();
    acceptor_.reset();
    if (thread_.joinable()) thread_.join();
    context_.restart();
    context_.run();
  }

  enum class Begin { kHandshake, kRaw };
  void client(std::function<void(TcpClient&)> body, Begin begin = Begin::kHandshake) {
    const bool shake = GetParam() && begin == Begin::kHandshake;
    thread_ = std::thread([body = std::move(body), server = acceptor_->local(), shake] {
      sigset_t pipe;  // of the client's thread alone: the stream under test must do without
      sigemptyset(&pipe);
      sigaddset(&pipe, SIGPIPE);
      ::pthread_sigmask(SIG_BLOCK, &pipe, nullptr);
      TcpClient client(server);
      ASSERT_TRUE(client.connected());
      ASSERT_TRUE(!shake || client.handshake());
      body(client);
    });
    ASSERT_TRUE(run_until(context_, [this] { return stream_.has_value(); }));
  }
  error_code handshake(Duration deadline = 20s) {
    std::optional<error_code> result;
    stream_->async_handshake(deadline, [&](error_code error) { result = error; });
    EXPECT_TRUE(run_until(context_, [&] { return result.has_value(); }));
    return result.value_or(error_code());
  }
  // The next bytes, or the error.
  std::pair<error_code, std::string> read(size_t size = 64 * 1024) {
    std::string buffer(size, '\0');
    std::optional<error_code> result;
    size_t got = 0;
    stream_->async_read_some(boost::asio::buffer(buffer), [&](error_code error, size_t count) {
      result = error;
      got = count;
    });
    EXPECT_TRUE(run_until(context_, [&] { return result.has_value(); }));
    buffer.resize(got);
    return {result.value_or(error_code()), buffer};
  }
  template <typename Buffers>
  error_code write(const Buffers& buffers) {
    std::optional<error_code> result;
    boost::asio::async_write(*stream_, buffers, [&](error_code error, size_t) { result = error; });
    EXPECT_TRUE(run_until(context_, [&] { return result.has_value(); }));
    return result.value_or(error_code());
  }
  error_code shutdown(Duration deadline) {
    std::optional<error_code> result;
    stream_->async_shutdown(deadline, [&](error_code error) { result = error; });
    EXPECT_TRUE(run_until(context_, [&] { return result.has_value(); }));
    return result.value_or(error_code());
  }

  TestCertificate certificate_;
  boost::asio::io_context context_;
  std::shared_ptr<const TlsContext> tls_;
  std::unique_ptr<Acceptor> acceptor_;
  std::optional<Stream> stream_;
  std::thread thread_;
};

TEST_P(StreamTest, CarriesBytesBothWays) {
  client([](TcpClient& client) {
    ASSERT_TRUE(client.send("ping"));
    EXPECT_EQ(client.receive(8), "pongPONG");
  });
  EXPECT_EQ(handshake(), error_code());
  EXPECT_EQ(stream_->is_tls(), GetParam());
  EXPECT_EQ(stream_->local(), acceptor_->local());
  EXPECT_EQ(stream_->remote().address, IpAddress::v4(127, 0, 0, 1));
  EXPECT_EQ(read().second, "ping");
  const std::array<boost::asio::const_buffer, 3> buffers{boost::asio::buffer("pong", 4), boost::asio::const_buffer(),
                                                         boost::asio::buffer("PONG", 4)};
  EXPECT_EQ(write(buffers), error_code());
}

TEST_P(StreamTest, AWriteLargerThanEveryBufferArrivesWhole) {
  static constexpr size_t kSize = 8 << 20;
  client([](TcpClient& client) {
    const std::string got = client.receive(kSize);
    ASSERT_EQ(got.size(), kSize);
    for (size_t i = 0; i < kSize; i += 4097) ASSERT_EQ(got[i], static_cast<char>(i % 251));
  });
  EXPECT_EQ(handshake(), error_code());
  std::string sent(kSize, '\0');
  for (size_t i = 0; i < kSize; ++i) sent[i] = static_cast<char>(i % 251);
  EXPECT_EQ(write(boost::asio::buffer(sent)), error_code());
}

TEST_P(StreamTest, ReadsAndWritesMayBePendingTogether) {
  static constexpr size_t kSize = 2 << 20;
  client([](TcpClient& client) {
    ASSERT_TRUE(client.send("first"));
    EXPECT_EQ(client.receive(kSize).size(), kSize);
    ASSERT_TRUE(client.send("second"));
  });
  EXPECT_EQ(handshake(), error_code());
  EXPECT_EQ(read().second, "first");
  const std::string sent(kSize, 'x');
  std::optional<error_code> written;
  boost::asio::async_write(*stream_, boost::asio::buffer(sent), [&](error_code error, size_t) { written = error; });
  EXPECT_EQ(read().second, "second");
  EXPECT_EQ(written, error_code());
}

TEST_P(StreamTest, ThePeersEndIsEof) {
  client([](TcpClient& client) { client.close(); });
  EXPECT_EQ(handshake(), error_code());
  const error_code error = read().first;
  EXPECT_TRUE(error == boost::asio::error::eof || error == boost::asio::error::connection_reset) << error.message();
}

TEST_P(StreamTest, WritingToAClosedPeerIsAnErrorAndNoSignal) {
  client([](TcpClient& client) { client.close(); });
  EXPECT_EQ(handshake(), error_code());
  thread_.join();
  const std::string chunk(1 << 20, 'x');
  error_code error;
  for (int i = 0; i < 50 && !error; ++i) error = write(boost::asio::buffer(chunk));
  EXPECT_TRUE(error == boost::asio::error::broken_pipe || error == boost::asio::error::connection_reset)
      << error.message();
}

TEST_P(StreamTest, ClosingAbortsAPendingRead) {
  std::promise<void> done;
  client([wait = done.get_future().share()](TcpClient&) { wait.wait(); });
  EXPECT_EQ(handshake(), error_code());
  std::optional<error_code> result;
  std::array<char, 8> buffer;
  stream_->async_read_some(boost::asio::buffer(buffer), [&](error_code error, size_t) { result = error; });
  context_.restart();
  context_.poll();
  stream_.reset();
  EXPECT_TRUE(run_until(context_, [&] { return result.has_value(); }));
  EXPECT_EQ(result, boost::asio::error::operation_aborted);
  done.set_value();
}

TEST_P(StreamTest, ShutdownDeliversTheLastBytesAndSaysGoodbye) {
  client([](TcpClient& client) {
    ASSERT_TRUE(client.send("a request that nobody reads"));
    EXPECT_EQ(client.receive(7), "goodbye");
    EXPECT_TRUE(client.at_clean_end());
  });
  EXPECT_EQ(handshake(), error_code());
  EXPECT_EQ(write(boost::asio::buffer("goodbye", 7)), error_code());
  EXPECT_EQ(shutdown(20s), error_code());
  EXPECT_FALSE(stream_->is_open());
}

TEST_P(StreamTest, ShutdownDoesNotWaitForAPeerThatStays) {
  std::promise<void> done;
  client([wait = done.get_future().share()](TcpClient&) { wait.wait(); });
  EXPECT_EQ(handshake(), error_code());
  EXPECT_EQ(shutdown(10ms), boost::asio::error::timed_out);
  EXPECT_FALSE(stream_->is_open());
  done.set_value();
}

TEST_P(StreamTest, ShutdownEndsAtItsDeadlineAlsoWhileThePeerGoesOnSending) {
  client([](TcpClient& client) {
    const std::string chunk(256 * 1024, 'x');
    while (client.send(chunk)) {
    }
  });
  EXPECT_EQ(handshake(), error_code());
  EXPECT_EQ(read().first, error_code());
  EXPECT_EQ(shutdown(50ms), boost::asio::error::timed_out);
  EXPECT_FALSE(stream_->is_open());
}

TEST_P(StreamTest, HandlersRunOnTheirOwnExecutor) {
  client([](TcpClient& client) { ASSERT_TRUE(client.send("x")); });
  EXPECT_EQ(handshake(), error_code());
  const auto strand = boost::asio::make_strand(context_);
  bool inside = false;
  bool called = false;
  std::array<char, 8> buffer;
  stream_->async_read_some(boost::asio::buffer(buffer), boost::asio::bind_executor(strand, [&](error_code, size_t) {
                             inside = strand.running_in_this_thread();
                             called = true;
                           }));
  ASSERT_TRUE(run_until(context_, [&] { return called; }));
  EXPECT_TRUE(inside);
}

INSTANTIATE_TEST_SUITE_P(Transports, StreamTest, testing::Bool(),
                         [](const testing::TestParamInfo<bool>& param) { return param.param ? "Tls" : "Tcp"; });

class TlsStreamTest : public StreamTest {};

TEST_P(TlsStreamTest, GarbageInsteadOfAHandshakeIsATlsError) {
  client(
      [](TcpClient& client) {
        ASSERT_TRUE(client.send("GET / HTTP/1.1\r\nHost: example.org\r\n\r\n"));
        client.receive(100);
      },
      Begin::kRaw);
  const error_code error = handshake();
  EXPECT_EQ(error.category(), tls_category()) << error.message();
  EXPECT_FALSE(error.message().empty());
  stream_.reset();
}

TEST_P(TlsStreamTest, AHandshakeThatNeverComesTimesOut) {
  std::promise<void> done;
  client([wait = done.get_future().share()](TcpClient&) { wait.wait(); }, Begin::kRaw);
  EXPECT_EQ(handshake(10ms), boost::asio::error::timed_out);
  EXPECT_FALSE(stream_->is_open());
  done.set_value();
}

TEST_P(TlsStreamTest, AlpnIsTheServersPreferenceAmongTheClients) {
  // RFC 7301 §3.2: the server selects a protocol that it and the client support.
  client([](TcpClient& client) { ASSERT_TRUE(client.handshake("\x08http/1.1\x09stun.turn")); }, Begin::kRaw);
  EXPECT_EQ(handshake(), error_code());
  EXPECT_EQ(stream_->alpn(), "stun.turn");
}

TEST_P(TlsStreamTest, AClientThatOffersOnlyOtherAlpnIsRefused) {
  // RFC 7301 §3.2: no protocol in common ends the connection with no_application_protocol.
  client([](TcpClient& client) { ASSERT_FALSE(client.handshake("\x02h2")); }, Begin::kRaw);
  EXPECT_EQ(handshake().category(), tls_category());
}

TEST_P(TlsStreamTest, AClientThatOffersNoAlpnIsServed) {
  client([](TcpClient& client) { ASSERT_TRUE(client.handshake()); }, Begin::kRaw);
  EXPECT_EQ(handshake(), error_code());
  EXPECT_EQ(stream_->alpn(), "");
}

INSTANTIATE_TEST_SUITE_P(Tls, TlsStreamTest, testing::Values(true));

}  // namespace
}  // namespace noom::io
