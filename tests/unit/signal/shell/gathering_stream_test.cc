// What is appended leaves together at the flush, what comes while it leaves follows it, and neither grows without
// bounds.
#include "signal/shell/gathering_stream.h"

#include <gtest/gtest.h>

#include <optional>

#include "common/io/acceptor.h"
#include "tests/unit/common/io/loop.h"
#include "tests/unit/common/io/tcp_client.h"

namespace noom::signal {
namespace {

using boost::system::error_code;

class GatheringStreamTest : public testing::Test {
 protected:
  void SetUp() override {
    acceptor_ = io::Acceptor::open(context_, IpEndpoint{IpAddress::v4(127, 0, 0, 1), 0}, {}).value();
    acceptor_->start([this](io::Stream::Socket socket) { stream_.emplace(io::Stream(std::move(socket))); });
    client_.emplace(acceptor_->local());
    ASSERT_TRUE(io::run_until(context_, [this] { return stream_.has_value(); }));
  }
  void TearDown() override {
    stream_->close();
    acceptor_.reset();
    context_.restart();
    context_.run();
  }
  void write(std::string_view text) {
    boost::asio::async_write(*stream_, boost::asio::buffer(text), [this](error_code error, size_t) {
      EXPECT_FALSE(error);
      ++written_;
    });
    const int before = written_;
    ASSERT_TRUE(io::run_until(context_, [&] { return written_ > before; }));
  }
  // What has come to the client by now.
  std::string arrived() {
    std::string text(1 << 20, '\0');
    const ssize_t size = ::recv(client_->fd(), text.data(), text.size(), MSG_DONTWAIT);
    text.resize(size > 0 ? static_cast<size_t>(size) : 0);
    return text;
  }

  boost::asio::io_context context_;
  std::unique_ptr<io::Acceptor> acceptor_;
  std::optional<GatheringStream> stream_;
  std::optional<io::TcpClient> client_;
  int written_ = 0;
  bool flushed_ = false;
};

TEST_F(GatheringStreamTest, WhatIsWrittenLeavesAtOnceAndWhatIsAppendedWithTheFlush) {
  write("first ");
  EXPECT_EQ(arrived(), "first ");
  stream_->append("sec", "ond ");
  stream_->append("", "third ");
  context_.restart();
  context_.poll();
  EXPECT_EQ(arrived(), "");
  stream_->flush([this](error_code error) { flushed_ = !error; });
  ASSERT_TRUE(io::run_until(context_, [this] { return flushed_; }));
  EXPECT_EQ(arrived(), "second third ");
  write("fourth");
  EXPECT_EQ(arrived(), "fourth");
}

TEST_F(GatheringStreamTest, AWriteToSomebodyWhoDoesNotReadWaitsOnceMuchIsCollected) {
  const std::string much(32 * 1024 * 1024, 'x');  // more than the kernel takes at once
  stream_->append("", much);
  stream_->flush([this](error_code error) { flushed_ = !error; });
  write("ahead");
  const std::string long_one(kWrittenAheadMax, 'y');
  bool is_written = false;
  boost::asio::async_write(*stream_, boost::asio::buffer(long_one), [&](error_code error, size_t) {
    EXPECT_FALSE(error);
    is_written = true;
  });
  context_.restart();
  context_.poll();
  EXPECT_FALSE(is_written);
  std::string got;
  ASSERT_TRUE(io::run_until(context_, [&] {
    got += arrived();
    return is_written && flushed_ && got.size() == much.size() + 5 + long_one.size();
  }));
  EXPECT_EQ(got, much + "ahead" + long_one);
}

TEST_F(GatheringStreamTest, WhatIsWrittenWhileItFlushesFollowsAndTheGoodbyeComesLast) {
  const std::string much(4 * 1024 * 1024, 'x');  // more than the kernel takes at once
  stream_->append("", much);
  bool ended = false;
  stream_->flush([this](error_code error) { flushed_ = !error; });
  write("behind");
  stream_->async_shutdown(std::chrono::seconds(20), [&](error_code) { ended = true; });
  EXPECT_FALSE(flushed_);
  std::string got;
  ASSERT_TRUE(io::run_until(context_, [&] {
    got += arrived();
    return got.size() >= much.size() + 6;
  }));
  EXPECT_EQ(got, much + "behind");
  client_.reset();
  EXPECT_TRUE(io::run_until(context_, [&] { return flushed_ && ended; }));
}

TEST_F(GatheringStreamTest, ClosingEndsAFlush) {
  stream_->append("", std::string(4 * 1024 * 1024, 'x'));
  std::optional<error_code> outcome;
  stream_->flush([&](error_code error) { outcome = error; });
  stream_->close();
  ASSERT_TRUE(io::run_until(context_, [&] { return outcome.has_value(); }));
  EXPECT_TRUE(*outcome);
}

}  // namespace
}  // namespace noom::signal
