#include "common/io/acceptor.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <vector>

#include "tests/unit/common/io/loop.h"
#include "tests/unit/common/io/tcp_client.h"

namespace noom::io {
namespace {

const IpEndpoint kAnyPort{IpAddress::v4(127, 0, 0, 1), 0};

TEST(Acceptor, HandsOverEachConnection) {
  boost::asio::io_context context;
  auto acceptor = Acceptor::open(context, kAnyPort, {}).value();
  std::vector<Stream::Socket> sockets;
  acceptor->start([&](Stream::Socket socket) { sockets.push_back(std::move(socket)); });
  TcpClient first(acceptor->local());
  TcpClient second(acceptor->local());
  ASSERT_TRUE(run_until(context, [&] { return sockets.size() == 2; }));
  EXPECT_EQ(acceptor->stats().accepted.value(), 2U);
  EXPECT_TRUE(sockets[0].native_non_blocking());
}

TEST(Acceptor, StoppingFreesThePort) {
  boost::asio::io_context context;
  auto acceptor = Acceptor::open(context, kAnyPort, {}).value();
  const IpEndpoint local = acceptor->local();
  acceptor->start([](Stream::Socket) {});
  acceptor->stop();
  context.run();
  EXPECT_FALSE(TcpClient(local).connected());
  EXPECT_TRUE(Acceptor::open(context, local, {}).ok());
}

TEST(Acceptor, WithReusePortShardsShareAPort) {
  boost::asio::io_context context;
  auto first = Acceptor::open(context, kAnyPort, {.reuse_port = true}).value();
  EXPECT_TRUE(Acceptor::open(context, first->local(), {.reuse_port = true}).ok());
  EXPECT_EQ(Acceptor::open(context, first->local(), {}).status().code(), absl::StatusCode::kAlreadyExists);
}

TEST(Acceptor, OutOfDescriptorsItRestsAndResumes) {
  boost::asio::io_context context;
  auto acceptor = Acceptor::open(context, kAnyPort, {}).value();
  size_t accepted = 0;
  acceptor->start([&](Stream::Socket) { ++accepted; });
  context.poll();
  TcpClient client(acceptor->local());
  ASSERT_TRUE(client.connected());

  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  rlimit none = before;
  none.rlim_cur = 0;  // open descriptors stay, no new one is given
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &none), 0);
  const bool paused = run_until(context, [&] { return acceptor->stats().paused.value() > 0; });
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);

  EXPECT_TRUE(paused);
  EXPECT_LE(acceptor->stats().paused.value(), 2U) << "it spins";
  EXPECT_TRUE(run_until(context, [&] { return accepted == 1; }));
}

}  // namespace
}  // namespace noom::io
