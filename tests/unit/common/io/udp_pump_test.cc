#include "common/io/udp_pump.h"

#include <gtest/gtest.h>

#include <map>

#include "common/io/socket_address.h"
#include "tests/unit/common/io/loop.h"

namespace noom::io {
namespace {

IpEndpoint endpoint(std::string_view text) {
  return IpEndpoint::parse(text).value();
}

// A plain blocking-free client socket.
class Peer {
 public:
  explicit Peer(std::string_view local = "127.0.0.1:0") : socket_(UdpSocket::open(endpoint(local), {}).value()) {}
  const IpEndpoint& local() const { return socket_.local(); }
  void send(const IpEndpoint& to, std::string_view text) {
    SocketAddress address;
    const socklen_t size = to_sockaddr(to, address);
    ASSERT_EQ(::sendto(socket_.fd(), text.data(), text.size(), 0, &address.generic, size),
              static_cast<ssize_t>(text.size()));
  }
  // False when nothing is there.
  bool receive(std::string& text, IpEndpoint* from = nullptr) {
    std::string buffer(70'000, '\0');
    SocketAddress address{};
    socklen_t size = sizeof(address);
    const ssize_t got = ::recvfrom(socket_.fd(), buffer.data(), buffer.size(), MSG_DONTWAIT, &address.generic, &size);
    if (got < 0) return false;
    buffer.resize(static_cast<size_t>(got));
    text = std::move(buffer);
    if (from != nullptr) *from = from_sockaddr(address);
    return true;
  }

 private:
  UdpSocket socket_;
};

// Echoes everything, framed in place with one byte before and one behind: headroom and tailroom are the receiver's to
// write.
class Echo : public UdpReceiver {
 public:
  explicit Echo(boost::asio::io_context& context) : pump_(context, *this) {}
  void on_datagrams(Now, UdpSocketId socket, uint64_t tag, std::span<const Datagram> batch) override {
    for (const Datagram& datagram : batch) {
      ++received_[tag];
      last_ = datagram;
      const std::span<std::byte> room = datagram.room;
      room[kHeadroom - 1] = std::byte{'<'};
      room[room.size() - kTailroom] = std::byte{'>'};
      pump_.send(socket, datagram.source, datagram.destination.address,
                 room.subspan(kHeadroom - 1, datagram.payload().size() + 2));
    }
  }
  void on_icmp(Now, UdpSocketId, uint64_t, const IcmpError& error) override { errors_.push_back(error); }
  void on_flushed() override { ++flushes_; }

  IpEndpoint open(std::string_view local, uint64_t tag = 0, PollClass poll_class = PollClass::kShared,
                  const UdpSocketOptions& options = {}) {
    auto socket = UdpSocket::open(endpoint(local), options);
    EXPECT_TRUE(socket.ok()) << socket.status();
    const IpEndpoint bound = socket->local();
    id_ = pump_.add(*std::move(socket), poll_class, tag);
    EXPECT_TRUE(id_.valid());
    return bound;
  }

