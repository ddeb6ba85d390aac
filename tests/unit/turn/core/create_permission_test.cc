#include "tests/unit/turn/core/script.h"

namespace noom::turn::test {
namespace {

class CreatePermission : public testing::Test {
 protected:
  void sends(const Ask& ask) { alice_.sends(ask); }
  void expect_error(int code, Reason reason) {
    EXPECT_THAT(script_.says(),
                ElementsAre("198.51.100.7:4000 <- create_permission error " + std::to_string(code) + " integrity"));
    EXPECT_EQ(script_.refused(reason), 1u);
    EXPECT_EQ(script_.stats().permissions_live.value(), 0u);
  }
  Script script_;
  Client alice_ = script_.client("198.51.100.7:4000");
};

TEST_F(CreatePermission, LetsThatAddressInFromAnyPortFor300Seconds) {
  // RFC 8656 §9: per IP address, 300 s.
  alice_.allocates();
  alice_.permits("192.0.2.9:99");
  script_.when(seconds(299));
  script_.peer_sends(0, "192.0.2.9:1234", "hi");
  EXPECT_THAT(script_.says(), ElementsAre("198.51.100.7:4000 <- data from 192.0.2.9:1234 'hi'"));
  script_.peer_sends(0, "192.0.2.10:99", "hi");
  EXPECT_THAT(script_.says(), IsEmpty());
  EXPECT_EQ(script_.dropped(Drop::kNoPermission), 1u);
  script_.jump(seconds(300));
  script_.peer_sends(0, "192.0.2.9:1234", "hi");
  EXPECT_THAT(script_.says(), IsEmpty());
}

TEST_F(CreatePermission, AgainStartsAnother300Seconds) {
  // RFC 8656 §10.2.
  alice_.allocates();
  alice_.permits("192.0.2.9:99");
  script_.when(seconds(200));
  alice_.permits("192.0.2.9:98");
  EXPECT_EQ(script_.stats().permissions_live.value(), 1u);
  script_.when(seconds(499));
  alice_.sends(send().peer("192.0.2.9:97").data("x"));
  EXPECT_THAT(script_.says(), ElementsAre("#0 -> 192.0.2.9:97 'x'"));
  script_.when(seconds(500));
  EXPECT_EQ(script_.stats().permissions_live.value(), 0u);
}

TEST_F(CreatePermission, IsNotRefreshedByData) {
  // RFC 8656 §9.
  alice_.allocates();
  alice_.permits("192.0.2.9:99");
  script_.when(seconds(299));
  script_.peer_sends(0, "192.0.2.9:99", "x");
  alice_.sends(send().peer("192.0.2.9:99").data("x"));
  EXPECT_EQ(script_.says().size(), 2u);
  script_.jump(seconds(300));
  script_.peer_sends(0, "192.0.2.9:99", "x");
  alice_.sends(send().peer("192.0.2.9:99").data("x"));
  EXPECT_THAT(script_.says(), IsEmpty());
}

TEST_F(CreatePermission, WithoutAllocationIs437) {
  // RFC 8656 §10.2.
  sends(create_permission().peer("192.0.2.9:99"));
  expect_error(437, Reason::kNoAllocation);
}

TEST_F(CreatePermission, ByAnotherUserIs441) {
  // RFC 8656 §5.
  alice_.allocates();
  script_.client("198.51.100.7:4000", Transport::kUdp, "bob", "builder")
      .sends(create_permission().peer("192.0.2.9:99"));
  expect_error(441, Reason::kOtherUser);
}

TEST_F(CreatePermission, WithoutPeerIs400) {
  // RFC 8656 §10.2.
  alice_.allocates();
  sends(create_permission());
  expect_error(400, Reason::kMissingPeer);
}

TEST_F(CreatePermission, WithAMalformedPeerIs400AndInstallsNone) {
  // RFC 8656 §10.2: all or nothing.
  alice_.allocates();
  sends(create_permission().peer("192.0.2.9:99").raw(Attr::kXorPeerAddress, "short"));
  expect_error(400, Reason::kMalformedAttribute);
}

TEST_F(CreatePermission, WithAnotherFamilyIs443AndInstallsNone) {
  // RFC 8656 §10.2: all or nothing.
  alice_.allocates();
  sends(create_permission().peer("192.0.2.9:99").peer("[2001:db8:9::1]:99"));
  expect_error(443, Reason::kPeerFamilyMismatch);
}

TEST_F(CreatePermission, ForAMappedAddressOverIpv6Is443) {
  // RFC 4291 §2.5.5.2: it is an IPv4 peer in disguise.
  alice_.allocates(allocate().family(2));
  sends(create_permission().peer("[::ffff:192.0.2.9]:99"));
  expect_error(443, Reason::kPeerFamilyMismatch);
}

TEST_F(CreatePermission, ForADeniedPeerIs403AndInstallsNone) {
  // RFC 8656 §10.2, §21.1.1: all or nothing, and the log can say why.
  alice_.allocates();
  sends(create_permission().peer("192.0.2.9:99").peer("10.0.0.1:99"));
  const auto told = script_.tells();
  ASSERT_EQ(told.size(), 1u);
  EXPECT_THAT(told[0], StartsWith("refused alice create_permission peer_denied peer=10.0.0.1:99 rule="));
  expect_error(403, Reason::kPeerDenied);
}

TEST_F(CreatePermission, ForSeveralPeersInstallsEach) {
  // RFC 8656 §10.1.
  alice_.allocates();
  sends(create_permission().peer("192.0.2.9:99").peer("192.0.2.1:1").peer("192.0.2.9:98"));
  EXPECT_THAT(script_.says(), ElementsAre("198.51.100.7:4000 <- create_permission success integrity"));
  EXPECT_EQ(script_.stats().permissions_live.value(), 2u);
}

TEST_F(CreatePermission, BeyondTheLimitIs508AndInstallsNone) {
  // RFC 8656 §10.2: a peer named twice is one, a refresh needs no room.
  script_.settings.permissions_max = 2;
  alice_.allocates();
  sends(create_permission().peer("192.0.2.1:1").peer("192.0.2.2:1").peer("192.0.2.3:1"));
  expect_error(508, Reason::kPermissionLimit);
  sends(create_permission().peer("192.0.2.1:1").peer("192.0.2.2:1").peer("192.0.2.1:2"));
  sends(create_permission().peer("192.0.2.2:1"));
  EXPECT_EQ(script_.stats().permissions_live.value(), 2u);
  script_.forget();
  sends(create_permission().peer("192.0.2.3:1"));
  EXPECT_THAT(script_.says(), ElementsAre("198.51.100.7:4000 <- create_permission error 508 integrity"));
  script_.when(seconds(300));
  sends(create_permission().peer("192.0.2.3:1"));
  EXPECT_THAT(script_.says(), ElementsAre("198.51.100.7:4000 <- create_permission success integrity"));
}

TEST_F(CreatePermission, IgnoresWhatFollowsTheIntegrity) {
  // RFC 8489 §14.5: only integrity and FINGERPRINT may follow MESSAGE-INTEGRITY.
  alice_.allocates();
  auto bytes = create_permission().bytes(alice_.credentials());
  const auto extra = create_permission().peer("192.0.2.9:99").bytes();
  bytes.insert(bytes.end(), extra.begin() + wire::kHeaderSize, extra.end());
  store_be<uint16_t>(bytes.data() + 2, static_cast<uint16_t>(bytes.size() - wire::kHeaderSize));
  alice_.sends(bytes);
  expect_error(400, Reason::kMissingPeer);
}

}  // namespace
}  // namespace noom::turn::test
