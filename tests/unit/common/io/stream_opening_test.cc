// What stands before a stream's own bytes: a preamble, however it is cut; TLS or plain by the first byte; a deadline.
#include <gtest/gtest.h>

#include <boost/asio/read.hpp>
#include <functional>
#include <optional>
#include <thread>

#include "common/io/acceptor.h"
#include "common/io/clocks.h"
#include "common/io/stream.h"
#include "common/io/stream_front.h"
#include "tests/unit/common/io/certificate.h"
#include "tests/unit/common/io/loop.h"
#include "tests/unit/common/io/tcp_client.h"

namespace noom::io {
namespace {

using namespace std::chrono_literals;
using boost::system::error_code;

constexpr uint8_t kNoLine = 0;
const IpEndpoint kClient{IpAddress::v4(203, 0, 113, 5), 50000};
const IpEndpoint kServer{IpAddress::v4(198, 51, 100, 9), 443};

// A line that begins with '>' names kClient; one of '>' alone names nobody.
Preamble read_line(Bytes front) {
  if (front[0] != std::byte{'>'}) return {.kind = Preamble::Kind::kRefused, .refusal = kNoLine};
  const size_t end = as_text(front).find('\n');
  if (end == std::string_view::npos) return {};
  Preamble whole{.kind = Preamble::Kind::kWhole, .size = end + 1};
  if (end > 1) whole.endpoints = Preamble::Endpoints{kClient, kServer};
  return whole;
}

class StreamOpeningTest : public testing::Test {
 protected:
  void SetUp() override {
    tls_ = TlsContext::load(certificate_.options(), read_clocks().wall).value();
    acceptor_->start([this](Stream::Socket socket) { stream_.emplace(std::move(socket), opening_); });
  }
  void TearDown() override {
    stream_.reset();
    acceptor_.reset();
    if (thread_.joinable()) thread_.join();
    context_.restart();
    context_.run();
  }
  error_code open(StreamOpening opening, std::function<void(TcpClient&)> body, Duration deadline = 20s) {
    opening_ = std::move(opening);
    thread_ = std::thread([body = std::move(body), server = acceptor_->local()] {
      TcpClient client(server);
      body(client);
    });
    EXPECT_TRUE(run_until(context_, [this] { return stream_.has_value(); }));
    std::optional<error_code> result;
    stream_->async_handshake(deadline, [&](error_code error) { result = error; });
    EXPECT_TRUE(run_until(context_, [&] { return result.has_value(); }));
    return result.value_or(error_code());
  }
  std::string read(size_t size) {
    std::string text(size, '\0');
    bool done = false;
    boost::asio::async_read(*stream_, boost::asio::buffer(text), [&](error_code error, size_t got) {
      text.resize(got);
      done = !error || error == boost::asio::error::eof;
    });
    EXPECT_TRUE(run_until(context_, [&] { return done; }));
    return text;
  }

  boost::asio::io_context context_;
  TestCertificate certificate_;
  std::shared_ptr<const TlsContext> tls_;
  StreamOpening opening_;
  std::unique_ptr<Acceptor> acceptor_ = Acceptor::open(context_, IpEndpoint::parse("127.0.0.1:0").value(), {}).value();
  std::optional<Stream> stream_;
  std::thread thread_;
};

TEST_F(StreamOpeningTest, APreambleThatComesByteByByteIsReadToItsEndAndNoFurther) {
  ASSERT_EQ(open({.preamble = read_line},
                 [](TcpClient& client) {
                   for (const char byte : std::string("> client\nits own")) ASSERT_TRUE(client.send({&byte, 1}));
                   client.receive_some();
                 }),
            error_code());
  EXPECT_FALSE(stream_->is_tls());
  EXPECT_EQ(stream_->remote(), kClient);
  EXPECT_EQ(stream_->local(), kServer);
  EXPECT_EQ(read(7), "its own");
}

TEST_F(StreamOpeningTest, APreambleThatNamesNobodyKeepsTheEndpoints) {
  ASSERT_EQ(open({.preamble = read_line}, [](TcpClient& client) { client.send(">\nx"); }), error_code());
  EXPECT_EQ(stream_->remote().address, IpAddress::v4(127, 0, 0, 1));
  EXPECT_EQ(stream_->local(), acceptor_->local());
  EXPECT_EQ(read(1), "x");
}

TEST_F(StreamOpeningTest, TlsBeginsBehindThePreamble) {
  for (const bool or_plain : {false, true}) {
    ASSERT_EQ(open({.tls = tls_, .or_plain = or_plain, .preamble = read_line},
                   [](TcpClient& client) {
                     ASSERT_TRUE(client.send("> client\n"));
                     ASSERT_TRUE(client.handshake());
                     ASSERT_TRUE(client.send("sealed"));
                     client.receive_some();
                   }),
              error_code());
    EXPECT_TRUE(stream_->is_tls());
    EXPECT_EQ(stream_->remote(), kClient);
    EXPECT_EQ(read(6), "sealed");
    stream_.reset();
    thread_.join();
  }
}

TEST_F(StreamOpeningTest, WhatDoesNotBeginLikeTlsIsPlainAndLosesNoByte) {
  ASSERT_EQ(open({.tls = tls_, .or_plain = true}, [](TcpClient& client) { client.send("plain"); }), error_code());
  EXPECT_FALSE(stream_->is_tls());
  EXPECT_EQ(read(5), "plain");
}

TEST_F(StreamOpeningTest, ARefusedPreambleSaysWhy) {
  const error_code error = open({.tls = tls_, .preamble = read_line}, [](TcpClient& client) {
    client.send("hello");
    client.receive_some();
  });
  EXPECT_TRUE(error);
  EXPECT_EQ(refusal_of(error), kNoLine);
  EXPECT_FALSE(stream_->is_tls());
}

TEST_F(StreamOpeningTest, AnEndlessPreambleEnds) {
  EXPECT_EQ(open({.preamble = read_line},
                 [](TcpClient& client) {
                   client.send(">" + std::string(kPreambleSizeMax, 'x'));
                   client.receive_some();
                 }),
            boost::asio::error::eof);
}

TEST_F(StreamOpeningTest, TheEndOfTheConnectionIsSaid) {
  EXPECT_EQ(open({.tls = tls_, .or_plain = true, .preamble = read_line}, [](TcpClient& client) { client.send("> c"); }),
            boost::asio::error::eof);
}

TEST_F(StreamOpeningTest, SilenceEndsAtTheDeadline) {
  const auto silent = [](TcpClient& client) { EXPECT_EQ(client.receive_some(), ""); };
  for (const StreamOpening& opening :
       {StreamOpening{.preamble = read_line}, StreamOpening{.tls = tls_, .or_plain = true}}) {
    EXPECT_EQ(open(opening, silent, 20ms), boost::asio::error::timed_out);
    EXPECT_FALSE(stream_->is_open());
    stream_.reset();
    thread_.join();
  }
}

}  // namespace
}  // namespace noom::io