  UdpPump pump_;
  UdpSocketId id_;
  std::map<uint64_t, size_t> received_;
  Datagram last_;
  std::vector<IcmpError> errors_;
  int flushes_ = 0;
};

TEST(UdpPump, EchoesFramedInPlace) {
  boost::asio::io_context context;
  Echo echo(context);
  const IpEndpoint server = echo.open("127.0.0.1:0", 7);
  Peer peer;
  peer.send(server, "hello");
  std::string text;
  ASSERT_TRUE(run_until(context, [&] { return peer.receive(text); }));
  EXPECT_EQ(text, "<hello>");
  EXPECT_EQ(echo.received_[7], 1U);
  EXPECT_EQ(echo.last_.source, peer.local());
  EXPECT_EQ(echo.last_.destination, server);
}

TEST(UdpPump, AnswersFromTheAddressTheClientUsedOnAWildcardSocket) {
  boost::asio::io_context context;
  Echo echo(context);
  const uint16_t port = echo.open("0.0.0.0:0").port;
  for (const auto& address : {IpAddress::v4(127, 0, 0, 1), IpAddress::v4(127, 0, 0, 9)}) {
    Peer peer("127.0.0.1:0");
    peer.send({address, port}, "x");
    std::string text;
    IpEndpoint from;
    ASSERT_TRUE(run_until(context, [&] { return peer.receive(text, &from); }));
    EXPECT_EQ(from, (IpEndpoint{address, port}));
    EXPECT_EQ(echo.last_.destination, from);
  }
}

TEST(UdpPump, AnswersOverIpv6FromTheAddressTheClientUsed) {
  if (!UdpSocket::open(endpoint("[::1]:0"), {}).ok()) GTEST_SKIP() << "no IPv6 here";
  boost::asio::io_context context;
  Echo echo(context);
  const IpEndpoint server{endpoint("[::1]:0").address, echo.open("[::]:0").port};
  Peer peer("[::1]:0");
  peer.send(server, "x");
  std::string text;
  IpEndpoint from;
  ASSERT_TRUE(run_until(context, [&] { return peer.receive(text, &from); }));
  EXPECT_EQ(from, server);
  EXPECT_EQ(echo.last_.destination, server);
}

TEST(UdpPump, CarriesEveryDatagramSize) {
  boost::asio::io_context context;
  Echo echo(context);
  const IpEndpoint server = echo.open("127.0.0.1:0");
  Peer peer;
  for (const size_t size : {0U, 1U, 1200U, 2059U, 2060U, 2061U, 9000U, 65'000U, 65'505U}) {
    const std::string sent(size, 'a');
    peer.send(server, sent);
    std::string text;
    ASSERT_TRUE(run_until(context, [&] { return peer.receive(text); })) << size;
    EXPECT_EQ(text, "<" + sent + ">");
  }
  EXPECT_EQ(echo.pump_.stats().receive_truncated.value(), 0U);
}

TEST(UdpPump, ADatagramTooBigForUdpIsCountedAndTheNextIsSent) {
  boost::asio::io_context context;
  Echo echo(context);
  const IpEndpoint server = echo.open("127.0.0.1:0");
  Peer peer;
  peer.send(server, std::string(65'507, 'a'));  // two more bytes do not fit
  peer.send(server, "x");
  std::string text;
  ASSERT_TRUE(run_until(context, [&] { return peer.receive(text); }));
  EXPECT_EQ(text, "<x>");
  EXPECT_EQ(echo.pump_.stats().send_drop_too_big.value(), 1U);
}

TEST(UdpPump, FlushesOncePerTurnInOneCallPerSocket) {
  boost::asio::io_context context;
  Echo echo(context);
  const IpEndpoint server = echo.open("127.0.0.1:0");
  Peer peer;
  for (int i = 0; i < 30; ++i) peer.send(server, "x");
  ASSERT_TRUE(run_until(context, [&] { return echo.pump_.stats().sent.value() == 30; }));
  EXPECT_EQ(echo.flushes_, 1);
  EXPECT_EQ(echo.pump_.stats().send_calls.value(), 1U);
}

TEST(UdpPump, KeepsTheOrderOfEachSocket) {
  boost::asio::io_context context;
  Echo echo(context);
  const IpEndpoint server = echo.open("127.0.0.1:0");
  Peer peer;
  for (int i = 0; i < 200; ++i) peer.send(server, std::to_string(i));
  for (int i = 0; i < 200; ++i) {
    std::string text;
    ASSERT_TRUE(run_until(context, [&] { return peer.receive(text); }));
    EXPECT_EQ(text, "<" + std::to_string(i) + ">");
  }
}

TEST(UdpPump, SendsFromOutsideATurn) {
  boost::asio::io_context context;
  Echo echo(context);
  echo.open("127.0.0.1:0");
  Peer peer;
  echo.pump_.send(echo.id_, peer.local(), {}, as_bytes("unasked"));
  EXPECT_EQ(echo.pump_.queued(), 1U);
  std::string text;
  ASSERT_TRUE(run_until(context, [&] { return peer.receive(text); }));
  EXPECT_EQ(text, "unasked");
  EXPECT_EQ(echo.pump_.queued(), 0U);
}

TEST(UdpPump, ARemovedSocketStillSendsWhatItHasQueued) {
  boost::asio::io_context context;
  Echo echo(context);
  const IpEndpoint server = echo.open("127.0.0.1:0");
  Peer peer;
  echo.pump_.send(echo.id_, peer.local(), {}, as_bytes("last words"));
  echo.pump_.remove(echo.id_);
  echo.pump_.send(echo.id_, peer.local(), {}, as_bytes("too late"));
  std::string text;
  ASSERT_TRUE(run_until(context, [&] { return peer.receive(text); }));
  EXPECT_EQ(text, "last words");
  EXPECT_EQ(echo.pump_.stats().send_drop_closed.value(), 1U);
  EXPECT_TRUE(UdpSocket::open(server, {}).ok()) << "the port is free again";
}

TEST(UdpPump, APortThatNobodyListensOnDisturbsNothing) {
  boost::asio::io_context context;
  Echo echo(context);
  const IpEndpoint server = echo.open("127.0.0.1:0");
  const IpEndpoint nobody = Peer().local();
  for (int i = 0; i < 5; ++i) {
    echo.pump_.send(echo.id_, nobody, {}, as_bytes("x"));
    context.poll();
  }
  Peer peer;
  peer.send(server, "alive");
  std::string text;
  ASSERT_TRUE(run_until(context, [&] { return peer.receive(text); }));
  EXPECT_EQ(text, "<alive>");
}

TEST(UdpPump, TellsWhatIcmpReportsAndGoesOnAsBefore) {
  struct Case {
    std::string_view local;
    uint8_t type;  // destination unreachable, port unreachable
    uint8_t code;
  };
  for (const Case& each : {Case{"127.0.0.1:0", 3, 3}, Case{"[::1]:0", 1, 4}}) {
    boost::asio::io_context context;
    Echo echo(context);
    const IpEndpoint server = echo.open(each.local, 0, PollClass::kPrivate, {.report_icmp = true});
    const IpEndpoint nobody = Peer(each.local).local();
    echo.pump_.send(echo.id_, nobody, {}, as_bytes("x"));
    ASSERT_TRUE(run_until(context, [&] { return !echo.errors_.empty(); }));
    EXPECT_EQ(echo.errors_.front().peer, nobody);
    EXPECT_EQ(echo.errors_.front().type, each.type);
    EXPECT_EQ(echo.errors_.front().code, each.code);
    Peer peer(each.local);
    peer.send(server, "alive");
    std::string text;
    ASSERT_TRUE(run_until(context, [&] { return peer.receive(text); }));
    EXPECT_EQ(text, "<alive>");
    EXPECT_EQ(echo.errors_.size(), 1U);
  }
}

TEST(UdpPump, WhatMustStayWholeAndIsTooBigForTheKernelReadsLikeIcmp) {
  struct Case {
    std::string_view local;
    uint8_t type;  // fragmentation needed; packet too big
    uint8_t code;
  };
  const std::string too_big(65'530, 'x');
  for (const Case& each : {Case{"127.0.0.1:0", 3, 4}, Case{"[::1]:0", 2, 0}}) {
    boost::asio::io_context context;
    Echo echo(context);
    echo.open(each.local, 0, PollClass::kPrivate, {.report_icmp = true});
    const IpEndpoint peer = Peer(each.local).local();
    echo.pump_.send(echo.id_, peer, {}, as_bytes(too_big));
    echo.pump_.send(echo.id_, peer, {}, as_bytes(too_big), {.whole = true});
    ASSERT_TRUE(run_until(context, [&] { return !echo.errors_.empty(); }));
    EXPECT_EQ(echo.errors_.back().peer, peer);
    EXPECT_EQ(echo.errors_.back().type, each.type);
    EXPECT_EQ(echo.errors_.back().code, each.code);
    EXPECT_GE(echo.errors_.back().mtu, 1280U);
    EXPECT_EQ(echo.pump_.stats().send_drop_too_big.value(), 2U);
  }
}

TEST(UdpPump, TrafficClassAndHopLimitAreReadAndWrittenWhereAskedFor) {
  for (const std::string_view local : {"127.0.0.1:0", "[::1]:0", "0.0.0.0:0", "[::]:0"}) {
    boost::asio::io_context context;
    Echo reader(context);
    IpEndpoint server = reader.open(local, 0, PollClass::kShared, {.report_ip_fields = true});
    Echo writer(context);
    const bool is_v4 = server.address.is_v4();
    writer.open(is_v4 ? "127.0.0.1:0" : "[::1]:0");
    server.address = endpoint(is_v4 ? "127.0.0.1:0" : "[::1]:0").address;
    writer.pump_.send(writer.id_, server, {}, as_bytes("x"), {.ip = {.traffic_class = 0xb9, .hop_limit = 7}});
    ASSERT_TRUE(run_until(context, [&] { return reader.received_[0] == 1; }));
    EXPECT_EQ(reader.last_.ip, (IpFields{.traffic_class = 0xb9, .hop_limit = 7})) << local;
    ASSERT_TRUE(run_until(context, [&] { return writer.received_[0] == 1; }));
    EXPECT_EQ(writer.last_.ip, IpFields{}) << "not asked for";
  }
}

TEST(UdpPump, ReportsWhatTheKernelDropped) {
  boost::asio::io_context context;
  Echo echo(context);
  auto socket = UdpSocket::open(endpoint("127.0.0.1:0"), {.receive_buffer_bytes = 4096});
  ASSERT_TRUE(socket.ok());
  const IpEndpoint server = socket->local();
  echo.pump_.add(*std::move(socket), PollClass::kShared, 0);
  Peer peer;
  for (int i = 0; i < 200; ++i) peer.send(server, std::string(500, 'x'));
  std::string text;
  ASSERT_TRUE(run_until(context, [&] { return peer.receive(text); }));
  while (run_until(
      context, [&] { return peer.receive(text); }, std::chrono::milliseconds(1))) {
  }
  peer.send(server, "now the kernel tells");
  ASSERT_TRUE(run_until(context, [&] { return peer.receive(text); }));
  const UdpPumpStats& stats = echo.pump_.stats();
  EXPECT_GT(stats.receive_overflows.value(), 0U);
  EXPECT_EQ(stats.received.value() + stats.receive_overflows.value(), 201U);
}

TEST(UdpPump, ManyBusyPrivateSocketsLeaveTheListenerItsShare) {
  boost::asio::io_context context;
  Echo echo(context);
  const IpEndpoint listener = echo.open("127.0.0.1:0", 0, PollClass::kShared);
  std::vector<IpEndpoint> relays;
  for (uint64_t i = 0; i < 50; ++i) relays.push_back(echo.open("127.0.0.1:0", 1, PollClass::kPrivate));
  Peer peer;
  for (int i = 0; i < 64; ++i) peer.send(listener, "x");
  for (int i = 0; i < 40; ++i) {
    for (const IpEndpoint& relay : relays) peer.send(relay, "x");
  }
  ASSERT_TRUE(run_until(context, [&] { return echo.received_[0] == 64; }));
  EXPECT_LE(echo.received_[1], 512U) << "the listener waited for the relays";
}

}  // namespace
}  // namespace noom::io
