// NAT behaviour discovery over real loopback sockets: the answer leaves from the socket that RFC 5780 §6.1 names, on
// every shard.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <array>
#include <optional>
#include <set>
#include <string>
#include <thread>

#include "common/io/listen_socket.h"
#include "common/wire/message_builder.h"
#include "stun/shell/choose_ports.h"
#include "stun/shell/stun_service.h"
#include "tests/unit/common/io/tcp_client.h"

namespace noom::stun {
namespace {

using wire::Attr;
using wire::Class;
using wire::Method;

const IpEndpoint kFirst = *IpEndpoint::parse("127.0.0.1:0");
const IpEndpoint kSecond = *IpEndpoint::parse("127.0.0.2:0");
const IpEndpoint kV6 = *IpEndpoint::parse("[::1]:0");
constexpr uint32_t kShards = 2;

struct Heard {
  IpEndpoint from;
  std::string bytes;

  std::optional<wire::MessageView> message() const { return wire::MessageView::parse(as_bytes(bytes)); }
};

// A blocking UDP client that takes answers from anywhere. Its calls time out.
class OpenClient {
 public:
  explicit OpenClient(const IpAddress& address) : fd_(io::new_socket(address.family(), SOCK_DGRAM)) {
    EXPECT_TRUE(io::bind_to(fd_.get(), {address, 0}));
    EXPECT_EQ(::fcntl(fd_.get(), F_SETFL, 0), 0);
    const timeval patience{.tv_sec = 20, .tv_usec = 0};
    ::setsockopt(fd_.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
  }
  IpEndpoint local() const { return io::bound_endpoint(fd_.get()); }
  void send(const IpEndpoint& to, Bytes datagram) {
    io::SocketAddress address;
    const socklen_t size = io::to_sockaddr(to, address);
    EXPECT_EQ(::sendto(fd_.get(), datagram.data(), datagram.size(), 0, &address.generic, size),
              ssize_t(datagram.size()));
  }
  Heard receive() {
    std::array<char, 4096> room;
    io::SocketAddress address{};
    socklen_t address_size = sizeof(address);
    const ssize_t size = ::recvfrom(fd_.get(), room.data(), room.size(), 0, &address.generic, &address_size);
    if (size < 0) return {};
    return {io::from_sockaddr(address), std::string(room.data(), static_cast<size_t>(size))};
  }

 private:
  io::Fd fd_;
};

class BehaviourTest : public testing::Test {
 protected:
  void start(const IpEndpoint& first, const IpEndpoint& second, Policy policy = {}) {
    service_.emplace(
        kShards,
        ShardLimits{.tcp_connections_max = 100, .tcp_idle_timeout = std::chrono::seconds(60), .policy = policy});
    udp_ = listen(Transport::kUdp, first, second);
    tcp_ = listen(Transport::kTcp, first, second);
    service_->start();
  }
  AddressMatrix listen(Transport transport, const IpEndpoint& first, const IpEndpoint& second) {
    const auto matrix = choose_ports(transport, first, second);
    EXPECT_TRUE(matrix.ok()) << matrix.status();
    if (!matrix.ok()) return {};
    const auto failure = service_->listen(transport, *matrix);
    EXPECT_FALSE(failure) << failure->status;
    return *matrix;
  }
  Bytes request(uint32_t change) {
    wire::MessageBuilder builder(room_, Method::kBinding, Class::kRequest, {});
    if (change != 0) builder.u32(Attr::kChangeRequest, change);
    return builder.finish();
  }
  uint64_t answers_of(size_t shard) const { return service_->shards()[shard]->stats().udp.successes.value(); }

