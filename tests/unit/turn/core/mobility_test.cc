// Moving an allocation by its MOBILITY-TICKET on one shard, RFC 8016; what is refused: mobility_refusals_test.cc;
// between two shards: forward_test.cc.
#include "tests/unit/turn/core/mobility_fixture.h"

namespace noom::turn::test {
namespace {

using MobilityTest = MobilityFixture;

TEST_F(MobilityTest, AnAllocateWithAnEmptyTicketGetsOne) {
  // RFC 8016 §3.1.2: MOBILITY-TICKET of length zero asks for mobility, and the success response carries a ticket.
  old_.sends(allocate().ticket());
  script_.opened(0);
  EXPECT_EQ(ticket_in_last_answer().size(), auth::kMobilityTicketSize);
  EXPECT_THAT(script_.says(), ElementsAre("open #0 on 203.0.113.1",
                                          "198.51.100.7:4000 <- allocate success relayed=203.0.113.1:#0 lifetime=600 "
                                          "mapped=198.51.100.7:4000 ticket integrity"));
}

TEST_F(MobilityTest, ARefreshWithTheTicketFindsTheAllocationAndGetsAnotherTicket) {
  // RFC 8016 §3.2.2: found by the ticket and not by the five-tuple; the new ticket is different from the old one.
  const std::string ticket = allocate_mobile(old_);
  new_.sends(refresh().ticket(ticket).lifetime(1800));
  EXPECT_NE(ticket_in_last_answer(), ticket);
  EXPECT_THAT(script_.tells(), ElementsAre("move begun alice 198.51.100.7:4000 to 198.51.100.80:5000"));
  EXPECT_THAT(script_.says(), ElementsAre("198.51.100.80:5000 <- refresh success lifetime=1800 ticket integrity"));
  EXPECT_EQ(script_.shared->quota.total(), 1u);
  script_.when(seconds(1799));
  EXPECT_EQ(script_.shared->quota.total(), 1u);
}

TEST_F(MobilityTest, TheOldFiveTupleServesUntilDataComesOnTheNewOne) {
  // RFC 8016 §3.2.2: data is received and sent on the old five-tuple until ChannelData comes on the new one.
  move(new_, allocate_mobile(old_));
  EXPECT_THAT(when_peer_sends("one"), ElementsAre("198.51.100.7:4000 <- channel 0x4000 'one'"));
  old_.sends(channel_data(0x4000, "two"));
  EXPECT_THAT(script_.says(), ElementsAre("#0 -> 192.0.2.9:99 'two'"));
  EXPECT_THAT(when_peer_sends("three"), ElementsAre("198.51.100.7:4000 <- channel 0x4000 'three'"));
  new_.sends(channel_data(0x4000, "four"));
  EXPECT_THAT(script_.tells(), ElementsAre("move completed alice 198.51.100.7:4000 to 198.51.100.80:5000"));
  EXPECT_THAT(script_.says(), ElementsAre("#0 -> 192.0.2.9:99 'four'"));
  EXPECT_THAT(when_peer_sends("five"), ElementsAre("198.51.100.80:5000 <- channel 0x4000 'five'"));
}

TEST_F(MobilityTest, TheOldFiveTupleIsNothingAfterwards) {
  // RFC 8016 §3.2.2: after that the old five-tuple is discarded: 437 for requests, silence for data.
  move(new_, allocate_mobile(old_));
  new_.sends(send().peer(kPeer).data("here I am"));
  script_.forget();
  old_.sends(channel_data(0x4000, "too late"));
  old_.sends(create_permission().peer(kPeer));
  EXPECT_THAT(script_.says(), ElementsAre("198.51.100.7:4000 <- create_permission error 437 integrity"));
  EXPECT_EQ(script_.dropped(Drop::kNoAllocation), 1u);
  EXPECT_FALSE(script_.server().has_allocation(old_.tuple()));
  EXPECT_EQ(script_.stats().moves[Move::kCompleted].value(), 1u);
}

TEST_F(MobilityTest, RequestsOnTheNewFiveTupleAreServedAndDoNotCompleteTheMove) {
  // RFC 8016 §3.2.2: only a Send indication, ChannelData or the close of the old connection ends the old five-tuple.
  move(new_, allocate_mobile(old_));
  new_.permits("192.0.2.77:1");
  new_.sends(refresh());
  EXPECT_THAT(script_.says(), ElementsAre("198.51.100.80:5000 <- refresh success lifetime=600 integrity"));
  EXPECT_THAT(when_peer_sends("one"), ElementsAre("198.51.100.7:4000 <- channel 0x4000 'one'"));
}

TEST_F(MobilityTest, ARetransmittedRefreshIsAnsweredAlike) {
  // RFC 8016 §3.2.2: the old ticket serves retransmissions, also after data has come: the same answer, and no other
  // move.
  const std::string ticket = allocate_mobile(old_);
  const auto request = refresh().id(9).ticket(ticket).lifetime(1200).bytes(new_.credentials());
  std::vector<std::string> answers;
  for (int i = 0; i < 3; ++i) {
    new_.sends(request);
    answers.emplace_back(as_text(script_.to_clients().back().bytes));
    script_.forget();
    if (i == 1) new_.sends(channel_data(0x4000, "data"));
  }
  EXPECT_EQ(answers[1], answers[0]);
  EXPECT_EQ(answers[2], answers[0]);
  EXPECT_EQ(script_.stats().moves[Move::kBegun].value(), 1u);
}

TEST_F(MobilityTest, LifetimeZeroWithATicketDeletes) {
  // RFC 8016 §3.2.1: a client that has moved may refresh or delete its allocation.
  const std::string ticket = allocate_mobile(old_);
  new_.sends(refresh().ticket(ticket).lifetime(0));
  EXPECT_THAT(script_.says(), ElementsAre("close #0", "198.51.100.80:5000 <- refresh success lifetime=0 integrity"));
  EXPECT_EQ(script_.shared->quota.total(), 0u);
  EXPECT_FALSE(script_.server().has_allocation(old_.tuple()));
}

TEST_F(MobilityTest, TransportFamilyAndListenerMayChange) {
  // RFC 8016 §3.2.2: the five-tuple is whatever the Refresh came on; frames follow the new transport (RFC 8656 §12.5).
  std::string ticket = allocate_mobile(old_);
  FiveTuple tuple{endpoint("[2001:db8:7::1]:4000"), endpoint("[2001:db8::1]:5349"), Transport::kTls, 3};
  Client tls(script_, tuple, "alice", "wonderland");
  ticket = move(tls, ticket);
  tls.sends(channel_data(0x4000, "up"));
  script_.forget();
  script_.peer_sends(0, kPeer, "down!");
  EXPECT_THAT(script_.says(), ElementsAre("[2001:db8:7::1]:4000 <- channel 0x4000 'down!' padding=3"));
  EXPECT_EQ(script_.stats().allocations_of(Transport::kUdp, Family::kV4).live.value(), 0u);
  EXPECT_EQ(script_.stats().allocations_of(Transport::kTls, Family::kV4).live.value(), 1u);
  // And back: the TLS connection is closed once data comes.
  move(old_, ticket);
  old_.sends(channel_data(0x4000, "back"));
  EXPECT_THAT(script_.says(), ElementsAre("close [2001:db8:7::1]:4000", "#0 -> 192.0.2.9:99 'back'"));
  old_.sends(refresh().lifetime(0));
  EXPECT_EQ(script_.stats().allocations_of(Transport::kUdp, Family::kV4).live.value(), 0u);
  EXPECT_EQ(script_.stats().allocations_of(Transport::kTls, Family::kV4).live.value(), 0u);
}

TEST_F(MobilityTest, TheCloseOfTheOldConnectionCompletesTheMove) {
  // RFC 8016 §3.2.2: a message that closes the old connection ends the old five-tuple as well as data on the new one.
  move(new_, allocate_mobile(stream_));
  stream_.closes();
  EXPECT_EQ(script_.stats().moves[Move::kCompleted].value(), 1u);
  script_.forget();
  EXPECT_THAT(when_peer_sends("here"), ElementsAre("198.51.100.80:5000 <- channel 0x4000 'here'"));
}

TEST_F(MobilityTest, TheCloseOfTheNewConnectionLeavesTheAllocationWhereItWas) {
  // RFC 8016 §3.2.2: until data comes on the new five-tuple the old one is served.
  std::string ticket = allocate_mobile(old_);
  ticket = move(stream_, ticket);
  stream_.closes();
  EXPECT_EQ(script_.stats().moves[Move::kAbandoned].value(), 1u);
  script_.forget();
  EXPECT_THAT(when_peer_sends("one"), ElementsAre("198.51.100.7:4000 <- channel 0x4000 'one'"));
  move(new_, ticket);
  EXPECT_TRUE(script_.server().has_allocation(new_.tuple()));
}

TEST_F(MobilityTest, AClosedConnectionMayComeBackWithItsTicket) {
  // RFC 8016 §3.2.2: the ticket finds an allocation whose connection has closed; it is moved at once.
  const std::string ticket = allocate_mobile(stream_);
  stream_.closes();
  EXPECT_THAT(script_.says(), IsEmpty());
  EXPECT_EQ(script_.shared->quota.total(), 1u);
  EXPECT_FALSE(script_.server().has_allocation(stream_.tuple()));
  EXPECT_THAT(when_peer_sends("lost"), IsEmpty());
  EXPECT_EQ(script_.dropped(Drop::kClientAbsent), 1u);
  script_.icmp(0, kPeer, {.type = 3, .code = 3});
  EXPECT_EQ(script_.dropped(Drop::kClientAbsent), 2u);
  move(new_, ticket);
  EXPECT_EQ(script_.stats().moves[Move::kCompleted].value(), 1u);
  EXPECT_THAT(when_peer_sends("found"), ElementsAre("198.51.100.80:5000 <- channel 0x4000 'found'"));
}

TEST_F(MobilityTest, AClosedConnectionsAllocationEndsWithItsLifetime) {
  // RFC 8656 §7.2: the lifetime is all that keeps it; another client may use that five-tuple meanwhile.
  allocate_mobile(stream_);
  stream_.closes();
  script_.client("198.51.100.7:4000", Transport::kTcp, "bob", "builder").allocates();
  script_.when(seconds(599));
  EXPECT_EQ(script_.shared->quota.total(), 2u);
  script_.jump(seconds(599));
  script_.client("198.51.100.7:4000", Transport::kTcp, "bob", "builder").sends(refresh());
  script_.forget();
  script_.when(seconds(601));
  EXPECT_EQ(script_.stats().ended[EndReason::kExpired].value(), 1u);
  EXPECT_TRUE(script_.server().has_allocation(stream_.tuple())) << "bob's";
  script_.when(seconds(2000));
  EXPECT_EQ(script_.server().next_deadline(), std::nullopt);
}

TEST_F(MobilityTest, MovingOnBeforeDataForgetsTheFiveTupleBetween) {
  // RFC 8016 §3.2.2: with the new ticket the client may move again; the old five-tuple serves on.
  std::string ticket = allocate_mobile(old_);
  ticket = move(stream_, ticket);
  new_.sends(refresh().ticket(ticket));
  EXPECT_THAT(script_.says(), ElementsAre("close 198.51.100.7:4000",
                                          "198.51.100.80:5000 <- refresh success lifetime=600 ticket integrity"));
  EXPECT_FALSE(script_.server().has_allocation(stream_.tuple()));
  EXPECT_THAT(when_peer_sends("one"), ElementsAre("198.51.100.7:4000 <- channel 0x4000 'one'"));
  EXPECT_EQ(script_.stats().moves[Move::kAbandoned].value(), 1u);
}

TEST_F(MobilityTest, WhatEndsWhileAClientMovesEndsForBothFiveTuples) {
  // RFC 8656 §8.2: an allocation that expires is gone on the five-tuple the client came from and where it went.
  move(stream_, allocate_mobile(old_));
  script_.when(seconds(600));
  EXPECT_THAT(script_.says(), ElementsAre("close #0", "close 198.51.100.7:4000"));
  EXPECT_FALSE(script_.server().has_allocation(old_.tuple()));
  EXPECT_FALSE(script_.server().has_allocation(stream_.tuple()));
  EXPECT_EQ(script_.stats().moves[Move::kAbandoned].value(), 1u);
  EXPECT_EQ(script_.server().next_deadline(), std::nullopt);
}

TEST_F(MobilityTest, LimitsAndTrafficAreTheAllocationsOwn) {
  // RFC 8016 §3.2.2: it is the same allocation: its permissions, channels, quota and counts go with it.
  script_.settings.allocations_per_user_max = 1;
  script_.settings.channels_max = 1;
  const std::string ticket = allocate_mobile(old_);
  old_.sends(channel_data(0x4000, "12345"));
  script_.forget();
  move(new_, ticket);
  new_.sends(channel_data(0x4000, "123"));
  script_.forget();
  new_.sends(channel_bind().channel(0x4001).peer("192.0.2.10:1"));
  EXPECT_THAT(script_.says(), ElementsAre("198.51.100.80:5000 <- channel_bind error 508 integrity"));
  old_.sends(allocate());
  EXPECT_THAT(script_.says(), ElementsAre("198.51.100.7:4000 <- allocate error 486 integrity"));
  new_.sends(refresh().lifetime(0));
  EXPECT_THAT(script_.tells().back(), "ended alice deleted after 0 s, up 2/8, down 0/0");
}

}  // namespace
}  // namespace noom::turn::test
