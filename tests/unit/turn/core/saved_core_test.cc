// What a shard leaves to the next process and takes from the one before.
#include "tests/unit/turn/core/mobility_fixture.h"

namespace noom::turn::test {
namespace {

constexpr const char* kPeer = "192.0.2.9:99";

// A client of the same five-tuple on the next process.
Client again(Script& script, Transport transport = Transport::kUdp) {
  return script.client("198.51.100.7:4000", transport);
}

TEST(SavedCore, AllocationsPermissionsAndChannelsGoOnUntilTheyWouldHaveEnded) {
  Script before;
  Client alice = again(before);
  alice.allocates();
  alice.binds(0x4000, kPeer);
  alice.permits("192.0.2.10:1");
  before.when(seconds(100));
  Script after;
  const Restored restored = after.takes_over(before);
  EXPECT_EQ(restored.allocations.size(), 1u);
  EXPECT_EQ(restored.lost, 0u);
  ASSERT_EQ(restored.relays.size(), 1u);
  Client same = again(after);
  same.sends(channel_data(0x4000, "on I go"));
  EXPECT_THAT(after.says(), ElementsAre("#0 -> 192.0.2.9:99 'on I go'"));
  after.peer_sends(0, kPeer, "and I");
  EXPECT_THAT(after.says(), ElementsAre("198.51.100.7:4000 <- channel 0x4000 'and I'"));
  after.peer_sends(0, "192.0.2.10:5", "me too");
  EXPECT_THAT(after.says(), ElementsAre("198.51.100.7:4000 <- data from 192.0.2.10:5 'me too'"));
  EXPECT_EQ(after.stats().permissions_live.value(), 2u);
  EXPECT_EQ(after.stats().channels_live.value(), 1u);
  after.when(seconds(599));
  EXPECT_TRUE(after.server().has_allocation(same.tuple()));
  after.when(seconds(600));
  EXPECT_THAT(after.tells(), ElementsAre("ended alice expired after 600 s, up 1/7, down 2/11"));
  EXPECT_EQ(after.stats().permissions_live.value(), 0u);
}

TEST(SavedCore, NothingIsLeftOfThemInTheProcessBefore) {
  Script before;
  Client alice = again(before);
  alice.allocates();
  Script after;
  after.takes_over(before);
  before.forget();
  alice.closes();
  alice.sends(channel_data(0x4000, "too late"));
  EXPECT_THAT(before.tells(), IsEmpty());
  EXPECT_FALSE(before.server().next_deadline().has_value());
}

TEST(SavedCore, QuotaAndPortsAreTaken) {
  Script before;
  again(before).allocates();
  Script after;
  after.settings.allocations_per_user_max = 1;
  const uint64_t free = after.stats().relay_ports_free.value();
  after.takes_over(before);
  EXPECT_EQ(after.stats().relay_ports_free.value(), free - 1);
  after.client("198.51.100.7:4001").sends(allocate());
  EXPECT_EQ(after.refused(Reason::kUserQuota), 1u);
  again(after).sends(refresh().lifetime(0));
  EXPECT_EQ(after.stats().relay_ports_free.value(), free);
  EXPECT_EQ(after.shared->quota.total(), 0u);
}

TEST(SavedCore, ARetransmittedAllocateIsAnsweredAlike) {
  // RFC 8489 §6.3.1: also when the process has changed in between.
  Script before;
  Client alice = again(before);
  alice.allocates(allocate().id(7));
  Script after;
  after.takes_over(before);
  again(after).sends(allocate().id(7));
  EXPECT_THAT(after.says(), ElementsAre(StartsWith("198.51.100.7:4000 <- allocate success relayed=203.0.113.1:#0")));
}

TEST(SavedCore, WhoWasThrownOutStaysOut) {
  Script before;
  before.server().on_revoke(before.now(), {.name = "mallory", .until = before.now().wall + seconds(900)},
                            before.output());
  Script after;
  after.takes_over(before);
  EXPECT_EQ(after.stats().revocations_live.value(), 1u);
}

TEST(SavedCore, WhatTheConfigurationHasNoPlaceForIsCountedAsLost) {
  Script before;
  again(before).allocates();
  Script after;
  after.settings.relay_addresses = {{.local = address("203.0.113.77"), .external = address("203.0.113.77")}};
  const Restored restored = after.takes_over(before);
  EXPECT_EQ(restored.allocations.size(), 0u);
  EXPECT_EQ(restored.lost, 1u);
  EXPECT_EQ(after.shared->quota.total(), 0u);
  EXPECT_FALSE(after.server().has_allocation(again(after).tuple()));
}

TEST(SavedCore, AllocationsOfTcpEndAndTheirControlConnectionsAreClosed) {
  // RFC 6062 §5: what goes through their data connections are no messages.
  Script before;
  again(before, Transport::kTcp).allocates(allocate_tcp());
  before.forget();
  before.server().begin_save(before.now(), before.output());
  EXPECT_THAT(before.tells(), ElementsAre("ended alice restart after 0 s, up 0/0, down 0/0"));
  EXPECT_THAT(before.says(), ElementsAre("close #0", "close 198.51.100.7:4000"));
}

TEST(SavedCore, ARelayThatCannotBeWatchedAnyMoreEndsItsAllocation) {
  Script before;
  again(before).allocates();
  Script after;
  after.takes_over(before);
  after.open_failed(0);
  EXPECT_THAT(after.tells(), ElementsAre("ended alice restart after 0 s, up 0/0, down 0/0"));
}

TEST(SavedCore, BytesThatEndTooEarlyAreNoState) {
  Script before;
  Client alice = again(before);
  alice.allocates();
  alice.binds(0x4000, kPeer);
  SavedShard saved = before.server().save(before.now().mono);
  Encoder encoder;
  encoder(saved);
  const std::vector<std::byte> bytes = encoder.take();
  for (size_t size = 0; size < bytes.size(); ++size) {
    Decoder decoder(Bytes(bytes).first(size));
    SavedShard read;
    decoder(read);
    EXPECT_FALSE(decoder.ok()) << size;
  }
}

using SavedMobility = MobilityFixture;

TEST_F(SavedMobility, ATicketIsGoodAfterwardsAndThatOfAnEndedAllocationIsNot) {
  const std::string ended = allocate_mobile(old_);
  old_.sends(refresh().lifetime(0));
  script_.forget();
  const std::string good = allocate_mobile(old_);
  Script after;
  after.takes_over(script_);
  Client mover = after.client("198.51.100.80:5000");
  mover.sends(refresh().ticket(ended));
  EXPECT_EQ(after.refused(Reason::kTicketOfNoAllocation), 1u);
  after.forget();
  mover.sends(refresh().ticket(good));
  EXPECT_THAT(after.tells(), ElementsAre("move begun alice 198.51.100.7:4000 to 198.51.100.80:5000"));
}

}  // namespace
}  // namespace noom::turn::test