  std::array<std::byte, 4096> room_;
  std::optional<StunService> service_;
  AddressMatrix udp_, tcp_;
};

TEST_F(BehaviourTest, TheMatrixHasTwoPortsThatAreTheSameOnBothAddresses) {
  // RFC 5780 §6: the same two ports on two addresses.
  start(kFirst, kSecond);
  for (const AddressMatrix& matrix : {udp_, tcp_}) {
    EXPECT_EQ(std::set<IpEndpoint>(matrix.at.begin(), matrix.at.end()).size(), 4u);
    EXPECT_EQ(matrix.at[0].port, matrix.at[2].port);
    EXPECT_EQ(matrix.at[1].port, matrix.at[3].port);
    EXPECT_EQ(matrix.at[0].address, matrix.at[1].address);
    EXPECT_EQ(matrix.at[2].address, matrix.at[3].address);
  }
}

TEST_F(BehaviourTest, EverySocketOfEveryShardAnswersFromTheSocketAskedFor) {
  // RFC 5780 §6.1 table 1: the source of the answer, for each flag and each socket the request can arrive on.
  start(kFirst, kSecond);
  for (int round = 0; answers_of(0) == 0 || answers_of(1) == 0 || round < 4; ++round) {
    ASSERT_LT(round, 64) << "the kernel gives one shard everything";
    OpenClient client(kFirst.address);
    for (uint8_t position = 0; position < 4; ++position) {
      for (uint8_t change = 0; change < 4; ++change) {
        client.send(udp_.at[position],
                    request(change * 2u));  // A is 4 and B is 2, as the bits of a position are 2 and 1
        const Heard heard = client.receive();
        ASSERT_EQ(heard.from, udp_.at[position ^ change]) << +position << " " << +change;
        ASSERT_TRUE(heard.message());
        EXPECT_EQ(heard.message()->xor_address(Attr::kXorMappedAddress), client.local());
        EXPECT_EQ(heard.message()->plain_address(Attr::kResponseOrigin), heard.from);
        EXPECT_EQ(heard.message()->plain_address(Attr::kOtherAddress), udp_.at[3 - position]);
      }
    }
  }
}

TEST_F(BehaviourTest, OneAddressOfEitherFamilyServesTwoPorts) {
  // RFC 5780 §6: without a second address, no OTHER-ADDRESS, and CHANGE-REQUEST is 420.
  for (const IpEndpoint& local : {kV6, kFirst}) {
    start(local, local);
    EXPECT_NE(udp_.at[0].port, udp_.at[1].port);
    OpenClient client(local.address);
    for (uint8_t position = 0; position < 2; ++position) {
      client.send(udp_.at[position], request(0));
      const Heard heard = client.receive();
      EXPECT_EQ(heard.from, udp_.at[position]);
      ASSERT_TRUE(heard.message());
      EXPECT_EQ(heard.message()->plain_address(Attr::kResponseOrigin), udp_.at[position]);
      EXPECT_FALSE(heard.message()->has(Attr::kOtherAddress));
      client.send(udp_.at[position], request(2));
      const Heard refused = client.receive();
      EXPECT_EQ(refused.from, udp_.at[position]);
      ASSERT_TRUE(refused.message());
      EXPECT_EQ(refused.message()->error_code(), wire::ErrorCode::kUnknownAttribute);
    }
    service_.reset();
  }
}

TEST_F(BehaviourTest, AnswersOfABurstDoNotOverwriteEachOther) {
  // RFC 5780 §7.6: each padded answer is its own request's.
  start(kFirst, kSecond);
  OpenClient client(kFirst.address);
  constexpr size_t kBurst = 100;
  for (size_t i = 0; i < kBurst; ++i) {
    wire::MessageBuilder builder(room_, Method::kBinding, Class::kRequest, wire::TransactionId{std::byte(i)});
    builder.text(Attr::kPadding, std::string(4 * i, 'x'));
    client.send(udp_.at[i % 4], builder.finish());
  }
  std::set<size_t> heard;
  for (size_t i = 0; i < kBurst; ++i) {
    const Heard answer = client.receive();
    ASSERT_TRUE(answer.message());
    const auto id = std::to_integer<size_t>(answer.message()->transaction_id()[0]);
    EXPECT_TRUE(heard.insert(id).second) << id;
    EXPECT_EQ(answer.message()->find(Attr::kPadding)->value.size(), 4 * id);
    EXPECT_EQ(answer.message()->xor_address(Attr::kXorMappedAddress), client.local());
  }
}

TEST_F(BehaviourTest, ResponsePortReachesAnotherSocketOfTheClient) {
  // RFC 5780 §7.5: sent to the port of RESPONSE-PORT at the address the request came from.
  start(kFirst, kSecond, {.response_port = true});
  OpenClient asking(kFirst.address);
  OpenClient listening(kFirst.address);
  wire::MessageBuilder builder(room_, Method::kBinding, Class::kRequest, {});
  builder.u32(Attr::kResponsePort, uint32_t{listening.local().port} << 16);
  asking.send(udp_.at[0], builder.finish());
  const Heard heard = listening.receive();
  EXPECT_EQ(heard.from, udp_.at[0]);
  ASSERT_TRUE(heard.message());
  EXPECT_EQ(heard.message()->xor_address(Attr::kXorMappedAddress), asking.local());
}

TEST_F(BehaviourTest, ClassicRequestsAreAnsweredOnPlainListenersAndInTheMatrix) {
  // RFC 5389 §12.2: no cookie, no XOR: MAPPED-ADDRESS; SOURCE-ADDRESS is the socket the answer leaves from.
  service_.emplace(kShards, ShardLimits{.policy = {.classic = true}});
  udp_ = listen(Transport::kUdp, kFirst, kSecond);
  const auto plain = service_->listen(Transport::kUdp, kFirst);
  ASSERT_TRUE(plain.ok());
  service_->start();
  OpenClient client(kFirst.address);
  std::string classic(20, '\x01');
  classic.replace(0, 4, std::string("\0\1\0\0", 4));
  for (const IpEndpoint& server : {*plain, udp_.at[3]}) {
    client.send(server, as_bytes(classic));
    const Heard heard = client.receive();
    EXPECT_EQ(heard.from, server);
    ASSERT_GE(heard.bytes.size(), 44u);
    EXPECT_EQ(heard.bytes.substr(4, 16), classic.substr(4)) << "the transaction id has 128 bits";
    EXPECT_EQ(load_be<uint16_t>(as_bytes(heard.bytes).data() + 26), client.local().port) << "MAPPED-ADDRESS";
    EXPECT_EQ(load_be<uint16_t>(as_bytes(heard.bytes).data() + 38), server.port) << "SOURCE-ADDRESS";
  }
}

TEST_F(BehaviourTest, TcpClientsLearnTheOtherAddressAndCanAskThere) {
  // RFC 5780 §4.3: mapping tests ask the other addresses themselves, so all four accept connections.
  start(kFirst, kSecond);
  for (uint8_t position = 0; position < 4; ++position) {
    io::TcpClient client(tcp_.at[position]);
    ASSERT_TRUE(client.send(as_text(request(0))));
    const std::string answer = client.receive(20 + 4 * 12);
    const auto message = wire::MessageView::parse(as_bytes(answer));
    ASSERT_TRUE(message);
    EXPECT_EQ(message->xor_address(Attr::kXorMappedAddress), client.local());
    EXPECT_EQ(message->plain_address(Attr::kResponseOrigin), tcp_.at[position]);
    EXPECT_EQ(message->plain_address(Attr::kOtherAddress), tcp_.at[3 - position]);
  }
}

TEST_F(BehaviourTest, APositionThatCannotBeBoundIsNamed) {
  // RFC 5780 §6: a matrix with a hole is none.
  start(kFirst, kSecond);
  StunService second(kShards, {});
  AddressMatrix wanted = udp_;
  for (uint8_t free = 0; free < 2; ++free) {
    const auto chosen = choose_ports(Transport::kUdp, kFirst, kSecond);
    ASSERT_TRUE(chosen.ok());
    wanted.at[free] = chosen->at[free];
  }
  const auto failure = second.listen(Transport::kUdp, wanted);
  ASSERT_TRUE(failure);
  EXPECT_EQ(failure->position, 2);
  EXPECT_EQ(failure->status.message().find("udp " + udp_.at[2].to_string() + ": "), 0u);
}

TEST_F(BehaviourTest, AnAddressThatIsNotTheHostsIsAnErrorWithPortsToChooseToo) {
  // RFC 5780 §6: both addresses are the server's own.
  const auto chosen = choose_ports(Transport::kUdp, kFirst, *IpEndpoint::parse("192.0.2.1:0"));
  ASSERT_FALSE(chosen.ok());
  EXPECT_EQ(chosen.status().message().find("udp 192.0.2.1:"), 0u) << chosen.status();
}

}  // namespace
}  // namespace noom::stun
