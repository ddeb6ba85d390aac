// Starting, failing to start, draining and stopping.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/io/listen_socket.h"
#include "tests/unit/turn/shell/service_fixture.h"

namespace noom::turn {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

std::string failure(ServiceFixture& turn, TurnServiceOptions options, std::optional<size_t>& index) {
  const auto started = TurnService::start(std::move(options), turn.log, &index);
  EXPECT_FALSE(started.ok());
  return std::string(started.status().message());
}

TEST(TurnServiceStart, ReportsTheRealPorts) {
  ServiceFixture turn;
  turn.start(3);
  ASSERT_EQ(turn.service->listeners().size(), 3U);
  for (const Listener& listener : turn.service->listeners()) EXPECT_NE(listener.local.port, 0) << listener.name;
  EXPECT_EQ(turn.service->listeners()[2].name, "listen.tls");
}

TEST(TurnServiceStart, ASecondCopyOnTheSamePortIsRefused) {
  ServiceFixture turn;
  turn.start(2);
  for (const size_t index : {0U, 1U}) {
    const Listener taken = turn.service->listeners()[index];
    ServiceFixture second;
    TurnServiceOptions options = second.options(2);
    options.listeners[index].local = taken.local;
    std::optional<size_t> failed;
    EXPECT_THAT(failure(second, std::move(options), failed),
                StartsWith(std::string(to_string(taken.transport)) + " " + taken.local.to_string() +
                           ": address already in use; "));
    EXPECT_EQ(failed, index);
  }
}

TEST(TurnServiceStart, TwoListenersOnOnePortAreRefused) {
  ServiceFixture turn;
  TurnServiceOptions options = turn.options(1);
  const IpEndpoint free = io::UdpSocket::open({kLoopback, 0}, {})->local();
  options.listeners = {{"listen.udp", Transport::kUdp, free}, {"listen.udp", Transport::kUdp, free}};
  std::optional<size_t> failed;
  EXPECT_THAT(failure(turn, std::move(options), failed), HasSubstr("address already in use"));
  EXPECT_EQ(failed, 1U);
}

TEST(TurnServiceStart, AnAddressOfAnotherHostIsNamed) {
  ServiceFixture turn;
  TurnServiceOptions options = turn.options(1);
  options.listeners[1].local = {IpAddress::v4(192, 0, 2, 1), 3478};
  std::optional<size_t> failed;
  EXPECT_THAT(failure(turn, std::move(options), failed), StartsWith("tcp 192.0.2.1:3478: not an address of this host"));
  EXPECT_EQ(failed, 1U);
}

TEST(TurnServiceStart, TlsWithoutACertificateIsNamed) {
  ServiceFixture turn;
  TurnServiceOptions options = turn.options(1);
  options.listeners[2].tls = nullptr;
  std::optional<size_t> failed;
  EXPECT_THAT(failure(turn, std::move(options), failed), HasSubstr("no certificate is configured"));
  EXPECT_EQ(failed, 2U);
}

TEST(TurnServiceStart, AFailureLeavesNothingOpen) {
  ServiceFixture turn;
  TurnServiceOptions options = turn.options(2);
  const IpEndpoint free = io::UdpSocket::open({kLoopback, 0}, {})->local();
  options.listeners[0].local = free;
  options.listeners[1].local = {IpAddress::v4(192, 0, 2, 1), 3478};
  std::optional<size_t> failed;
  failure(turn, std::move(options), failed);
  EXPECT_TRUE(io::check_port_free(Transport::kUdp, free).ok());
}

TEST(TurnServiceStop, FreesEveryPortAndIsIdempotent) {
  ServiceFixture turn;
  turn.start(2);
  const std::vector<Listener> listeners = turn.service->listeners();
  TurnClient alice(Transport::kTcp, turn.endpoint(Transport::kTcp));
  const auto relayed = alice.allocate();
  ASSERT_TRUE(relayed);
  turn.service->stop();
  turn.service->stop();
  EXPECT_FALSE(alice.receive_frame()) << "the connection is closed";
  EXPECT_TRUE(io::check_port_free(Transport::kUdp, *relayed).ok());
  for (const Listener& listener : listeners) {
    const Transport transport = listener.transport == Transport::kUdp ? Transport::kUdp : Transport::kTcp;
    EXPECT_TRUE(io::check_port_free(transport, listener.local).ok()) << listener.name;
  }
}

TEST(TurnServiceDrain, AnIdleServiceIsDrainedAtOnce) {
  ServiceFixture turn;
  turn.start(3);
  std::promise<void> drained;
  turn.service->begin_drain([&] { drained.set_value(); });
  EXPECT_EQ(drained.get_future().wait_for(std::chrono::seconds(20)), std::future_status::ready);
}

TEST(TurnServiceDrain, WaitsForTheLastAllocationAndAcceptsNoConnection) {
  ServiceFixture turn;
  turn.start(2);
  TurnClient alice(Transport::kUdp, turn.endpoint(Transport::kUdp));
  ASSERT_TRUE(alice.allocate());
  std::promise<void> drained;
  auto done = drained.get_future();
  turn.service->begin_drain([&] { drained.set_value(); });
  ASSERT_TRUE(turn.wait_for([&] { return !io::TcpClient(turn.endpoint(Transport::kTcp)).connected(); }));
  EXPECT_EQ(done.wait_for(std::chrono::seconds(0)), std::future_status::timeout);
  EXPECT_TRUE(alice.refresh(0));
  EXPECT_EQ(done.wait_for(std::chrono::seconds(20)), std::future_status::ready);
}

}  // namespace
}  // namespace noom::turn
