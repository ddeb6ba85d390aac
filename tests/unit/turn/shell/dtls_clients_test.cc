// DTLS clients from the first ClientHello to the end of their sessions.
#include "turn/shell/dtls_clients.h"

#include "tests/unit/turn/shell/dtls_script.h"

namespace noom::turn {
namespace {

using std::chrono::seconds;
using testing::ElementsAre;
using testing::IsEmpty;

class DtlsClientsTest : public DtlsScript {};

TEST_F(DtlsClientsTest, AClientThatReturnsItsCookieGetsASessionAndTalks) {
  // RFC 6347 §4.2.1: the handshake begins once the ClientHello comes back with the cookie.
  io::DtlsPeer peer;
  connect(peer, tuple());
  ASSERT_TRUE(peer.established());
  EXPECT_EQ(stats_.cookies_sent.value(), 1u);
  EXPECT_EQ(stats_.handshakes[DtlsHandshake::kCompleted].value(), 1u);
  EXPECT_EQ(stats_.sessions_live.value(), 1u);
  EXPECT_EQ(stats_.handshakes_live.value(), 0u);

  peer.send("ping");
  pass(peer, tuple());
  EXPECT_THAT(take_messages(), ElementsAre("ping"));
  EXPECT_EQ(send(tuple(), "pong"), DtlsClients::Sent::kYes);
  pass(peer, tuple());
  EXPECT_THAT(peer.messages(), ElementsAre("pong"));
}

TEST_F(DtlsClientsTest, TenThousandSpoofedHellosLeaveNothing) {
  // RFC 6347 §4.2.1: no state before the cookie comes back, and the answer is no longer than what asked for it.
  io::DtlsPeer peer;
  peer.connect();
  const std::string hello = peer.take_one();
  uint16_t port = 0;
  const auto spoof = [&] {
    ++port;
    arrive(tuple(port, IpAddress::v4(203, 0, 113, static_cast<uint8_t>(port % 251))), hello);
    ASSERT_EQ(sent_.size(), 1u);
    ASSERT_LT(take_one_sent().size(), hello.size());
  };
  spoof();
  const size_t before = allocated_bytes();
  for (int i = 0; i < 10'000; ++i) spoof();
  EXPECT_LT(allocated_bytes(), before + 1'000);
  EXPECT_EQ(stats_.sessions_live.value(), 0u);
  EXPECT_EQ(stats_.cookies_sent.value(), 10'001u);
  EXPECT_FALSE(clients_.next_deadline());
}

TEST_F(DtlsClientsTest, ACookieProvesOneAddressForAWhile) {
  // RFC 6347 §4.2.1: an invalid cookie is treated as none.
  io::DtlsPeer peer;
  const std::string hello = proved_hello(peer, tuple());
  std::string tampered = hello;
  const size_t cookie = 13 + 12 + 2 + 32 + 1 + 1;
  tampered[cookie] = static_cast<char>(tampered[cookie] ^ 1);
  arrive(tuple(), tampered);
  arrive(tuple(4001), hello);
  arrive(tuple(4000, IpAddress::v4(198, 51, 100, 8)), hello);
  advance(seconds(120));
  arrive(tuple(), hello);
  EXPECT_EQ(stats_.cookies_sent.value(), 5u);
  EXPECT_EQ(stats_.sessions_live.value(), 0u);

  take_sent();
  io::DtlsPeer patient;
  const std::string other = proved_hello(patient, tuple());
  advance(seconds(59));
  arrive(tuple(), other);
  EXPECT_EQ(stats_.sessions_live.value(), 1u);
}

TEST_F(DtlsClientsTest, AHelloInFragmentsIsServedWhenTheFirstHoldsTheCookie) {
  // RFC 6347 §4.2.3: a message may come in fragments; before the cookie only the first one is looked at.
  std::string alpn;
  for (int i = 0; i < 10; ++i) alpn += std::string("\x1e", 1) + std::string(30, static_cast<char>('a' + i));
  io::DtlsPeer peer({.alpn = alpn, .mtu = 256});
  peer.connect();
  const auto first = peer.take();
  ASSERT_GT(first.size(), 1u);
  for (const std::string& datagram : first) arrive(tuple(), datagram);
  EXPECT_EQ(dropped(DtlsDrop::kMalformedHello), first.size() - 1);
  peer.deliver(take_one_sent());
  pass(peer, tuple());
  EXPECT_TRUE(peer.established());
}

TEST_F(DtlsClientsTest, TwoRecordsInADatagramAreTwoMessages) {
  // RFC 6347 §4.1.1: a datagram may hold several records.
  io::DtlsPeer peer;
  connect(peer, tuple());
  arrive(tuple(), peer.seal("one") + peer.seal("two") + peer.seal("three"));
  EXPECT_THAT(take_messages(), ElementsAre("one", "two", "three"));
}

TEST_F(DtlsClientsTest, CloseNotifyEndsTheSessionAtOnce) {
  // RFC 5246 §7.2.1: close_notify is answered by one.
  io::DtlsPeer peer;
  connect(peer, tuple());
  peer.close();
  pass(peer, tuple());
  EXPECT_THAT(closed_, ElementsAre(tuple()));
  EXPECT_TRUE(peer.closed());
  EXPECT_EQ(stats_.sessions_live.value(), 0u);
  EXPECT_EQ(stats_.ended[DtlsEnd::kClientClosed].value(), 1u);
  EXPECT_EQ(send(tuple(), "late"), DtlsClients::Sent::kGone);
  EXPECT_FALSE(clients_.next_deadline());
}

TEST_F(DtlsClientsTest, TheServerSaysGoodbyeAndTellsTheHostNothing) {
  io::DtlsPeer peer;
  connect(peer, tuple());
  clients_.close(virtual_now(), tuple());
  peer.deliver(take_one_sent());
  EXPECT_TRUE(peer.closed());
  EXPECT_THAT(closed_, IsEmpty());
  EXPECT_EQ(stats_.ended[DtlsEnd::kServerClosed].value(), 1u);
}

TEST_F(DtlsClientsTest, AClientThatBeganAgainReplacesItsSessionOnlyWithItsCookie) {
  // RFC 6347 §4.2.8: the old association stays until the new ClientHello has proved its address.
  io::DtlsPeer before;
  connect(before, tuple());
  io::DtlsPeer after;
  after.connect();
  arrive(tuple(), after.take_one());
  EXPECT_THAT(closed_, IsEmpty());
  before.send("still here");
  for (const std::string& datagram : before.take()) arrive(tuple(), datagram);
  EXPECT_THAT(take_messages(), ElementsAre("still here"));

  after.deliver(take_one_sent());
  pass(after, tuple());
  EXPECT_TRUE(after.established());
  EXPECT_THAT(closed_, ElementsAre(tuple()));
  EXPECT_EQ(stats_.ended[DtlsEnd::kReplaced].value(), 1u);
  EXPECT_EQ(stats_.sessions_live.value(), 1u);
  before.send("gone");
  for (const std::string& datagram : before.take()) arrive(tuple(), datagram);
  EXPECT_EQ(dropped(DtlsDrop::kBadRecord), 1u);
  after.send("here");
  pass(after, tuple());
  EXPECT_THAT(take_messages(), ElementsAre("here"));
}

TEST_F(DtlsClientsTest, AClientMayBeginAgainInTheMidstOfAHandshake) {
  io::DtlsPeer before;
  arrive(tuple(), proved_hello(before, tuple()));
  take_sent();
  io::DtlsPeer after;
  connect(after, tuple());
  EXPECT_TRUE(after.established());
  EXPECT_EQ(stats_.handshakes[DtlsHandshake::kReplaced].value(), 1u);
  EXPECT_EQ(stats_.handshakes_live.value(), 0u);
}

TEST_F(DtlsClientsTest, ARepeatedHelloDoesNotDisturbTheSessionItBegan) {
  io::DtlsPeer peer;
  const std::string hello = proved_hello(peer, tuple());
  arrive(tuple(), hello);
  arrive(tuple(), hello);
  for (const std::string& datagram : take_sent()) peer.deliver(datagram);
  pass(peer, tuple());
  EXPECT_TRUE(peer.established());
  arrive(tuple(), hello);
  EXPECT_EQ(dropped(DtlsDrop::kRepeatedHello), 2u);
  EXPECT_THAT(closed_, IsEmpty());
}

TEST_F(DtlsClientsTest, ServerFlightsAreSentAgainAndAtLastGivenUp) {
  // RFC 6347 §4.2.4.1: first after one second, then after twice as long each time.
  io::DtlsPeer peer;
  arrive(tuple(), proved_hello(peer, tuple()));
  ASSERT_FALSE(take_sent().empty());
  for (const int wait : {1, 2, 4, 8}) {
    advance(seconds(wait) - std::chrono::milliseconds(20));
    EXPECT_THAT(take_sent(), IsEmpty()) << wait;
    advance(std::chrono::milliseconds(20));
    EXPECT_FALSE(take_sent().empty()) << wait;
  }
  ASSERT_TRUE(clients_.next_deadline());
  advance(*clients_.next_deadline() - virtual_now().mono);
  EXPECT_THAT(take_sent(), IsEmpty());
  EXPECT_EQ(stats_.handshakes[DtlsHandshake::kTimedOut].value(), 1u);
  EXPECT_EQ(stats_.sessions_live.value(), 0u);
  EXPECT_THAT(closed_, IsEmpty()) << "the host has never heard of it";
  EXPECT_FALSE(clients_.next_deadline());
}

TEST_F(DtlsClientsTest, AQuietSessionEndsUnlessItHasAnAllocation) {
  io::DtlsPeer quiet;
  connect(quiet, tuple(1));
  io::DtlsPeer talking;
  connect(talking, tuple(2));
  io::DtlsPeer relaying;
  connect(relaying, tuple(3));
  allocations_.insert(tuple(3));
  advance(seconds(20));
  talking.send("x");
  pass(talking, tuple(2));
  advance(seconds(10));
  EXPECT_THAT(closed_, ElementsAre(tuple(1)));
  quiet.deliver(take_one_sent());
  EXPECT_TRUE(quiet.closed());
  advance(seconds(20));
  EXPECT_THAT(closed_, ElementsAre(tuple(1), tuple(2)));
  allocations_.clear();
  advance(seconds(30));
  EXPECT_THAT(closed_, ElementsAre(tuple(1), tuple(2), tuple(3)));
  EXPECT_EQ(stats_.ended[DtlsEnd::kIdle].value(), 3u);
}

TEST_F(DtlsClientsTest, AMessageLongerThanARecordIsNotSentAndTheSessionLives) {
  // RFC 6347 §4.1.1: a message is one record, and a record holds 2^14 bytes.
  io::DtlsPeer peer;
  connect(peer, tuple());
  EXPECT_EQ(send(tuple(), std::string(io::kDtlsMessageMax + 1, 'x')), DtlsClients::Sent::kTooLong);
  EXPECT_EQ(send(tuple(), std::string(io::kDtlsMessageMax, 'x')), DtlsClients::Sent::kYes);
  pass(peer, tuple());
  EXPECT_THAT(peer.messages(), ElementsAre(std::string(io::kDtlsMessageMax, 'x')));
}

TEST_F(DtlsClientsTest, AlpnIsAgreedOn) {
  // RFC 7443 §3: stun.turn and stun.nat-discovery, over DTLS as over TLS.
  slot_.set(dtls_context(certificate_, {"stun.turn", "stun.nat-discovery"}));
  io::DtlsPeer peer({.alpn = "\x12stun.nat-discovery\x09stun.turn"});
  connect(peer, tuple());
  EXPECT_TRUE(peer.established());
  EXPECT_EQ(peer.alpn(), "stun.turn");
}

TEST_F(DtlsClientsTest, ANewCertificateIsForNewSessionsAndOldOnesGoOn) {
  io::DtlsPeer before;
  connect(before, tuple(1));
  const io::TestCertificate renewed;
  slot_.set(dtls_context(renewed));
  io::DtlsPeer after;
  connect(after, tuple(2));
  EXPECT_NE(before.certificate(), after.certificate());
  before.send("x");
  pass(before, tuple(1));
  EXPECT_THAT(take_messages(), ElementsAre("x"));
}

TEST_F(DtlsClientsTest, StoppingSaysGoodbyeToEveryone) {
  io::DtlsPeer peer;
  connect(peer, tuple(1));
  io::DtlsPeer slow;
  arrive(tuple(2), proved_hello(slow, tuple(2)));
  take_sent();
  clients_.stop(virtual_now());
  peer.deliver(take_one_sent());
  EXPECT_TRUE(peer.closed());
  EXPECT_EQ(stats_.ended[DtlsEnd::kStopped].value(), 1u);
  EXPECT_EQ(stats_.handshakes[DtlsHandshake::kStopped].value(), 1u);
  EXPECT_EQ(stats_.sessions_live.value(), 0u);
  EXPECT_THAT(closed_, IsEmpty());
}

TEST_F(DtlsClientsTest, AnIdleSessionIsSmall) {
  std::vector<std::unique_ptr<io::DtlsPeer>> peers;
  const auto add = [&](uint16_t port) {
    auto peer = std::make_unique<io::DtlsPeer>();
    connect(*peer, tuple(port));
    ASSERT_TRUE(peer->established());
    peer->send("x");
    pass(*peer, tuple(port));
    take_messages();
    peers.push_back(std::move(peer));
  };
  for (uint16_t port = 1; port <= 20; ++port) add(port);
  const size_t with_all = allocated_bytes();
  for (uint16_t port = 1; port <= 20; ++port) clients_.close(virtual_now(), tuple(port));
  clients_.on_flushed();
  take_sent();
  const size_t each = (with_all - allocated_bytes()) / 20;
  RecordProperty("bytes_per_idle_session", static_cast<int>(each));
  EXPECT_GT(each, 1'000u);
  EXPECT_LT(each, 40'000u) << "22 KB of it are OpenSSL's handshake buffer, which it keeps for retransmissions";
}

}  // namespace
}  // namespace noom::turn
