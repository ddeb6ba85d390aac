// Send and Data indications, ChannelData, and everything else that arrives and is not a request.
#include "tests/unit/turn/core/script.h"

namespace noom::turn::test {
namespace {

class Data : public testing::Test {
 protected:
  void expect_dropped(Drop reason) {
    EXPECT_THAT(script_.says(), IsEmpty());
    EXPECT_EQ(script_.dropped(reason), 1u) << to_string(reason);
    EXPECT_EQ(script_.stats().drops.sum(), 1u);
  }
  Script script_;
  Client alice_ = script_.client("198.51.100.7:4000");
};

TEST_F(Data, SendGoesToAPermittedPeerAtAnyPort) {
  // RFC 8656 §11.2.
  alice_.allocates();
  alice_.permits("192.0.2.9:99");
  alice_.sends(send().peer("192.0.2.9:7").data("hello"));
  EXPECT_THAT(script_.says(), ElementsAre("#0 -> 192.0.2.9:7 'hello'"));
  EXPECT_EQ(script_.stats().to_peers.packets.value(), 1u);
  EXPECT_EQ(script_.stats().to_peers.bytes.value(), 5u);
}

TEST_F(Data, AnEmptyPayloadIsRelayed) {
  // RFC 8656 §11.2, §12.6: zero length is data too.
  alice_.allocates();
  alice_.binds(0x4000, "192.0.2.9:99");
  alice_.sends(send().peer("192.0.2.9:99").data(""));
  alice_.sends(channel_data(0x4000, ""));
  EXPECT_THAT(script_.says(), ElementsAre("#0 -> 192.0.2.9:99 ''", "#0 -> 192.0.2.9:99 ''"));
  script_.peer_sends(0, "192.0.2.9:99", "");
  script_.peer_sends(0, "192.0.2.9:98", "");
  EXPECT_THAT(script_.says(),
              ElementsAre("198.51.100.7:4000 <- channel 0x4000 ''", "198.51.100.7:4000 <- data from 192.0.2.9:98 ''"));
}

TEST_F(Data, ADataIndicationIsPaddedTo4) {
  // RFC 8489 §14.
  alice_.allocates();
  alice_.permits("192.0.2.9:99");
  for (const std::string payload : {"1", "12", "123", "1234", "12345"}) {
    script_.peer_sends(0, "192.0.2.9:99", payload);
    EXPECT_THAT(script_.says(), ElementsAre("198.51.100.7:4000 <- data from 192.0.2.9:99 '" + payload + "'"));
  }
}

TEST_F(Data, EachDataIndicationHasItsOwnTransactionId) {
  // RFC 8489 §5.
  alice_.allocates();
  alice_.permits("192.0.2.9:99");
  script_.peer_sends(0, "192.0.2.9:99", "1");
  script_.peer_sends(0, "192.0.2.9:99", "1");
  ASSERT_EQ(script_.to_clients().size(), 2u);
  EXPECT_NE(wire::MessageView::parse(script_.to_clients()[0].bytes)->transaction_id(),
            wire::MessageView::parse(script_.to_clients()[1].bytes)->transaction_id());
}

TEST_F(Data, ChannelDataToAStreamIsPaddedTo4AndSaysTheLengthWithout) {
  // RFC 8656 §12.5.
  Client over_tcp = script_.client("198.51.100.8:4000", Transport::kTcp);
  over_tcp.allocates();
  over_tcp.binds(0x4000, "192.0.2.9:99");
  script_.peer_sends(0, "192.0.2.9:99", "12345");
  EXPECT_THAT(script_.says(), ElementsAre("198.51.100.8:4000 <- channel 0x4000 '12345' padding=3"));
}

TEST_F(Data, ChannelDataInADatagramIsNotPaddedAndMayComePadded) {
  // RFC 8656 §12.5.
  alice_.allocates();
  alice_.binds(0x4000, "192.0.2.9:99");
  script_.peer_sends(0, "192.0.2.9:99", "12345");
  EXPECT_THAT(script_.says(), ElementsAre("198.51.100.7:4000 <- channel 0x4000 '12345'"));
  auto padded = channel_data(0x4000, "12345");
  padded.resize(12);
  alice_.sends(padded);
  EXPECT_THAT(script_.says(), ElementsAre("#0 -> 192.0.2.9:99 '12345'"));
}

TEST_F(Data, IsFramedInPlace) {
  // House rule 4: the headroom takes either header, the tailroom the padding.
  alice_.allocates();
  alice_.permits("192.0.2.9:99");
  std::vector<std::byte> room(kPeerHeadroom + 5 + kPeerTailroom);
  script_.server().on_peer(script_.now(), script_.relay_id(0), endpoint("192.0.2.9:99"), room, {}, script_.output());
  EXPECT_EQ(script_.to_clients().back().bytes.data(), room.data() + kPeerHeadroom - kDataIndicationHeadV4);
  script_.forget();
  alice_.binds(0x4000, "192.0.2.9:99");
  script_.server().on_peer(script_.now(), script_.relay_id(0), endpoint("192.0.2.9:99"), room, {}, script_.output());
  EXPECT_EQ(script_.to_clients().back().bytes.data(), room.data() + kPeerHeadroom - wire::kChannelHeaderSize);
}

TEST_F(Data, SendWithoutPeerOrDataIsSilence) {
  // RFC 8656 §11.2.
  alice_.allocates();
  alice_.permits("192.0.2.9:99");
  alice_.sends(send().peer("192.0.2.9:99"));
  expect_dropped(Drop::kMalformedIndication);
  alice_.sends(send().data("x"));
  alice_.sends(send().raw(Attr::kXorPeerAddress, "short").data("x"));
  EXPECT_THAT(script_.says(), IsEmpty());
  EXPECT_EQ(script_.dropped(Drop::kMalformedIndication), 3u);
}

TEST_F(Data, SendWithAnUnknownRequiredAttributeIsSilence) {
  // RFC 8489 §6.3.2.
  alice_.allocates();
  alice_.permits("192.0.2.9:99");
  alice_.sends(send().peer("192.0.2.9:99").data("x").u32(static_cast<Attr>(0x7001), 1));
  expect_dropped(Drop::kUnknownAttribute);
}

TEST_F(Data, SendWithDontFragmentGoesWholeAndTheNextAsUsual) {
  // RFC 8656 §11.2: DONT-FRAGMENT sets DF on the datagram of that Send alone.
  alice_.allocates();
  alice_.permits("192.0.2.9:99");
  alice_.sends(send().peer("192.0.2.9:99").data("x").raw(Attr::kDontFragment, ""));
  alice_.sends(send().peer("192.0.2.9:99").data("y"));
  EXPECT_THAT(script_.says(), ElementsAre("#0 -> 192.0.2.9:99 'x' whole", "#0 -> 192.0.2.9:99 'y'"));
}

TEST_F(Data, TrafficClassIsCarriedAndTheHopLimitIsOneLessBothWays) {
  // RFC 8656 §14: DSCP and ECN leave as they came, the hop limit one less, in indications and ChannelData alike.
  alice_.allocates();
  alice_.binds(0x4001, "192.0.2.9:99");
  script_.ip = {.traffic_class = 0xb9, .hop_limit = 64};
  alice_.sends(send().peer("192.0.2.9:99").data("x"));
  alice_.sends(channel_data(0x4001, "y"));
  script_.peer_sends(0, "192.0.2.9:99", "z");
  script_.peer_sends(0, "192.0.2.9:98", "z");
  EXPECT_THAT(script_.says(),
              ElementsAre("198.51.100.7:4000 <- channel 0x4001 'z' class=185 hops=63",
                          "198.51.100.7:4000 <- data from 192.0.2.9:98 'z' class=185 hops=63",
                          "#0 -> 192.0.2.9:99 'x' class=185 hops=63", "#0 -> 192.0.2.9:99 'y' class=185 hops=63"));
}

TEST_F(Data, WhatArrivesWithItsLastHopGoesNoFurther) {
  // RFC 8656 §14: an outgoing hop limit of 0 is no datagram.
  alice_.allocates();
  alice_.binds(0x4001, "192.0.2.9:99");
  script_.ip = {.hop_limit = 1};
  alice_.sends(channel_data(0x4001, "y"));
  script_.peer_sends(0, "192.0.2.9:99", "z");
  EXPECT_THAT(script_.says(), IsEmpty());
  EXPECT_EQ(script_.dropped(Drop::kHopLimit), 2u);
}

TEST_F(Data, TowardsAStreamTheIpHeaderOfThePeerEnds) {
  // RFC 8656 §16: a stream has one hop limit and one traffic class for all that it carries.
  Client bob = script_.client("198.51.100.8:5000", Transport::kTcp);
  bob.allocates();
  bob.binds(0x4001, "192.0.2.9:99");
  script_.ip = {.traffic_class = 0xb9, .hop_limit = 1};
  script_.peer_sends(0, "192.0.2.9:99", "z");
  EXPECT_THAT(script_.says(), ElementsAre("198.51.100.8:5000 <- channel 0x4001 'z' padding=3"));
}

TEST_F(Data, SendIgnoresKnownAttributesAndOptionalOnes) {
  // RFC 8489 §6.3.
  alice_.allocates();
  alice_.permits("192.0.2.9:99");
  alice_.sends(send().peer("192.0.2.9:99").data("x").raw(Attr::kSoftware, "them").lifetime(1));
  EXPECT_THAT(script_.says(), ElementsAre("#0 -> 192.0.2.9:99 'x'"));
}

TEST_F(Data, SendWithoutAllocationIsSilence) {
  // RFC 8656 §5: indications are never answered.
  alice_.sends(send().peer("192.0.2.9:99").data("x"));
  expect_dropped(Drop::kNoAllocation);
}

TEST_F(Data, SendWithoutPermissionIsSilence) {
  // RFC 8656 §11.2.
  alice_.allocates();
  alice_.sends(send().peer("192.0.2.9:99").data("x"));
  expect_dropped(Drop::kNoPermission);
}

TEST_F(Data, SendToAnotherFamilyIsSilence) {
  // RFC 8656 §11.2.
  alice_.allocates();
  alice_.sends(send().peer("[2001:db8:9::1]:99").data("x"));
  expect_dropped(Drop::kPeerFamily);
}

TEST_F(Data, ChannelDataWithoutAllocationIsSilence) {
  // RFC 8656 §12.6.
  alice_.sends(channel_data(0x4000, "x"));
  expect_dropped(Drop::kNoAllocation);
}

TEST_F(Data, ChannelDataOnAnUnboundNumberIsSilence) {
  // RFC 8656 §12.6.
  alice_.allocates();
  alice_.binds(0x4000, "192.0.2.9:99");
  alice_.sends(channel_data(0x4001, "x"));
  expect_dropped(Drop::kNoChannel);
}

TEST_F(Data, ChannelDataShorterThanItsLengthIsSilence) {
  // RFC 8656 §12.6.
  alice_.allocates();
  alice_.binds(0x4000, "192.0.2.9:99");
  auto bytes = channel_data(0x4000, "hello");
  bytes.pop_back();
  alice_.sends(bytes);
  expect_dropped(Drop::kMalformedChannelData);
}

TEST_F(Data, ANumberBeyond4FffIsNoChannelData) {
  // RFC 8656 §12: first bytes 64 to 79.
  alice_.sends(channel_data(0x5000, "x"));
  expect_dropped(Drop::kNotTurn);
}

TEST_F(Data, TooLongForADatagramOnceFramedIsDropped) {
  // RFC 8656 §11.5: framing adds 36 bytes.
  alice_.allocates();
  alice_.permits("192.0.2.9:99");
  script_.peer_sends(0, "192.0.2.9:99", std::string(65500, 'x'));
  expect_dropped(Drop::kOversize);
}

TEST_F(Data, FromAPeerWithoutPermissionIsDropped) {
  // RFC 8656 §11.3.
  alice_.allocates();
  script_.peer_sends(0, "192.0.2.9:99", "x");
  expect_dropped(Drop::kNoPermission);
}

TEST_F(Data, EmptyDtlsAndForeignBytesAreDropped) {
  // RFC 7983 §7.
  alice_.sends(std::vector<std::byte>{});
  expect_dropped(Drop::kNotTurn);
  alice_.sends(std::vector(20, std::byte{22}));
  alice_.sends(std::vector(20, std::byte{0xff}));
  EXPECT_EQ(script_.dropped(Drop::kNotTurn), 3u);
}

TEST_F(Data, MalformedStunIsDropped) {
  // RFC 8489 §6.3: silently discarded.
  auto bytes = binding().bytes();
  bytes[4] ^= std::byte{1};
  alice_.sends(bytes);
  expect_dropped(Drop::kMalformedStun);
}

TEST_F(Data, AWrongFingerprintIsDropped) {
  // RFC 8489 §14.7.
  auto bytes = binding().fingerprint().bytes();
  bytes.back() ^= std::byte{1};
  alice_.sends(bytes);
  expect_dropped(Drop::kBadFingerprint);
}

TEST_F(Data, AnUnknownMethodIsDropped) {
  // RFC 8489 §6.3.
  alice_.sends(Ask(static_cast<Method>(0x0ff)).bytes());
  expect_dropped(Drop::kUnknownMethod);
}

TEST_F(Data, ResponsesAndServersIndicationsAreDropped) {
  // RFC 8489 §6.3.3; RFC 8656 §11.4: Data flows from the server.
  alice_.sends(Ask(Method::kData, Class::kIndication).peer("192.0.2.9:99").data("x").bytes());
  expect_dropped(Drop::kUnexpectedClass);
  alice_.sends(Ask(Method::kBinding, Class::kSuccess).bytes());
  alice_.sends(Ask(Method::kAllocate, Class::kError).bytes());
  EXPECT_EQ(script_.dropped(Drop::kUnexpectedClass), 3u);
}

TEST_F(Data, ABindingIndicationIsAKeepAlive) {
  // RFC 8489 §6.3.2.
  alice_.sends(Ask(Method::kBinding, Class::kIndication).bytes());
  EXPECT_THAT(script_.says(), IsEmpty());
  EXPECT_EQ(script_.stats().consumed.value(), 1u);
  EXPECT_EQ(script_.stats().drops.sum(), 0u);
}

TEST(Binding, TellsTheMappedAddressAndMirrorsFingerprint) {
  // RFC 8489 §7.3.1; no SOFTWARE to an address that may be forged.
  Script script;
  script.settings.software = "noom";
  Client alice = script.client("198.51.100.7:4000");
  alice.sends_unsigned(binding());
  alice.sends_unsigned(binding().fingerprint());
  EXPECT_THAT(script.says(), ElementsAre("198.51.100.7:4000 <- binding success mapped=198.51.100.7:4000",
                                         "198.51.100.7:4000 <- binding success mapped=198.51.100.7:4000 fingerprint"));
  EXPECT_EQ(script.stats().requests.at(Method::kBinding, 0).value(), 2u);
  EXPECT_EQ(script.stats().unauthenticated_bytes_in.value(), 48u);
  EXPECT_EQ(script.stats().unauthenticated_bytes_out.value(), 72u);
}

TEST(Binding, WithAnUnknownRequiredAttributeIs420) {
  // RFC 8489 §6.3.1.
  Script script;
  script.client("198.51.100.7:4000").sends_unsigned(binding().u32(static_cast<Attr>(0x7001), 1));
  EXPECT_THAT(script.says(), ElementsAre("198.51.100.7:4000 <- binding error 420 unknown=28673"));
  EXPECT_EQ(script.stats().requests.at(Method::kBinding, 420).value(), 1u);
}

}  // namespace
}  // namespace noom::turn::test
