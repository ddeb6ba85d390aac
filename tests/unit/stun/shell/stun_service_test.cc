// noom-stun over real loopback sockets: UDP and TCP, IPv4 and IPv6, slices of every size, limits.
#include "stun/shell/stun_service.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <array>
#include <future>
#include <string>
#include <thread>

#include "common/wire/message_builder.h"
#include "tests/unit/common/io/tcp_client.h"

namespace noom::stun {
namespace {

using wire::Attr;
using wire::Class;
using wire::Method;

const IpEndpoint kLoopbackV4 = *IpEndpoint::parse("127.0.0.1:0");
const IpEndpoint kLoopbackV6 = *IpEndpoint::parse("[::1]:0");
constexpr size_t kAnswerV4 = 32;  // header, XOR-MAPPED-ADDRESS of 12

std::string binding_request(uint8_t id) {
  std::array<std::byte, 64> room;
  wire::MessageBuilder builder(room, Method::kBinding, Class::kRequest, wire::TransactionId{std::byte{id}});
  return std::string(as_text(builder.finish()));
}

// What an answer says, or nullopt when it is no success with that transaction id.
std::optional<IpEndpoint> mapped_address(std::string_view answer, uint8_t id) {
  const auto message = wire::MessageView::parse(as_bytes(answer));
  if (!message || !message->is(Method::kBinding, Class::kSuccess)) return std::nullopt;
  if (message->transaction_id() != wire::TransactionId{std::byte{id}}) return std::nullopt;
  return message->xor_address(Attr::kXorMappedAddress);
}

// A blocking UDP client whose calls time out.
class UdpClient {
 public:
  explicit UdpClient(const IpEndpoint& server)
      : fd_(::socket(server.address.is_v4() ? AF_INET : AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    const timeval patience{.tv_sec = 20, .tv_usec = 0};
    ::setsockopt(fd_.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    io::SocketAddress address;
    const socklen_t size = io::to_sockaddr(server, address);
    EXPECT_EQ(::connect(fd_.get(), &address.generic, size), 0);  // a connected socket takes answers from there only
  }
  IpEndpoint local() const { return io::bound_endpoint(fd_.get()); }
  void send(std::string_view datagram) {
    EXPECT_EQ(::send(fd_.get(), datagram.data(), datagram.size(), 0), ssize_t(datagram.size()));
  }
  std::string receive() {
    std::array<char, 2048> room;
    const ssize_t size = ::recv(fd_.get(), room.data(), room.size(), 0);
    return size < 0 ? "" : std::string(room.data(), static_cast<size_t>(size));
  }

 private:
  io::Fd fd_;
};

class StunServiceTest : public testing::Test {
 protected:
  void start(ShardLimits limits = {.tcp_connections_max = 100, .tcp_idle_timeout = std::chrono::seconds(60)},
             uint32_t shards = 2) {
    service_.emplace(shards, limits);
    udp_v4_ = listen(Transport::kUdp, kLoopbackV4);
    udp_v6_ = listen(Transport::kUdp, kLoopbackV6);
    tcp_v4_ = listen(Transport::kTcp, kLoopbackV4);
    tcp_v6_ = listen(Transport::kTcp, kLoopbackV6);
    service_->start();
  }
  IpEndpoint listen(Transport transport, const IpEndpoint& at) {
    const auto bound = service_->listen(transport, at);
    EXPECT_TRUE(bound.ok()) << bound.status();
    return bound.value_or(IpEndpoint());
  }
  uint64_t total(const std::function<uint64_t(const ShardStats&)>& pick) const {
    uint64_t sum = 0;
    for (const auto& shard : service_->shards()) sum += pick(shard->stats());
    return sum;
  }

  std::optional<StunService> service_;
  IpEndpoint udp_v4_, udp_v6_, tcp_v4_, tcp_v6_;
};

TEST_F(StunServiceTest, UdpClientsOfBothFamiliesLearnTheirAddress) {
  start();
  for (const IpEndpoint& server : {udp_v4_, udp_v6_}) {
    UdpClient client(server);
    client.send(binding_request(1));
    EXPECT_EQ(mapped_address(client.receive(), 1), client.local());
  }
}

TEST_F(StunServiceTest, OnAWildcardListenerTheAnswerComesFromTheAddressAsked) {
  service_.emplace(2, ShardLimits{});
  const IpEndpoint any = listen(Transport::kUdp, *IpEndpoint::parse("0.0.0.0:0"));
  service_->start();
  UdpClient client({IpAddress::v4(127, 0, 0, 2), any.port});
  client.send(binding_request(1));
  EXPECT_EQ(mapped_address(client.receive(), 1), client.local());
}

TEST_F(StunServiceTest, ManyUdpClientsAreServedByAllShards) {
  start();
  for (int i = 0; i < 64; ++i) {
    UdpClient client(udp_v4_);
    client.send(binding_request(2));
    ASSERT_EQ(mapped_address(client.receive(), 2), client.local());
  }
  for (const auto& shard : service_->shards()) EXPECT_GT(shard->stats().udp.successes.value(), 0u);
}

// One socket is one shard, which works in order: the first thing to arrive answers the last thing sent.
TEST_F(StunServiceTest, GarbageOverUdpIsUnanswered) {
  start();
  UdpClient client(udp_v4_);
  for (const std::string garbage : {"", "x", "GET / HTTP/1.1\r\n\r\n"}) client.send(garbage);
  client.send(std::string(1400, '\0'));
  client.send(binding_request(1).substr(0, 19));
  client.send(binding_request(3));
  EXPECT_EQ(mapped_address(client.receive(), 3), client.local());
  EXPECT_EQ(total([](const ShardStats& s) { return s.udp.drops.sum(); }), 5u);
}

TEST_F(StunServiceTest, TcpClientsOfBothFamiliesLearnTheirAddress) {
  start();
  for (const IpEndpoint& server : {tcp_v4_, tcp_v6_}) {
    io::TcpClient client(server);
    ASSERT_TRUE(client.send(binding_request(1)));
    const size_t size = server.address.is_v4() ? kAnswerV4 : kAnswerV4 + 12;
    EXPECT_EQ(mapped_address(client.receive(size), 1), client.local());
  }
}

TEST_F(StunServiceTest, TcpRequestsByteByByteAreAnswered) {
  start();
  io::TcpClient client(tcp_v4_);
  for (const uint8_t id : {uint8_t{1}, uint8_t{2}}) {
    for (const char byte : binding_request(id)) ASSERT_TRUE(client.send(std::string_view(&byte, 1)));
    EXPECT_EQ(mapped_address(client.receive(kAnswerV4), id), client.local());
  }
}

TEST_F(StunServiceTest, PipelinedTcpRequestsAreAnsweredInOrder) {
  constexpr size_t kRequests = 5000;  // many times what a connection buffers, in both directions
  start();
  io::TcpClient client(tcp_v4_);
  auto sent = std::async(std::launch::async, [&client] {
    std::string all;
    for (size_t i = 0; i < kRequests; ++i) all += binding_request(static_cast<uint8_t>(i));
    return client.send(all);
  });
  for (size_t i = 0; i < kRequests; ++i)
    ASSERT_EQ(mapped_address(client.receive(kAnswerV4), static_cast<uint8_t>(i)), client.local()) << i;
  EXPECT_TRUE(sent.get());
}

TEST_F(StunServiceTest, UnansweredMessagesLeaveATcpConnectionOpen) {
  start();
  io::TcpClient client(tcp_v4_);
  std::array<std::byte, 64> room;
  wire::MessageBuilder indication(room, Method::kBinding, Class::kIndication, {});
  ASSERT_TRUE(client.send(as_text(indication.finish())));
  ASSERT_TRUE(client.send(binding_request(4)));
  EXPECT_EQ(mapped_address(client.receive(kAnswerV4), 4), client.local());
}

TEST_F(StunServiceTest, WhatIsNotStunClosesATcpConnection) {
  start();
  io::TcpClient client(tcp_v4_);
  ASSERT_TRUE(client.send(binding_request(5) + "GET / HTTP/1.1\r\n"));
  EXPECT_EQ(mapped_address(client.receive(kAnswerV4), 5), client.local()) << "what came before is still answered";
  EXPECT_EQ(client.receive(1), "");
}

TEST_F(StunServiceTest, ATooLongTcpRequestClosesTheConnection) {
  start();
  io::TcpClient client(tcp_v4_);
  std::string request(kTcpRequestBytesMax + 20, '\0');
  request.replace(0, 20, binding_request(1));
  request[2] = static_cast<char>(kTcpRequestBytesMax >> 8);
  ASSERT_TRUE(client.send(request.substr(0, kTcpRequestBytesMax)));
  EXPECT_EQ(client.receive(1), "");
}

TEST_F(StunServiceTest, AnIdleTcpConnectionIsClosed) {
  start({.tcp_connections_max = 100, .tcp_idle_timeout = std::chrono::milliseconds(50)});
  io::TcpClient silent(tcp_v4_);
  io::TcpClient halfway(tcp_v4_);
  ASSERT_TRUE(halfway.send(binding_request(1).substr(0, 10)));
  EXPECT_EQ(silent.receive(1), "");
  EXPECT_EQ(halfway.receive(1), "");
  EXPECT_EQ(total([](const ShardStats& s) { return s.tcp_closed[CloseReason::kIdle].value(); }), 2u);
  EXPECT_EQ(total([](const ShardStats& s) { return s.tcp_open.value(); }), 0u);
}

TEST_F(StunServiceTest, ConnectionsBeyondTheLimitAreClosedAtOnceAndOthersServed) {
  start({.tcp_connections_max = 1, .tcp_idle_timeout = std::chrono::seconds(60)});
  std::optional<io::TcpClient> first(tcp_v4_);
  ASSERT_TRUE(first->send(binding_request(1)));
  EXPECT_TRUE(mapped_address(first->receive(kAnswerV4), 1));
  io::TcpClient second(tcp_v4_);
  EXPECT_EQ(second.receive(1), "");
  ASSERT_TRUE(first->send(binding_request(2)));
  EXPECT_TRUE(mapped_address(first->receive(kAnswerV4), 2));

  first.reset();
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  std::string answer;
  while (answer.empty() && std::chrono::steady_clock::now() < deadline) {
    io::TcpClient third(tcp_v4_);
    third.send(binding_request(3));
    answer = third.receive(kAnswerV4);
  }
  EXPECT_TRUE(mapped_address(answer, 3)) << "the place of the first is free again";
}

TEST_F(StunServiceTest, APortInUseIsNamedWithItsRemedy) {
  start();
  for (const auto& [transport, taken] : {std::pair(Transport::kUdp, udp_v4_), std::pair(Transport::kTcp, tcp_v4_)}) {
    StunService second(2, {});
    const auto bound = second.listen(transport, taken);
    ASSERT_FALSE(bound.ok());
    EXPECT_THAT(std::string(bound.status().message()),
                testing::AllOf(testing::StartsWith(std::string(to_string(transport)) + " " + taken.to_string() + ": "),
                               testing::HasSubstr("; ")));
  }
}

TEST_F(StunServiceTest, TheHeartbeatComesOnceEveryShardHasComeRound) {
  start({}, 3);
  std::promise<void> alive;
  service_->heartbeat([&alive] { alive.set_value(); });
  EXPECT_EQ(alive.get_future().wait_for(std::chrono::seconds(20)), std::future_status::ready);
}

TEST_F(StunServiceTest, StoppingWithOpenConnectionsClosesThem) {
  start();
  io::TcpClient idle(tcp_v4_);
  io::TcpClient active(tcp_v4_);
  ASSERT_TRUE(active.send(binding_request(1)));
  EXPECT_TRUE(mapped_address(active.receive(kAnswerV4), 1));
  service_.reset();
  EXPECT_EQ(active.receive(1), "");
  EXPECT_EQ(idle.receive(1), "");
}

}  // namespace
}  // namespace noom::stun
