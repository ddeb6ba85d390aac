// What is particular to clients over TCP and TLS: pipelining, leaving, garbage, slow readers, limits, certificates.
#include <gtest/gtest.h>

#include "tests/unit/turn/shell/service_fixture.h"

namespace noom::turn {
namespace {

constexpr uint16_t kChannel = 0x4001;

class TurnServiceStream : public testing::Test {
 protected:
  uint64_t ended(StreamEnd reason) const {
    return turn_.sum([&](const ShardStatsView& stats) { return stats.shell.streams_ended[reason].value(); });
  }
  uint64_t refused(StreamRefusal reason) const {
    return turn_.sum([&](const ShardStatsView& stats) { return stats.shell.streams_refused[reason].value(); });
  }
  uint64_t dropped(ShellDrop reason) const {
    return turn_.sum([&](const ShardStatsView& stats) { return stats.shell.drops[reason].value(); });
  }
  TurnClient tcp() const { return {Transport::kTcp, turn_.endpoint(Transport::kTcp)}; }
  ServiceFixture turn_;
};

TEST_F(TurnServiceStream, AnswersPipelinedRequestsInOrder) {
  turn_.start();
  TurnClient alice = tcp();
  std::string both = TurnClient::binding_request();
  const std::string first = both;
  both += TurnClient::binding_request();
  ASSERT_TRUE(alice.send_raw(both));
  const auto answer = alice.receive_frame();
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->substr(8, 12), first.substr(8, 12));
  EXPECT_TRUE(alice.receive_frame());
}

TEST_F(TurnServiceStream, AnswersARequestThatComesByteByByte) {
  turn_.start();
  TurnClient alice = tcp();
  for (const char byte : TurnClient::binding_request()) ASSERT_TRUE(alice.send_raw({&byte, 1}));
  EXPECT_TRUE(alice.receive_frame());
}

TEST_F(TurnServiceStream, LeavingEndsTheAllocation) {
  turn_.start(2);
  for (const Transport transport : {Transport::kTcp, Transport::kTls}) {
    {
      TurnClient alice(transport, turn_.endpoint(transport));
      ASSERT_TRUE(alice.allocate());
      EXPECT_EQ(turn_.live_allocations(), 1U);
    }
    EXPECT_TRUE(turn_.wait_for([&] { return turn_.live_allocations() == 0; }));
  }
  EXPECT_EQ(ended(StreamEnd::kClientClosed), 2U);
  EXPECT_EQ(turn_.sum([](const ShardStatsView& stats) { return stats.shell.relays_open.value(); }), 0U);
}

TEST_F(TurnServiceStream, GarbageEndsTheConnectionAndNothingElse) {
  turn_.start();
  TurnClient vandal = tcp();
  TurnClient alice = tcp();
  ASSERT_TRUE(alice.allocate());
  ASSERT_TRUE(vandal.send_raw("\x16\x03\x01: a TLS client on the plain port"));
  EXPECT_FALSE(vandal.receive_frame());
  EXPECT_EQ(ended(StreamEnd::kTlsUnexpected), 1U);
  EXPECT_TRUE(alice.refresh(600));
}

TEST_F(TurnServiceStream, GarbageInsteadOfAHandshakeEndsTheConnection) {
  turn_.start();
  TurnClient vandal(Transport::kTcp, turn_.endpoint(Transport::kTls));
  ASSERT_TRUE(vandal.send_raw(TurnClient::binding_request()));
  EXPECT_TRUE(turn_.wait_for([&] { return ended(StreamEnd::kHandshakeFailed) == 1; }));
}

TEST_F(TurnServiceStream, ASlowReaderLosesMediaButNoResponse) {
  turn_.start();
  TurnClient alice = tcp();
  UdpSide peer({kLoopback, 0});
  const auto relayed = alice.allocate();
  ASSERT_TRUE(relayed);
  ASSERT_TRUE(alice.channel_bind(kChannel, peer.local()));
  const std::string media(1200, 'm');
  ASSERT_TRUE(turn_.wait_for([&] {
    peer.send_to(*relayed, media);
    return dropped(ShellDrop::kStreamQueueFull) > 100;
  }));
  // The queue is full of media; the response waits behind it, and every frame before it is whole.
  EXPECT_TRUE(alice.refresh(600));
  peer.send_to(*relayed, "fresh");
  std::optional<std::string> last;
  do last = alice.receive_channel(kChannel);
  while (last == media);
  EXPECT_EQ(last, "fresh");
  EXPECT_EQ(ended(StreamEnd::kSlowReader), 0U);
}

TEST_F(TurnServiceStream, AClientThatNeverReadsItsResponsesIsClosed) {
  turn_.start();
  TurnClient alice = tcp();
  std::string requests;
  for (int i = 0; i < 500; ++i) requests += TurnClient::binding_request();
  for (int i = 0; i < 10'000 && alice.send_raw(requests); ++i) {
  }
  EXPECT_TRUE(turn_.wait_for([&] { return ended(StreamEnd::kSlowReader) == 1; }));
}

TEST_F(TurnServiceStream, ConnectionsBeyondTheLimitAreClosed) {
  TurnServiceOptions options = turn_.options(3);
  options.connections_max = 2;
  turn_.start(std::move(options));
  TurnClient first = tcp();
  TurnClient second = tcp();
  ASSERT_TRUE(first.binding());
  ASSERT_TRUE(second.binding());
  TurnClient third = tcp();
  EXPECT_FALSE(third.binding());
  EXPECT_EQ(refused(StreamRefusal::kFull), 1U);
}

TEST_F(TurnServiceStream, OneSourceMayNotTakeAllConnections) {
  TurnServiceOptions options = turn_.options(3);
  options.connections_per_source_max = 1;
  turn_.start(std::move(options));
  {
    TurnClient first = tcp();
    ASSERT_TRUE(first.binding());
    TurnClient second = tcp();
    EXPECT_FALSE(second.binding());
    EXPECT_EQ(refused(StreamRefusal::kSourceFull), 1U);
  }
  ASSERT_TRUE(turn_.wait_for(
      [&] { return turn_.sum([](const ShardStatsView& stats) { return stats.shell.streams_live.value(); }) == 0; }));
  TurnClient third = tcp();
  EXPECT_TRUE(third.binding()) << "the place is free again";
}

TEST_F(TurnServiceStream, ANewCertificateServesNewConnections) {
  turn_.start();
  const auto presented = [&] {
    TurnClient client(Transport::kTls, turn_.endpoint(Transport::kTls));
    X509* certificate = SSL_get1_peer_certificate(client.stream().ssl());
    std::array<unsigned char, 32> digest{};
    X509_digest(certificate, EVP_sha256(), digest.data(), nullptr);
    X509_free(certificate);
    return digest;
  };
  const auto before = presented();
  EXPECT_EQ(presented(), before);
  const io::TestCertificate renewed;
  turn_.tls->set(*io::TlsContext::load(renewed.options(), io::read_clocks().wall));
  EXPECT_NE(presented(), before);
}

}  // namespace
}  // namespace noom::turn
