#include "common/io/inherited_sockets.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <boost/asio/io_context.hpp>
#include <vector>

#include "common/io/acceptor.h"
#include "common/io/listen_socket.h"
#include "common/io/socket_address.h"
#include "common/io/udp_socket.h"

namespace noom::io {
namespace {

using testing::HasSubstr;

const IpEndpoint kAnyPort{IpAddress::v4(127, 0, 0, 1), 0};

// As systemd opens them.
Fd bound_socket(int type, const IpEndpoint& local, bool listens) {
  Fd fd(::socket(AF_INET, type | SOCK_CLOEXEC, 0));
  set_option(fd.get(), SOL_SOCKET, SO_REUSEPORT);
  EXPECT_TRUE(bind_to(fd.get(), local));
  if (listens) {
    EXPECT_EQ(0, ::listen(fd.get(), 16));
  }
  return fd;
}

class InheritedSockets : public testing::Test {
 protected:
  ~InheritedSockets() override { EXPECT_TRUE(inherit_sockets({}).ok()); }

  // Hands them over; where the first is bound.
  static IpEndpoint hand_over(std::vector<Fd> sockets) {
    const IpEndpoint local = bound_endpoint(sockets.front().get());
    std::vector<int> numbers;
    for (Fd& socket : sockets) numbers.push_back(socket.release());
    EXPECT_TRUE(inherit_sockets(numbers).ok());
    return local;
  }
};

TEST_F(InheritedSockets, AListeningSocketIsSharedByAllShards) {
  std::vector<Fd> sockets;
  sockets.push_back(bound_socket(SOCK_STREAM, kAnyPort, true));
  const IpEndpoint local = hand_over(std::move(sockets));
  EXPECT_TRUE(check_port_free(Transport::kTcp, local).ok());
  boost::asio::io_context context;
  for (int shard = 0; shard < 2; ++shard) {
    const auto acceptor = Acceptor::open(context, local, {});  // without reuse_port a bind of its own would fail
    ASSERT_TRUE(acceptor.ok()) << acceptor.status();
    EXPECT_EQ(local, (*acceptor)->local());
  }
  EXPECT_TRUE(check_all_taken().ok());
}

TEST_F(InheritedSockets, EachShardHasADatagramSocketOfItsOwn) {
  std::vector<Fd> sockets;
  sockets.push_back(bound_socket(SOCK_DGRAM, kAnyPort, false));
  const IpEndpoint there = bound_endpoint(sockets.front().get());
  sockets.push_back(bound_socket(SOCK_DGRAM, there, false));
  const IpEndpoint local = hand_over(std::move(sockets));
  const auto first = UdpSocket::open(local, {.reuse_port = true});
  ASSERT_TRUE(first.ok()) << first.status();
  EXPECT_THAT(std::string(check_all_taken().message()), HasSubstr("as many as shards"));
  const auto second = UdpSocket::open(local, {.reuse_port = true});
  ASSERT_TRUE(second.ok()) << second.status();
  EXPECT_NE(first->fd(), second->fd());
  EXPECT_TRUE(check_all_taken().ok());
  const auto third = UdpSocket::open(local, {.reuse_port = true});
  EXPECT_THAT(std::string(third.status().message()),
              HasSubstr("fewer sockets than there are shards: 2; write ReusePort=yes"));
}

TEST_F(InheritedSockets, AnEndpointThatWasNotHandedOverIsBound) {
  std::vector<Fd> sockets;
  sockets.push_back(bound_socket(SOCK_STREAM, kAnyPort, true));
  const IpEndpoint local = hand_over(std::move(sockets));
  const auto udp = UdpSocket::open(local, {.reuse_port = true});
  ASSERT_TRUE(udp.ok()) << udp.status();
  EXPECT_THAT(std::string(check_all_taken().message()), HasSubstr("tcp " + local.to_string() + ": systemd hands over"));
}

TEST_F(InheritedSockets, WhatNoListenerCouldUseIsRefusedWithARemedy) {
  const auto refusal = [](Fd fd) {
    const int number = fd.release();
    return std::string(inherit_sockets(std::vector<int>{number}).message());
  };
  EXPECT_THAT(refusal(Fd(::socket(AF_UNIX, SOCK_STREAM, 0))), HasSubstr("no TCP or UDP socket"));
  EXPECT_THAT(refusal(bound_socket(SOCK_STREAM, kAnyPort, false)), HasSubstr("take Accept=yes out"));
  Fd both(::socket(AF_INET6, SOCK_STREAM, 0));
  if (both && set_option(both.get(), IPPROTO_IPV6, IPV6_V6ONLY, 0) && ::listen(both.get(), 1) == 0) {
    EXPECT_THAT(refusal(std::move(both)), HasSubstr("BindIPv6Only=ipv6-only"));
  }
}

TEST_F(InheritedSockets, EachOfThoseOfTheProcessBeforeIsTakenOnceAndWhatIsLeftIsClosed) {
  Fd first = bound_socket(SOCK_STREAM, kAnyPort, true);
  const IpEndpoint local = bound_endpoint(first.get());
  Fd second = bound_socket(SOCK_STREAM, local, true);
  Fd unused = bound_socket(SOCK_DGRAM, kAnyPort, false);
  const IpEndpoint free_again = bound_endpoint(unused.get());
  Fd connection(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const std::vector<int> numbers = {first.get(), second.get()};
  std::vector<Fd> sockets;
  for (Fd* each : {&first, &second, &unused, &connection}) sockets.push_back(std::move(*each));
  take_back_sockets(std::move(sockets));
  for (const int number : numbers) {
    const auto taken = take_inherited(Transport::kTcp, local);
    ASSERT_TRUE(taken.ok());
    EXPECT_EQ(number, taken->get());
  }
  EXPECT_TRUE(is_inherited(Transport::kUdp, free_again));
  EXPECT_TRUE(check_all_taken().ok());
  EXPECT_FALSE(is_inherited(Transport::kUdp, free_again));
  EXPECT_TRUE(check_port_free(Transport::kUdp, free_again).ok());
}

}  // namespace
}  // namespace noom::io
