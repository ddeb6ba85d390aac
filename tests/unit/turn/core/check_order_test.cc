// Which of several faults a request is refused for: the one that the RFC looks for first. Nothing is left behind by any
// of them.
#include "tests/unit/turn/core/script.h"

namespace noom::turn::test {
namespace {

constexpr uint8_t kNoSuchProtocol = 99;
constexpr uint8_t kNoSuchFamily = 9;
constexpr auto kUnknown = static_cast<Attr>(0x7abc);

struct Fault {
  Reason reason;
  std::function<void(Ask&)> add;
};

TEST(CheckOrder, AnAllocateIsRefusedForItsFirstFault) {
  // RFC 8656 §7.2: authentication, unknown attributes, five-tuple, transport, token, families, port, quota, alternate.
  const std::vector<Fault> faults = {
      {Reason::kUnknownAttribute, [](Ask& ask) { ask.raw(kUnknown, "?"); }},
      {Reason::kTransportUnsupported, [](Ask& ask) { ask.transport(kNoSuchProtocol); }},
      {Reason::kMalformedAttribute, [](Ask& ask) { ask.raw(Attr::kLifetime, "short"); }},
      {Reason::kTokenWithOtherChoice, [](Ask& ask) { ask.token(1); }},
      {Reason::kTwoFamilyAttributes, [](Ask& ask) { ask.additional(2); }},
      {Reason::kFamilyUnavailable, [](Ask& ask) { ask.family(kNoSuchFamily); }},
      {Reason::kMalformedAttribute, [](Ask& ask) { ask.raw(Attr::kEvenPort, "two bytes"); }},
      {Reason::kUserQuota, [](Ask&) {}},
  };
  Script script;
  script.settings.allocations_per_user_max = 1;
  script.settings.alternates.servers = {endpoint("192.0.2.50:3478")};
  Client alice = script.client("198.51.100.7:4000");
  alice.allocates();
  script.server().on_drain();
  Client again = script.client("198.51.100.7:4001");
  for (size_t first = 0; first < faults.size(); ++first) {
    Ask ask(Method::kAllocate);
    for (size_t i = first; i < faults.size(); ++i) faults[i].add(ask);
    if (first > 1) ask.transport(wire::kProtocolUdp);
    const uint64_t before = script.refused(faults[first].reason);
    again.sends(ask);
    EXPECT_EQ(script.refused(faults[first].reason), before + 1) << "fault " << first;
    EXPECT_EQ(script.says().size(), 1u) << "an answer and no relay";
    if (first == 1) {  // a five-tuple in use is looked for before the transport
      alice.sends(ask.id(7));
      EXPECT_EQ(script.refused(Reason::kAllocationExists), 1u);
    }
    if (first == 0) {  // and credentials before anything else
      Credentials wrong = again.credentials();
      wrong.key = "another";
      again.sends(ask, wrong);
      EXPECT_EQ(script.refused(Reason::kBadIntegrity), 1u);
    }
    script.forget();
  }
  script.client("198.51.100.7:4002", Transport::kUdp, "bob", "builder").sends(allocate());
  EXPECT_EQ(script.refused(Reason::kTryAlternate), 1u);
  EXPECT_EQ(script.shared->quota.total(), 1u);
}

class CheckOrderOnAllocation : public testing::Test {
 protected:
  CheckOrderOnAllocation() { script_.deny = {*auth::IpPrefix::parse("192.0.2.66/32")}; }
  // Alice's request is, for that reason and with one answer.
  void refused_for(Reason reason, const Ask& ask) {
    const uint64_t before = script_.refused(reason);
    alice_.sends(ask);
    EXPECT_EQ(script_.refused(reason), before + 1) << to_string(reason);
    EXPECT_EQ(script_.says().size(), 1u);
  }

  Script script_;
  Client alice_ = script_.client("198.51.100.7:4000");
};

TEST_F(CheckOrderOnAllocation, ACreatePermissionIsRefusedForItsFirstFault) {
  // RFC 8656 §10.2: every peer is looked at before anything is installed: 400, then 443, 403 and 508.
  script_.settings.permissions_max = 1;
  refused_for(Reason::kNoAllocation, create_permission());
  alice_.allocates();
  const auto two = [] { return create_permission().peer("192.0.2.8:1").peer("192.0.2.9:1"); };
  refused_for(Reason::kUnknownAttribute, create_permission().raw(kUnknown, "?"));
  refused_for(Reason::kMissingPeer, create_permission());
  refused_for(Reason::kMalformedAttribute, two().raw(Attr::kXorPeerAddress, "?"));
  refused_for(Reason::kPeerFamilyMismatch, two().peer("[2001:db8:9::1]:1"));
  refused_for(Reason::kPeerDenied, two().peer("192.0.2.66:1"));
  refused_for(Reason::kPermissionLimit, two());
  alice_.permits("192.0.2.8:1");
}

TEST_F(CheckOrderOnAllocation, AChannelBindIsRefusedForItsFirstFault) {
  // RFC 8656 §12.2: number and peer (400), conflicts (400), family (443), policy (403), capacity (508).
  script_.settings.channels_max = 1;
  refused_for(Reason::kNoAllocation, channel_bind());
  alice_.allocates();
  alice_.binds(0x4001, "192.0.2.8:1");
  refused_for(Reason::kMissingChannelNumber, channel_bind());
  refused_for(Reason::kMissingPeer, channel_bind().channel(0x4002));
  refused_for(Reason::kChannelOutOfRange, channel_bind().channel(0x5000).peer("192.0.2.66:1"));
  refused_for(Reason::kChannelBoundElsewhere, channel_bind().channel(0x4001).peer("192.0.2.9:1"));
  refused_for(Reason::kPeerBoundElsewhere, channel_bind().channel(0x4002).peer("192.0.2.8:1"));
  refused_for(Reason::kPeerFamilyMismatch, channel_bind().channel(0x4002).peer("[2001:db8:9::1]:1"));
  refused_for(Reason::kPeerDenied, channel_bind().channel(0x4002).peer("192.0.2.66:1"));
  refused_for(Reason::kChannelLimit, channel_bind().channel(0x4002).peer("192.0.2.9:1"));
}

}  // namespace
}  // namespace noom::turn::test
