#include "common/io/udp_socket.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/io/acceptor.h"
#include "common/io/local_addresses.h"
#include "common/io/socket_address.h"

namespace noom::io {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

IpEndpoint endpoint(std::string_view text) {
  return IpEndpoint::parse(text).value();
}

TEST(SocketAddress, RoundTripsBothFamilies) {
  for (const char* text : {"192.0.2.1:3478", "[2001:db8::1]:49152", "0.0.0.0:0"}) {
    SocketAddress address;
    to_sockaddr(endpoint(text), address);
    EXPECT_EQ(from_sockaddr(address), endpoint(text));
  }
}

TEST(UdpSocket, PortZeroReportsThePortTheKernelChose) {
  const auto socket = UdpSocket::open(endpoint("127.0.0.1:0"), {});
  ASSERT_TRUE(socket.ok());
  EXPECT_NE(socket->local().port, 0);
  EXPECT_EQ(socket->local().address, endpoint("127.0.0.1:0").address);
  EXPECT_FALSE(socket->wildcard());
}

TEST(UdpSocket, WithoutReusePortASecondSocketIsRefusedByName) {
  const auto first = UdpSocket::open(endpoint("127.0.0.1:0"), {});
  ASSERT_TRUE(first.ok());
  const auto second = UdpSocket::open(first->local(), {});
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.status().code(), absl::StatusCode::kAlreadyExists);
  EXPECT_THAT(std::string(second.status().message()),
              StartsWith("udp " + first->local().to_string() + ": address already in use; "));
}

TEST(UdpSocket, WithReusePortShardsShareAPort) {
  const auto first = UdpSocket::open(endpoint("127.0.0.1:0"), {.reuse_port = true});
  ASSERT_TRUE(first.ok());
  EXPECT_TRUE(UdpSocket::open(first->local(), {.reuse_port = true}).ok());
}

TEST(UdpSocket, AnAddressOfAnotherHostSaysSo) {
  const auto socket = UdpSocket::open(endpoint("192.0.2.1:0"), {});
  ASSERT_FALSE(socket.ok());
  EXPECT_EQ(socket.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(socket.status().message()), HasSubstr("not an address of this host"));
}

TEST(UdpSocket, Ipv6WildcardLeavesThePortFreeForIpv4) {
  const auto six = UdpSocket::open(endpoint("[::]:0"), {});
  if (!six.ok()) GTEST_SKIP() << "no IPv6 here";
  EXPECT_TRUE(six->wildcard());
  EXPECT_TRUE(UdpSocket::open({IpAddress(), six->local().port}, {}).ok());
}

TEST(CheckPortFree, FindsAUdpListenerThatSharesItsPort) {
  const auto other = UdpSocket::open(endpoint("127.0.0.1:0"), {.reuse_port = true});
  ASSERT_TRUE(other.ok());
  EXPECT_EQ(check_port_free(Transport::kUdp, other->local()).code(), absl::StatusCode::kAlreadyExists);
  EXPECT_EQ(check_port_free(Transport::kUdp, {IpAddress(), other->local().port}).code(),
            absl::StatusCode::kAlreadyExists);
}

TEST(CheckPortFree, FindsATcpListenerThatSharesItsPort) {
  boost::asio::io_context context;
  auto other = Acceptor::open(context, endpoint("127.0.0.1:0"), {.reuse_port = true});
  ASSERT_TRUE(other.ok());
  const IpEndpoint local = (*other)->local();
  const absl::Status status = check_port_free(Transport::kTcp, local);
  EXPECT_EQ(status.code(), absl::StatusCode::kAlreadyExists);
  EXPECT_THAT(std::string(status.message()), StartsWith("tcp " + local.to_string() + ": address already in use; "));
  other->reset();
  context.run();
  EXPECT_TRUE(check_port_free(Transport::kTcp, local).ok());
}

TEST(LocalAddresses, ListTheLoopback) {
  const auto addresses = local_addresses();
  ASSERT_TRUE(addresses.ok());
  const IpAddress loopback = IpAddress::v4(127, 0, 0, 1);
  EXPECT_TRUE(std::any_of(addresses->begin(), addresses->end(), [&](const LocalAddress& each) {
    return each.address == loopback && each.loopback && each.up;
  }));
}

}  // namespace
}  // namespace noom::io
