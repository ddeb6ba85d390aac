// DTLS clients that mean no good, and the limits that hold them: each reason to drop a datagram.
#include "tests/unit/turn/shell/dtls_script.h"

namespace noom::turn {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr size_t kRecordHeader = 13;

std::string record(uint8_t content, uint16_t epoch, std::string_view fragment, std::optional<size_t> length = {}) {
  const size_t claimed = length.value_or(fragment.size());
  std::string text = {static_cast<char>(content),
                      '\xfe',
                      '\xfd',
                      static_cast<char>(epoch >> 8),
                      static_cast<char>(epoch),
                      0,
                      0,
                      0,
                      0,
                      0,
                      77,
                      static_cast<char>(claimed >> 8),
                      static_cast<char>(claimed)};
  return text.append(fragment);
}

// The head of a handshake message that claims `length` bytes.
std::string message(uint8_t type, uint32_t length, uint16_t sequence = 1) {
  std::string text = {static_cast<char>(type),
                      static_cast<char>(length >> 16),
                      static_cast<char>(length >> 8),
                      static_cast<char>(length),
                      static_cast<char>(sequence >> 8),
                      static_cast<char>(sequence),
                      0,
                      0,
                      0,
                      0,
                      0,
                      8};
  return text.append(8, 'x');
}

class DtlsHostileTest : public DtlsScript {};

TEST_F(DtlsHostileTest, WhatIsNoRecordIsMalformed) {
  io::DtlsPeer peer;
  connect(peer, tuple());
  const std::string good = peer.seal("good");
  for (size_t size = 1; size < good.size(); ++size) arrive(tuple(), good.substr(0, size));
  EXPECT_EQ(dropped(DtlsDrop::kMalformedRecord), good.size() - 1) << "truncated anywhere";
  arrive(tuple(), record(23, 1, "giant", 65'535));
  std::string tls = good;
  tls[1] = 3;
  arrive(tuple(), tls);
  arrive(tuple(), record(24, 1, "no such content"));
  EXPECT_EQ(dropped(DtlsDrop::kMalformedRecord), good.size() + 2);
  arrive(tuple(), good);
  EXPECT_THAT(take_messages(), ElementsAre("good")) << "the session lives";
}

TEST_F(DtlsHostileTest, ReplaysAndForgeriesAreDropped) {
  // RFC 6347 §4.1.2.6, §4.1.2.7: the replay window; invalid records are discarded in silence.
  io::DtlsPeer peer;
  connect(peer, tuple());
  const std::string good = peer.seal("good");
  arrive(tuple(), good);
  arrive(tuple(), good);
  EXPECT_EQ(dropped(DtlsDrop::kBadRecord), 1u);
  std::string forged = peer.seal("forged");
  for (size_t at = kRecordHeader; at < forged.size(); ++at) {
    std::string bent = forged;
    bent[at] = static_cast<char>(bent[at] ^ 0x20);
    arrive(tuple(), bent);
  }
  arrive(tuple(), record(23, 1, std::string(16'384 + 2'048, 'x')));
  arrive(tuple(), record(23, 1, std::string(20'000, 'x')));
  arrive(tuple(), record(23, 1, "x"));
  arrive(tuple(), record(21, 1, std::string("\x02\x28", 2)));
  arrive(tuple(), record(22, 1, message(20, 8)));
  EXPECT_EQ(dropped(DtlsDrop::kBadRecord), 1u + forged.size() - kRecordHeader + 5);
  EXPECT_THAT(sent_, IsEmpty()) << "nobody is told what was wrong";
  arrive(tuple(), forged);
  EXPECT_THAT(take_messages(), ElementsAre("good", "forged"));
  EXPECT_THAT(closed_, IsEmpty());
}

TEST_F(DtlsHostileTest, RecordsOfOtherEpochsAreDropped) {
  io::DtlsPeer peer;
  connect(peer, tuple());
  arrive(tuple(), record(21, 0, std::string("\x02\x28", 2)));
  arrive(tuple(), record(21, 0, std::string("\x01\x00", 2)));
  arrive(tuple(), record(23, 0, "plain"));
  arrive(tuple(), record(23, 2, "of the next epoch"));
  arrive(tuple(), record(22, 65'535, "x"));
  EXPECT_EQ(dropped(DtlsDrop::kWrongEpoch), 5u);
  EXPECT_THAT(messages_, IsEmpty());
  EXPECT_THAT(closed_, IsEmpty());
  EXPECT_EQ(stats_.sessions_live.value(), 1u);
}

TEST_F(DtlsHostileTest, RecordsWithoutASessionAreDropped) {
  arrive(tuple(), record(23, 1, "data"));
  arrive(tuple(), record(21, 0, std::string("\x02\x28", 2)));
  arrive(tuple(), record(22, 0, message(16, 8)));
  EXPECT_EQ(dropped(DtlsDrop::kNoSession), 3u);
  EXPECT_THAT(sent_, IsEmpty());
}

TEST_F(DtlsHostileTest, AHelloWithoutItsHeadIsMalformed) {
  io::DtlsPeer peer;
  peer.connect();
  const std::string hello = peer.take_one();
  std::string later = hello;
  later[kRecordHeader + 8] = 1;  // fragment_offset
  arrive(tuple(), later);
  std::string longer = hello;
  longer[kRecordHeader + 2] = 0;  // a message shorter than its fragment
  longer[kRecordHeader + 3] = 1;
  arrive(tuple(), longer);
  arrive(tuple(), record(22, 0, hello.substr(kRecordHeader, 40)));
  EXPECT_EQ(dropped(DtlsDrop::kMalformedHello), 3u);
  EXPECT_THAT(sent_, IsEmpty());
}

TEST_F(DtlsHostileTest, DataBeforeTheHandshakeIsDoneIsDropped) {
  io::DtlsPeer peer;
  arrive(tuple(), proved_hello(peer, tuple()));
  arrive(tuple(), record(23, 1, "early"));
  EXPECT_EQ(dropped(DtlsDrop::kEarlyData), 1u);
  for (int i = 0; i < 100; ++i) arrive(tuple(), record(22, 1, std::string(1, static_cast<char>(i))));
  EXPECT_EQ(dropped(DtlsDrop::kEarlyData), 1u + 100 - kDtlsProtectedEarlyMax);
}

TEST_F(DtlsHostileTest, AMessageThatClaimsToBeHugeIsDropped) {
  io::DtlsPeer peer;
  arrive(tuple(), proved_hello(peer, tuple()));
  const size_t before = allocated_bytes();
  for (uint16_t sequence = 2; sequence < 12; ++sequence)
    arrive(tuple(), record(22, 0, message(16, kDtlsHandshakeMessageMax + 1, sequence)));
  EXPECT_EQ(dropped(DtlsDrop::kOversizeMessage), 10u);
  EXPECT_LT(allocated_bytes(), before + 1024);
}

TEST_F(DtlsHostileTest, WhatAHandshakeMakesUsKeepIsBounded) {
  io::DtlsPeer peer;
  arrive(tuple(), proved_hello(peer, tuple()));
  const size_t before = allocated_bytes();
  for (int i = 0; i < 200; ++i) arrive(tuple(), record(22, 1, std::string(1000, static_cast<char>(i))));
  for (uint16_t sequence = 2; sequence < 200; ++sequence)
    arrive(tuple(), record(22, 0, message(16, kDtlsHandshakeMessageMax, sequence)));
  EXPECT_LT(allocated_bytes(), before + 300'000);
}

TEST_F(DtlsHostileTest, AClientThatSpeaksAnOlderVersionFails) {
  // RFC 9325 §3.1.2: DTLS 1.0 is not negotiated.
  io::DtlsPeer peer;
  SSL_set_security_level(peer.ssl(), 0);
  SSL_set_min_proto_version(peer.ssl(), DTLS1_VERSION);
  SSL_set_max_proto_version(peer.ssl(), DTLS1_VERSION);
  connect(peer, tuple());
  EXPECT_FALSE(peer.established());
  EXPECT_EQ(stats_.handshakes[DtlsHandshake::kFailed].value(), 1u);
  EXPECT_EQ(stats_.sessions_live.value(), 0u);
}

TEST_F(DtlsHostileTest, ABrokenHandshakeFailsAndIsForgotten) {
  io::DtlsPeer peer;
  arrive(tuple(), proved_hello(peer, tuple()));
  for (const std::string& datagram : take_sent()) peer.deliver(datagram);
  for (std::string datagram : peer.take()) {
    datagram[kRecordHeader + 12] = '\x7f';  // the client's key
    arrive(tuple(), datagram);
  }
  EXPECT_EQ(stats_.handshakes[DtlsHandshake::kFailed].value(), 1u);
  EXPECT_EQ(stats_.sessions_live.value(), 0u);
  EXPECT_EQ(stats_.handshakes_live.value(), 0u);
  EXPECT_THAT(closed_, IsEmpty());
}

TEST_F(DtlsHostileTest, NothingIsRenegotiated) {
  io::DtlsPeer peer;
  connect(peer, tuple());
  SSL_renegotiate(peer.ssl());
  SSL_do_handshake(peer.ssl());
  pass(peer, tuple());
  EXPECT_EQ(stats_.handshakes[DtlsHandshake::kCompleted].value(), 1u);
}

class DtlsMutationTest : public DtlsScript, public testing::WithParamInterface<uint64_t> {
 protected:
  // A copy with a few bytes changed, cut, doubled or joined with another.
  std::string bend(std::string datagram) {
    for (uint32_t changes = chance_.below(4); changes > 0 && !datagram.empty(); --changes)
      datagram[chance_.below(static_cast<uint32_t>(datagram.size()))] = static_cast<char>(chance_.below(256));
    if (chance_.below(4) == 0) datagram.resize(chance_.below(static_cast<uint32_t>(datagram.size() + 1)));
    if (chance_.below(4) == 0)
      datagram += seen_.empty() ? datagram : seen_[chance_.below(static_cast<uint32_t>(seen_.size()))];
    return datagram;
  }
  void arrive_bent(const std::string& datagram) {
    seen_.push_back(datagram);
    for (uint32_t copies = chance_.below(4); copies > 0; --copies) arrive(tuple(), bend(datagram));
  }

  SeededRandom chance_{GetParam()};
  std::vector<std::string> seen_;
};

TEST_P(DtlsMutationTest, BentDatagramsHarmNobodyElse) {
  SCOPED_TRACE(GetParam());
  io::DtlsPeer other;
  connect(other, tuple(1));
  io::DtlsPeer peer;
  peer.connect();
  for (int round = 0; round < 12; ++round) {
    if (peer.established()) peer.send("data");
    for (const std::string& datagram : peer.take()) {
      arrive_bent(datagram);
      arrive(tuple(), datagram);
    }
    for (const std::string& datagram : take_sent()) peer.deliver(datagram);
    advance(std::chrono::seconds(1));
    peer.on_timeout();
  }
  take_sent();
  take_messages();
  other.send("still here");
  pass(other, tuple(1));
  EXPECT_THAT(take_messages(), ElementsAre("still here"));
  io::DtlsPeer late;
  connect(late, tuple(2));
  EXPECT_TRUE(late.established());
}

INSTANTIATE_TEST_SUITE_P(Seeds, DtlsMutationTest, testing::Range<uint64_t>(0, 40));

class DtlsLimitsTest : public DtlsScript {
 protected:
  DtlsLimitsTest() : DtlsScript({.handshakes_max = 3, .handshakes_per_source_max = 2}, 4, 3) {}
  bool connects(const FiveTuple& from) {
    io::DtlsPeer peer;
    connect(peer, from);
    return peer.established();
  }
};

TEST_F(DtlsLimitsTest, ThereAreSoManySessionsAndOfASourceFewer) {
  const IpAddress other = IpAddress::v4(198, 51, 100, 8);
  for (uint16_t port = 1; port <= 3; ++port) EXPECT_TRUE(connects(tuple(port)));
  EXPECT_FALSE(connects(tuple(4)));
  EXPECT_EQ(dropped(DtlsDrop::kSourceFull), 1u);
  EXPECT_TRUE(connects(tuple(1, other)));
  EXPECT_FALSE(connects(tuple(2, other)));
  EXPECT_EQ(dropped(DtlsDrop::kFull), 1u);
  EXPECT_TRUE(connects(tuple(1))) << "in place of its own old one";
  clients_.close(virtual_now(), tuple(2));
  EXPECT_TRUE(connects(tuple(2, other)));
}

TEST_F(DtlsLimitsTest, AnIPv6SourceIsASlash64) {
  const auto address = [](std::string_view text) { return *IpAddress::parse(text); };
  for (const char* const host : {"2001:db8::1", "2001:db8::2", "2001:db8::3"})
    EXPECT_TRUE(connects(tuple(1, address(host))));
  EXPECT_FALSE(connects(tuple(1, address("2001:db8::4"))));
  EXPECT_TRUE(connects(tuple(1, address("2001:db8:0:1::1"))));
}

TEST_F(DtlsLimitsTest, FewHandshakesAreUnderWayAtATime) {
  std::array<io::DtlsPeer, 4> peers;
  const IpAddress other = IpAddress::v4(198, 51, 100, 8);
  const std::array<FiveTuple, 4> tuples = {tuple(1), tuple(2), tuple(3), tuple(4, other)};
  for (size_t i = 0; i < peers.size(); ++i) {
    arrive(tuples[i], proved_hello(peers[i], tuples[i]));
    take_sent();
  }
  EXPECT_EQ(stats_.handshakes_live.value(), 3u);
  EXPECT_EQ(dropped(DtlsDrop::kHandshakesFull), 1u) << "of one source";
  io::DtlsPeer late;
  arrive(tuple(5, other), proved_hello(late, tuple(5, other)));
  EXPECT_EQ(dropped(DtlsDrop::kHandshakesFull), 2u) << "of all";
  advance(kDtlsHandshakeTimeout);
  EXPECT_EQ(stats_.handshakes_live.value(), 0u);
  EXPECT_TRUE(connects(tuple(6)));
}

}  // namespace
}  // namespace noom::turn
