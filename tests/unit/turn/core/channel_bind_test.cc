#include "tests/unit/turn/core/script.h"

namespace noom::turn::test {
namespace {

class ChannelBind : public testing::Test {
 protected:
  void expect_error(int code, Reason reason) {
    EXPECT_THAT(script_.says(),
                ElementsAre("198.51.100.7:4000 <- channel_bind error " + std::to_string(code) + " integrity"));
    EXPECT_EQ(script_.refused(reason), 1u);
  }
  Script script_;
  Client alice_ = script_.client("198.51.100.7:4000");
};

TEST_F(ChannelBind, BindsBothWays) {
  // RFC 8656 §12.2, and the permission with it.
  alice_.allocates();
  alice_.binds(0x4000, "192.0.2.9:99");
  alice_.sends(channel_data(0x4000, "up"));
  EXPECT_THAT(script_.says(), ElementsAre("#0 -> 192.0.2.9:99 'up'"));
  script_.peer_sends(0, "192.0.2.9:99", "down");
  EXPECT_THAT(script_.says(), ElementsAre("198.51.100.7:4000 <- channel 0x4000 'down'"));
  script_.peer_sends(0, "192.0.2.9:98", "other port");
  EXPECT_THAT(script_.says(), ElementsAre("198.51.100.7:4000 <- data from 192.0.2.9:98 'other port'"));
  EXPECT_EQ(script_.stats().channels_live.value(), 1u);
}

TEST_F(ChannelBind, OutlivesItsPermissionTowardsThePeerOnly) {
  // RFC 8656 §12: a channel lives 600 s, its permission 300 s (§9).
  alice_.allocates(allocate().lifetime(3600));
  alice_.binds(0x4000, "192.0.2.9:99");
  script_.when(seconds(300));
  script_.peer_sends(0, "192.0.2.9:99", "down");
  EXPECT_THAT(script_.says(), IsEmpty());
  EXPECT_EQ(script_.dropped(Drop::kNoPermission), 1u);
  script_.when(seconds(599));
  alice_.sends(channel_data(0x4000, "up"));
  EXPECT_THAT(script_.says(), ElementsAre("#0 -> 192.0.2.9:99 'up'"));
  script_.jump(seconds(600));
  alice_.sends(channel_data(0x4000, "up"));
  EXPECT_THAT(script_.says(), IsEmpty());
  EXPECT_EQ(script_.dropped(Drop::kNoChannel), 1u);
}

TEST_F(ChannelBind, OnceExpiredTheFramingIsADataIndicationAgain) {
  // RFC 8656 §12.7: ChannelData only while bound.
  alice_.allocates(allocate().lifetime(3600));
  alice_.binds(0x4000, "192.0.2.9:99");
  script_.when(seconds(590));
  alice_.permits("192.0.2.9:99");
  script_.jump(seconds(600));
  script_.peer_sends(0, "192.0.2.9:99", "down");
  EXPECT_THAT(script_.says(), ElementsAre("198.51.100.7:4000 <- data from 192.0.2.9:99 'down'"));
}

TEST_F(ChannelBind, AgainRefreshesChannelAndPermission) {
  // RFC 8656 §12.2.
  alice_.allocates(allocate().lifetime(3600));
  alice_.binds(0x4000, "192.0.2.9:99");
  script_.when(seconds(500));
  alice_.binds(0x4000, "192.0.2.9:99");
  EXPECT_EQ(script_.stats().channels_live.value(), 1u);
  script_.when(seconds(799));
  script_.peer_sends(0, "192.0.2.9:99", "down");
  EXPECT_EQ(script_.says().size(), 1u);
  script_.when(seconds(1099));
  alice_.sends(channel_data(0x4000, "up"));
  EXPECT_EQ(script_.says().size(), 1u);
  script_.when(seconds(1100));
  EXPECT_EQ(script_.stats().channels_live.value(), 0u);
}

TEST_F(ChannelBind, IsNotRefreshedByData) {
  // RFC 8656 §12.
  alice_.allocates(allocate().lifetime(3600));
  alice_.binds(0x4000, "192.0.2.9:99");
  script_.when(seconds(599));
  alice_.sends(channel_data(0x4000, "up"));
  script_.forget();
  script_.jump(seconds(600));
  alice_.sends(channel_data(0x4000, "up"));
  EXPECT_THAT(script_.says(), IsEmpty());
}

TEST_F(ChannelBind, ACreatePermissionDoesNotRefreshTheChannel) {
  // RFC 8656 §12.
  alice_.allocates(allocate().lifetime(3600));
  alice_.binds(0x4000, "192.0.2.9:99");
  script_.when(seconds(599));
  alice_.permits("192.0.2.9:99");
  script_.when(seconds(600));
  EXPECT_EQ(script_.stats().channels_live.value(), 0u);
}

TEST_F(ChannelBind, WithoutAllocationIs437) {
  // RFC 8656 §12.2.
  alice_.sends(channel_bind().channel(0x4000).peer("192.0.2.9:99"));
  expect_error(437, Reason::kNoAllocation);
}

TEST_F(ChannelBind, ByAnotherUserIs441) {
  // RFC 8656 §5.
  alice_.allocates();
  script_.client("198.51.100.7:4000", Transport::kUdp, "bob", "builder")
      .sends(channel_bind().channel(0x4000).peer("192.0.2.9:99"));
  expect_error(441, Reason::kOtherUser);
}

TEST_F(ChannelBind, WithoutNumberIs400) {
  // RFC 8656 §12.2.
  alice_.allocates();
  alice_.sends(channel_bind().peer("192.0.2.9:99"));
  expect_error(400, Reason::kMissingChannelNumber);
}

TEST_F(ChannelBind, WithoutPeerIs400) {
  // RFC 8656 §12.2.
  alice_.allocates();
  alice_.sends(channel_bind().channel(0x4000));
  expect_error(400, Reason::kMissingPeer);
}

TEST_F(ChannelBind, WithAMalformedNumberOrPeerIs400) {
  // RFC 8656 §12.2, §18.1.
  alice_.allocates();
  alice_.sends(channel_bind().raw(Attr::kChannelNumber, "1").peer("192.0.2.9:99"));
  expect_error(400, Reason::kMalformedAttribute);
  alice_.sends(channel_bind().channel(0x4000).raw(Attr::kXorPeerAddress, "1"));
  EXPECT_THAT(script_.says(), ElementsAre("198.51.100.7:4000 <- channel_bind error 400 integrity"));
}

TEST_F(ChannelBind, NumbersOutside4000To4FffAre400) {
  // RFC 8656 §12: 0x5000-0x7FFF was RFC 5766's and is reserved now.
  alice_.allocates();
  for (const uint16_t number : std::initializer_list<uint16_t>{0x0000, 0x3fff, 0x5000, 0x7fff, 0xffff}) {
    alice_.sends(channel_bind().channel(number).peer("192.0.2.9:99"));
    EXPECT_THAT(script_.says(), ElementsAre("198.51.100.7:4000 <- channel_bind error 400 integrity")) << number;
  }
  EXPECT_EQ(script_.refused(Reason::kChannelOutOfRange), 5u);
  alice_.binds(0x4fff, "192.0.2.9:99");
}

TEST_F(ChannelBind, ANumberBoundToAnotherPeerIs400) {
  // RFC 8656 §12.2.
  alice_.allocates(allocate().lifetime(3600));
  alice_.binds(0x4000, "192.0.2.9:99");
  alice_.sends(channel_bind().channel(0x4000).peer("192.0.2.9:98"));
  expect_error(400, Reason::kChannelBoundElsewhere);
  script_.when(seconds(600));
  alice_.binds(0x4000, "192.0.2.9:98");
}

TEST_F(ChannelBind, APeerBoundToAnotherNumberIs400) {
  // RFC 8656 §12.2.
  alice_.allocates(allocate().lifetime(3600));
  alice_.binds(0x4000, "192.0.2.9:99");
  alice_.sends(channel_bind().channel(0x4001).peer("192.0.2.9:99"));
  expect_error(400, Reason::kPeerBoundElsewhere);
  script_.when(seconds(600));
  alice_.binds(0x4001, "192.0.2.9:99");
}

TEST_F(ChannelBind, ForADeniedPeerIs403) {
  // RFC 8656 §12.2, §21.1.1.
  alice_.allocates();
  alice_.sends(channel_bind().channel(0x4000).peer("127.0.0.1:99"));
  expect_error(403, Reason::kPeerDenied);
  EXPECT_EQ(script_.stats().channels_live.value(), 0u);
  EXPECT_EQ(script_.stats().permissions_live.value(), 0u);
}

TEST_F(ChannelBind, ForAnotherFamilyIs443) {
  // RFC 8656 §12.2.
  alice_.allocates();
  alice_.sends(channel_bind().channel(0x4000).peer("[2001:db8:9::1]:99"));
  expect_error(443, Reason::kPeerFamilyMismatch);
}

TEST_F(ChannelBind, BeyondTheLimitIs508) {
  // RFC 8656 §12.2; a refresh needs no room.
  script_.settings.channels_max = 1;
  alice_.allocates();
  alice_.binds(0x4000, "192.0.2.9:99");
  alice_.sends(channel_bind().channel(0x4001).peer("192.0.2.9:98"));
  expect_error(508, Reason::kChannelLimit);
  alice_.binds(0x4000, "192.0.2.9:99");
}

TEST_F(ChannelBind, BeyondThePermissionLimitIs508AndBindsNothing) {
  // RFC 8656 §12.2: the permission comes with the channel or neither does.
  script_.settings.permissions_max = 1;
  alice_.allocates();
  alice_.permits("192.0.2.1:1");
  alice_.sends(channel_bind().channel(0x4000).peer("192.0.2.9:99"));
  expect_error(508, Reason::kPermissionLimit);
  EXPECT_EQ(script_.stats().channels_live.value(), 0u);
}

TEST_F(ChannelBind, ForAnIpv6PeerWorksAlike) {
  // RFC 8656 §12.2.
  alice_.allocates(allocate().family(2));
  alice_.binds(0x4000, "[2001:db8:9::1]:99");
  script_.peer_sends(0, "[2001:db8:9::1]:99", "down");
  EXPECT_THAT(script_.says(), ElementsAre("198.51.100.7:4000 <- channel 0x4000 'down'"));
  script_.peer_sends(0, "[2001:db8:9::1]:98", "down");
  EXPECT_THAT(script_.says(), ElementsAre("198.51.100.7:4000 <- data from [2001:db8:9::1]:98 'down'"));
}

}  // namespace
}  // namespace noom::turn::test
