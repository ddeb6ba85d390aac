#include "tests/unit/turn/core/script.h"

namespace noom::turn::test {
namespace {

// Two clients with a relay each on one address of this suite, which the default policy denies as the host's own.
class RelayToRelay : public testing::Test {
 protected:
  void begin(Transport of_bob = Transport::kUdp) {
    bob_ = script_.client("198.51.100.8:5000", of_bob, "bob", "builder");
    alice_.allocates();
    bob_->allocates();
  }
  std::string relay_of(size_t index) const { return script_.relayed(index).to_string(); }
  Script script_;
  Client alice_ = script_.client("198.51.100.7:4000");
  std::optional<Client> bob_;
};

TEST_F(RelayToRelay, IsDeliveredInsideTheProcessAndNeverToTheKernel) {
  // RFC 8656 §11.2, §11.3: the receiver sees the sender's relayed address.
  begin();
  alice_.permits(relay_of(1));
  bob_->permits(relay_of(0));
  alice_.sends(send().peer(script_.relayed(1)).data("hello"));
  EXPECT_THAT(script_.says(), ElementsAre("198.51.100.8:5000 <- data from 203.0.113.1:#0 'hello'"));
  EXPECT_EQ(script_.stats().relay_to_relay.packets.value(), 1u);
  EXPECT_EQ(script_.stats().relay_to_relay.bytes.value(), 5u);
  EXPECT_EQ(script_.stats().to_peers.packets.value(), 0u);
}

TEST_F(RelayToRelay, ChannelsWorkInBothClients) {
  // RFC 8656 §12.6, §12.7.
  begin();
  alice_.binds(0x4001, relay_of(1));
  bob_->binds(0x4002, relay_of(0));
  alice_.sends(channel_data(0x4001, "hello"));
  bob_->sends(channel_data(0x4002, "hi"));
  EXPECT_THAT(script_.says(),
              ElementsAre("198.51.100.8:5000 <- channel 0x4002 'hello'", "198.51.100.7:4000 <- channel 0x4001 'hi'"));
}

TEST_F(RelayToRelay, IsOneHop) {
  // RFC 8656 §14: the datagram that leaves has a hop limit one less than the datagram that came.
  begin();
  alice_.permits(relay_of(1));
  bob_->permits(relay_of(0));
  script_.ip = {.traffic_class = 0xb8, .hop_limit = 2};
  alice_.sends(send().peer(script_.relayed(1)).data("hello"));
  EXPECT_THAT(script_.says(), ElementsAre("198.51.100.8:5000 <- data from 203.0.113.1:#0 'hello' class=184 hops=1"));
}

TEST_F(RelayToRelay, ChannelDataToChannelDataIsRewrittenInPlace) {
  begin();
  alice_.binds(0x4001, relay_of(1));
  bob_->binds(0x4002, relay_of(0));
  auto bytes = channel_data(0x4001, "hello");
  script_.server().on_client(script_.now(), alice_.tuple(), bytes, {}, script_.output());
  EXPECT_EQ(script_.to_clients().back().bytes.data(), bytes.data());
}

TEST_F(RelayToRelay, FramesThatDoNotFitInPlaceAreCopied) {
  // ChannelData in, Data indication out; and padding towards a stream.
  begin(Transport::kTcp);
  alice_.binds(0x4001, relay_of(1));
  bob_->permits(relay_of(0));
  alice_.sends(channel_data(0x4001, "hello"));
  EXPECT_THAT(script_.says(), ElementsAre("198.51.100.8:5000 <- data from 203.0.113.1:#0 'hello'"));
  bob_->binds(0x4002, relay_of(0));
  alice_.sends(channel_data(0x4001, "hello"));
  EXPECT_THAT(script_.says(), ElementsAre("198.51.100.8:5000 <- channel 0x4002 'hello' padding=3"));
}

TEST_F(RelayToRelay, TheReceiverMustHavePermittedTheSendersRelay) {
  // RFC 8656 §11.3.
  begin();
  alice_.permits(relay_of(1));
  alice_.sends(send().peer(script_.relayed(1)).data("hello"));
  EXPECT_THAT(script_.says(), IsEmpty());
  EXPECT_EQ(script_.dropped(Drop::kNoPermission), 1u);
}

TEST_F(RelayToRelay, ARelayThatNobodyHoldsIsACountedDrop) {
  begin();
  alice_.permits(relay_of(1));
  bob_->sends(refresh().lifetime(0));
  script_.forget();
  const IpEndpoint gone = script_.relayed(1);
  alice_.sends(send().peer(gone).data("hello"));
  EXPECT_THAT(script_.says(), IsEmpty());
  EXPECT_EQ(script_.dropped(Drop::kRelayNotLive), 1u);
}

TEST_F(RelayToRelay, ARelayStillBeingOpenedIsNotLive) {
  alice_.allocates();
  script_.client("198.51.100.8:5000").sends(allocate());
  script_.forget();
  alice_.permits(relay_of(1));
  alice_.sends(send().peer(script_.relayed(1)).data("hello"));
  EXPECT_THAT(script_.says(), IsEmpty());
  EXPECT_EQ(script_.dropped(Drop::kRelayNotLive), 1u);
}

TEST_F(RelayToRelay, AClientMaySendToItsOwnRelayOnce) {
  // One hop: what arrives at a relay goes to its client and nowhere else.
  begin();
  alice_.binds(0x4000, relay_of(0));
  alice_.sends(channel_data(0x4000, "echo"));
  EXPECT_THAT(script_.says(), ElementsAre("198.51.100.7:4000 <- channel 0x4000 'echo'"));
}

TEST_F(RelayToRelay, OtherPortsOfTheRelayAddressFollowThePolicy) {
  // RFC 8656 §21.1.1: only relays are the exception, not the host behind them.
  begin();
  alice_.permits(relay_of(1));
  alice_.sends(send().peer("203.0.113.1:22").data("x"));
  EXPECT_THAT(script_.says(), IsEmpty());
  EXPECT_EQ(script_.dropped(Drop::kPeerDenied), 1u);
  alice_.sends(channel_bind().channel(0x4000).peer("203.0.113.1:22"));
  EXPECT_THAT(script_.says(), ElementsAre("198.51.100.7:4000 <- channel_bind error 403 integrity"));
}

TEST_F(RelayToRelay, OtherPortsOfTheRelayAddressAreReachedWhereThePolicyAllowsThem) {
  script_.allow = {auth::IpPrefix::parse("203.0.113.1").value()};
  alice_.allocates();
  alice_.binds(0x4000, "203.0.113.1:3480");
  alice_.sends(channel_data(0x4000, "x"));
  alice_.sends(send().peer("203.0.113.1:3481").data("y"));
  EXPECT_THAT(script_.says(), ElementsAre("#0 -> 203.0.113.1:3480 'x'", "#0 -> 203.0.113.1:3481 'y'"));
}

TEST_F(RelayToRelay, ADenyRuleDoesNotBlockOnesOwnRelay) {
  script_.deny = {auth::IpPrefix::parse("203.0.113.0/24").value()};
  begin();
  alice_.permits(relay_of(1));
  alice_.binds(0x4000, relay_of(1));
}

TEST_F(RelayToRelay, GoesByTheExternalAddressBehindNat) {
  script_.settings.relay_addresses = {{address("10.0.0.5"), address("203.0.113.9")}};
  begin();
  EXPECT_EQ(script_.relayed(1).address, address("203.0.113.9"));
  alice_.permits(relay_of(1));
  bob_->permits(relay_of(0));
  alice_.sends(send().peer(script_.relayed(1)).data("hello"));
  EXPECT_THAT(script_.says(), ElementsAre("198.51.100.8:5000 <- data from 203.0.113.9:#0 'hello'"));
  alice_.sends(create_permission().peer("10.0.0.5:50000"));
  EXPECT_THAT(script_.says(), ElementsAre("198.51.100.7:4000 <- create_permission error 403 integrity"));
}

TEST_F(RelayToRelay, IsHandedOverToTheShardThatOwnsThePort) {
  // (port / 2) % shard_count.
  script_.settings.shard_count = 2;
  Script other;
  other.settings.shard_count = 2;
  other.shard = 1;
  Client bob = other.client("198.51.100.8:5000", Transport::kUdp, "bob", "builder");
  alice_.allocates();
  bob.allocates();
  const IpEndpoint from = script_.relayed(0);
  const IpEndpoint to = other.relayed(0);
  EXPECT_EQ(from.port / 2 % 2, 0);
  EXPECT_EQ(to.port / 2 % 2, 1);
  alice_.permits(to.to_string());
  alice_.sends(send().peer(to).data("hello"));
  EXPECT_THAT(script_.says(),
              ElementsAre("hand over to shard 1 for " + to.to_string() + " from 203.0.113.1:#0 'hello'"));
  EXPECT_EQ(script_.stats().handed_over.packets.value(), 1u);

  other.handed_over(to, from, "hello");
  EXPECT_EQ(other.dropped(Drop::kNoPermission), 1u);
  bob.binds(0x4000, from.to_string());
  other.handed_over(to, from, "hello");
  EXPECT_THAT(other.says(), ElementsAre("198.51.100.8:5000 <- channel 0x4000 'hello'"));
  other.handed_over({to.address, static_cast<uint16_t>(to.port + 4 < 65535 ? to.port + 4 : to.port - 4)}, from, "x");
  EXPECT_EQ(other.dropped(Drop::kRelayNotLive), 1u);
}

}  // namespace
}  // namespace noom::turn::test
