// TCP relays through a whole service: nothing lost or reordered, whoever connects, whoever ends first. RFC 6062.
#include <gtest/gtest.h>
#include <poll.h>

#include <algorithm>
#include <atomic>
#include <thread>

#include "common/io/listen_socket.h"
#include "tests/unit/turn/shell/service_fixture.h"

namespace noom::turn {
namespace {

// A peer's listening socket. Not on the relay address, whose ports are relays'.
class PeerServer {
 public:
  PeerServer() : fd_(io::new_socket(Family::kV4, SOCK_STREAM)) {
    io::bind_to(fd_.get(), {kLoopback, 0});
    ::listen(fd_.get(), 16);
  }
  IpEndpoint local() const { return io::bound_endpoint(fd_.get()); }
  // Blocking, with a deadline.
  io::Fd accept() {
    pollfd ready{.fd = fd_.get(), .events = POLLIN, .revents = 0};
    if (::poll(&ready, 1, 20'000) != 1) return {};
    io::Fd accepted(::accept4(fd_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    const timeval patience{.tv_sec = 20, .tv_usec = 0};
    ::setsockopt(accepted.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    return accepted;
  }

 private:
  io::Fd fd_;
};

bool send_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<size_t>(sent));
  }
  return true;
}

std::string receive(int fd, size_t size) {
  std::string bytes(size, '\0');
  size_t got = 0;
  while (got < size) {
    const ssize_t step = ::recv(fd, bytes.data() + got, size - got, 0);
    if (step <= 0) break;
    got += static_cast<size_t>(step);
  }
  bytes.resize(got);
  return bytes;
}

bool at_end(int fd) {
  char byte;
  return ::recv(fd, &byte, 1, 0) == 0;
}

// True when the connection broke instead of ending.
bool is_reset(int fd) {
  char byte;
  return ::recv(fd, &byte, 1, 0) < 0 && errno == ECONNRESET;
}

void reset(io::Fd fd) {
  const linger now{.l_onoff = 1, .l_linger = 0};
  ::setsockopt(fd.get(), SOL_SOCKET, SO_LINGER, &now, sizeof(now));
}

std::string pattern(size_t size, uint32_t seed) {
  std::string bytes(size, '\0');
  for (char& byte : bytes) {
    seed = seed * 1664525 + 1013904223;
    byte = static_cast<char>(seed >> 24);
  }
  return bytes;
}

// Without printing megabytes.
testing::AssertionResult is_same(std::string_view got, std::string_view wanted) {
  if (got == wanted) return testing::AssertionSuccess();
  const auto at = std::ranges::mismatch(got, wanted).in1 - got.begin();
  return testing::AssertionFailure() << got.size() << " bytes instead of " << wanted.size() << ", different from "
                                     << at;
}

class TcpRelay : public testing::TestWithParam<Transport> {
 protected:
  TurnClient client() const { return {GetParam(), turn_.endpoint(GetParam())}; }
  uint64_t bound() const {
    return turn_.sum([](const ShardStatsView& stats) { return stats.core.peer_connections_bound.value(); });
  }
  uint64_t bytes_to_peers() const {
    return turn_.sum([](const ShardStatsView& stats) { return stats.core.stream_bytes_to_peers.value(); });
  }
  // A TCP allocation of `control`, a peer connected to, and a data connection bound to it.
  void join(TurnClient& control, TurnClient& data, io::Fd& peer) {
    ASSERT_TRUE(control.allocate_tcp());
    const auto number = control.connect_peer(server_.local());
    ASSERT_TRUE(number) << control.error();
    peer = server_.accept();
    ASSERT_TRUE(data.bind_connection(control, *number)) << data.error();
  }

  ServiceFixture turn_;
  PeerServer server_;
};
INSTANTIATE_TEST_SUITE_P(, TcpRelay, testing::Values(Transport::kTcp, Transport::kTls),
                         [](const auto& test) { return std::string(to_string(test.param)); });

TEST_P(TcpRelay, BytesAroundTheBindAllArrive) {
  turn_.start();
  TurnClient control = client();
  const auto relayed = control.allocate_tcp();
  ASSERT_TRUE(relayed);
  const auto number = control.connect_peer(server_.local());
  ASSERT_TRUE(number);
  const io::Fd peer = server_.accept();
  io::SocketAddress address{};
  socklen_t size = sizeof(address);
  ::getpeername(peer.get(), &address.generic, &size);
  EXPECT_EQ(io::from_sockaddr(address), *relayed);

  ASSERT_TRUE(send_all(peer.get(), "early words of the peer"));
  TurnClient data = client();
  const std::string behind = pattern(5000, 1);
  ASSERT_TRUE(data.bind_connection(control, *number, behind));
  EXPECT_EQ(data.receive_bytes(23), "early words of the peer");
  EXPECT_TRUE(is_same(receive(peer.get(), behind.size()), behind));
  ASSERT_TRUE(data.send_raw("later"));
  EXPECT_EQ(receive(peer.get(), 5), "later");
  EXPECT_EQ(bound(), 1U);
}

TEST_P(TcpRelay, WhatThePeerSaysAndLeavesBeforeTheBindArrives) {
  turn_.start();
  TurnClient control = client();
  ASSERT_TRUE(control.allocate_tcp());
  const auto number = control.connect_peer(server_.local());
  ASSERT_TRUE(number);
  {
    const io::Fd peer = server_.accept();
    ASSERT_TRUE(send_all(peer.get(), "so long"));
  }
  TurnClient data = client();
  ASSERT_TRUE(data.bind_connection(control, *number));
  EXPECT_EQ(data.receive_bytes(8), "so long");
}

TEST_P(TcpRelay, APeerMayConnectWithAPermissionOnly) {
  turn_.start();
  TurnClient control = client();
  const auto relayed = control.allocate_tcp();
  ASSERT_TRUE(relayed);
  io::TcpClient stranger(*relayed);
  EXPECT_TRUE(stranger.receive(1).empty());
  ASSERT_TRUE(control.create_permission(kLoopback));
  io::TcpClient peer(*relayed);
  ASSERT_TRUE(peer.send("hello"));
  IpEndpoint announced;
  const auto number = control.receive_attempt(&announced);
  ASSERT_TRUE(number);
  EXPECT_EQ(announced, peer.local());
  TurnClient data = client();
  ASSERT_TRUE(data.bind_connection(control, *number));
  EXPECT_EQ(data.receive_bytes(5), "hello");
  ASSERT_TRUE(data.send_raw("world"));
  EXPECT_EQ(peer.receive(5), "world");
}

TEST_P(TcpRelay, NobodyThereIs447) {
  turn_.start();
  TurnClient control = client();
  ASSERT_TRUE(control.allocate_tcp());
  IpEndpoint nobody;
  {
    const PeerServer gone;
    nobody = gone.local();
  }
  EXPECT_FALSE(control.connect_peer(nobody));
  EXPECT_EQ(control.error(), 447);
}

TEST_P(TcpRelay, TheClientMayEndFirst) {
  turn_.start();
  TurnClient control = client();
  TurnClient data = client();
  io::Fd peer;
  join(control, data, peer);
  // The client has said all, and still listens.
  ASSERT_TRUE(data.send_raw("question"));
  if (data.stream().ssl() != nullptr) SSL_shutdown(data.stream().ssl());
  ::shutdown(data.stream().fd(), SHUT_WR);
  EXPECT_EQ(receive(peer.get(), 8), "question");
  EXPECT_TRUE(at_end(peer.get()));
  const std::string answer = pattern(300'000, 2);
  std::thread sender([&] {
    EXPECT_TRUE(send_all(peer.get(), answer));
    ::shutdown(peer.get(), SHUT_WR);
  });
  EXPECT_TRUE(is_same(data.receive_bytes(answer.size()), answer));
  EXPECT_TRUE(data.stream().at_clean_end());
  sender.join();
  EXPECT_TRUE(turn_.wait_for([&] { return bound() == 0; }));
}

TEST_P(TcpRelay, ThePeerMayEndFirst) {
  turn_.start();
  TurnClient control = client();
  TurnClient data = client();
  io::Fd peer;
  join(control, data, peer);
  ASSERT_TRUE(send_all(peer.get(), "question"));
  ::shutdown(peer.get(), SHUT_WR);
  EXPECT_EQ(data.receive_bytes(8), "question");
  EXPECT_TRUE(data.stream().at_clean_end());
  const std::string answer = pattern(300'000, 3);
  std::thread sender([&] {
    EXPECT_TRUE(data.send_raw(answer));
    if (data.stream().ssl() != nullptr) SSL_shutdown(data.stream().ssl());
    ::shutdown(data.stream().fd(), SHUT_WR);
  });
  EXPECT_TRUE(is_same(receive(peer.get(), answer.size()), answer));
  EXPECT_TRUE(at_end(peer.get()));
  sender.join();
  EXPECT_TRUE(turn_.wait_for([&] { return bound() == 0; }));
}

TEST_P(TcpRelay, ABrokenSideBreaksTheOther) {
  turn_.start();
  TurnClient control = client();
  TurnClient data = client();
  io::Fd peer;
  join(control, data, peer);
  reset(std::move(peer));
  EXPECT_TRUE(is_reset(data.stream().fd()));
  EXPECT_TRUE(turn_.wait_for([&] { return bound() == 0; }));
}

TEST_P(TcpRelay, ASlowReaderStopsTheSender) {
  turn_.start();
  TurnClient control = client();
  TurnClient data = client();
  io::Fd peer;
  join(control, data, peer);
  // More than all buffers of the kernel on the way: without back-pressure it would pile up in the daemon.
  const std::string block = pattern(1 << 20, 4);
  constexpr size_t kBlocks = 96;
  std::atomic<size_t> sent = 0;
  std::thread sender([&] {
    while (sent < kBlocks && data.send_raw(block)) ++sent;
    ::shutdown(data.stream().fd(), SHUT_WR);
  });
  // Once nothing moves any more, the sender must be waiting.
  size_t before = SIZE_MAX;
  for (int still = 0; still < 3;) {
    const size_t relayed = bytes_to_peers();
    still = relayed == before && relayed > 0 ? still + 1 : 0;
    before = relayed;
    ::poll(nullptr, 0, 100);
  }
  EXPECT_LT(sent, kBlocks);
  for (size_t i = 0; i < kBlocks; ++i) ASSERT_TRUE(is_same(receive(peer.get(), block.size()), block)) << i;
  EXPECT_TRUE(at_end(peer.get()));
  sender.join();
  EXPECT_EQ(bytes_to_peers(), kBlocks * block.size());
}

TEST_P(TcpRelay, AStreamKeepsToItsBitRateAndLosesNothing) {
  // 4 Mbit/s with bursts of 50 ms. Whatever was read last is written without a pause behind it: 128 KiB at most, so
  // that 300,000 bytes take no less than (2.4 − 0.2 − 1.05) / 4 s.
  TurnServiceOptions options = turn_.options(1);
  auto settings = std::make_shared<Settings>(*options.settings);
  settings->allocation_rates.bits_per_second = 4'000'000;
  settings->rate_burst.data = std::chrono::milliseconds(50);
  options.settings = settings;
  turn_.start(std::move(options));
  TurnClient control = client();
  TurnClient data = client();
  io::Fd peer;
  join(control, data, peer);
  const std::string sent = pattern(300'000, 7);
  const auto begun = std::chrono::steady_clock::now();
  std::thread sender([&] { send_all(peer.get(), sent); });
  EXPECT_TRUE(is_same(data.receive_bytes(sent.size()), sent));
  sender.join();
  EXPECT_GE(std::chrono::steady_clock::now() - begun, std::chrono::milliseconds(280));
}

TEST_P(TcpRelay, ADataConnectionIsTakenOverByTheShardThatOwnsIt) {
  turn_.start(2);
  TurnClient control = client();
  ASSERT_TRUE(control.allocate_tcp());
  const uint64_t first = turn_.service->stats(0).shell.streams_accepted.value();
  for (int round = 0; round < 100; ++round) {
    const auto number = control.connect_peer(server_.local());
    ASSERT_TRUE(number);
    const io::Fd peer = server_.accept();
    TurnClient data = client();
    const std::string behind = pattern(3000, static_cast<uint32_t>(round));
    ASSERT_TRUE(data.bind_connection(control, *number, behind)) << data.error();
    EXPECT_TRUE(is_same(receive(peer.get(), behind.size()), behind));
    const std::string back = pattern(30'000, static_cast<uint32_t>(round) + 7);
    std::thread sender([&] { EXPECT_TRUE(send_all(peer.get(), back)); });
    EXPECT_TRUE(is_same(data.receive_bytes(back.size()), back));
    sender.join();
    ::shutdown(peer.get(), SHUT_RDWR);
    data.stream().close();
    ASSERT_TRUE(turn_.wait_for([&] { return bound() == 0; }));
    const uint64_t other = turn_.service->stats(1).shell.streams_accepted.value();
    if (turn_.service->stats(0).shell.streams_accepted.value() > first + 2 && other > 2) break;
  }
  // The control connection alone is left to them as streams.
  EXPECT_TRUE(turn_.wait_for(
      [&] { return turn_.sum([](const ShardStatsView& s) { return s.shell.streams_live.value(); }) == 1; }));
}

TEST_P(TcpRelay, TheAllocationsEndClosesBothSides) {
  turn_.start(2);
  TurnClient control = client();
  TurnClient data = client();
  io::Fd peer;
  join(control, data, peer);
  ASSERT_TRUE(control.refresh(0));
  EXPECT_TRUE(receive(peer.get(), 1).empty());
  EXPECT_TRUE(data.receive_bytes(1).empty());
  EXPECT_EQ(turn_.sum([](const ShardStatsView& s) { return s.shell.relays_open.value(); }), 0U);
}

TEST_P(TcpRelay, StoppingWithConnectionsOfEveryStateLeavesNothing) {
  turn_.start(2);
  TurnClient control = client();
  TurnClient data = client();
  io::Fd peer;
  join(control, data, peer);
  PeerServer waiting;
  ASSERT_TRUE(control.connect_peer(waiting.local()));
  turn_.service->stop();
  EXPECT_TRUE(data.receive_bytes(1).empty());
}

TEST_P(TcpRelay, DataConnectionsCountAsConnections) {
  TurnServiceOptions options = turn_.options(1);
  options.connections_per_source_max = 2;
  turn_.start(std::move(options));
  TurnClient control = client();
  TurnClient data = client();
  io::Fd peer;
  join(control, data, peer);
  EXPECT_TRUE(io::TcpClient(turn_.endpoint(Transport::kTcp)).receive(1).empty());
  EXPECT_EQ(
      turn_.sum([](const ShardStatsView& s) { return s.shell.streams_refused[StreamRefusal::kSourceFull].value(); }),
      1U);
  ::shutdown(peer.get(), SHUT_RDWR);
  data.stream().close();
  ASSERT_TRUE(turn_.wait_for([&] { return bound() == 0; }));
  EXPECT_TRUE(TurnClient(Transport::kTcp, turn_.endpoint(Transport::kTcp)).binding());
}

}  // namespace
}  // namespace noom::turn
