// Every reason for a refusal can be met, is counted under its code and told to the log with what decided. A new reason
// does not compile until this test provokes it.
#include <set>

#include "tests/unit/turn/core/script.h"

namespace noom::turn::test {
namespace {

constexpr std::string_view kFrom = "198.51.100.7:4000";

Credentials without(Client& client, std::string Credentials::*part) {
  Credentials credentials = client.credentials();
  credentials.*part = "";
  return credentials;
}

Client with_allocation(Script& script) {
  Client alice = script.client(kFrom);
  alice.allocates();
  return alice;
}

// RFC 8489 §9.2.4.
void provoke_unproved(Reason reason, Script& script) {
  Client alice = script.client(kFrom);
  switch (reason) {
    case Reason::kNoIntegrity:
      return alice.sends_unsigned(allocate());
    case Reason::kUnknownUser:
      return script.client(kFrom, Transport::kUdp, "mallory", "x").sends(allocate());
    case Reason::kCredentialsExpired: {
      script.users.add_rest_secret(Secret("north"));
      const auto old = auth::mint_rest_credentials(Secret("north"), "carol", script.now().wall - seconds(1));
      return script.client(kFrom, Transport::kUdp, old.username, old.password).sends(allocate());
    }
    case Reason::kCredentialsRevoked: {
      script.users.add_rest_secret(Secret("north"));
      const auto minted = auth::mint_rest_credentials(Secret("north"), "carol", script.now().wall + seconds(60));
      script.server().on_revoke(script.now(), {"carol", minted.expires}, script.output());
      return script.client(kFrom, Transport::kUdp, minted.username, minted.password).sends(allocate());
    }
    case Reason::kBadIntegrity:
      return script.client(kFrom, Transport::kUdp, "alice", "wrong").sends(allocate());
    case Reason::kBadToken: {
      script.settings.token_keys = std::make_shared<auth::TokenKeys>("turn.example.org");
      Credentials credentials = alice.credentials();
      credentials.token = "no key opens this, whatever it may be";
      return alice.sends(allocate(), credentials);
    }
    case Reason::kMissingUsername:
      return alice.sends(allocate(), without(alice, &Credentials::username));
    case Reason::kMissingRealm:
      return alice.sends(allocate(), without(alice, &Credentials::realm));
    case Reason::kMissingNonce:
      return alice.sends(allocate(), without(alice, &Credentials::nonce));
    case Reason::kPasswordAlgorithms: {
      Credentials credentials = alice.credentials(wire::PasswordAlgorithm::kSha256);
      credentials.algorithms = "";
      return alice.sends(allocate(), credentials);
    }
    case Reason::kStaleNonce:
      return alice.sends(allocate(), script.client("198.51.100.8:1").credentials());
    default:
      FAIL() << "no way is known to " << to_string(reason);
  }
}

// RFC 8656 §7.2: what is wrong with the Allocate itself.
void provoke_by_allocate(Reason reason, Script& script) {
  Client alice = script.client(kFrom);
  switch (reason) {
    case Reason::kUnknownAttribute:
      return alice.sends(allocate().raw(static_cast<Attr>(0x7fff), "?"));
    case Reason::kMalformedAttribute:
      return alice.sends(allocate().raw(Attr::kLifetime, "?"));
    case Reason::kMissingTransport:
      return alice.sends(Ask(Method::kAllocate));
    case Reason::kTransportUnsupported:
      return alice.sends(Ask(Method::kAllocate).transport(99));
    case Reason::kAllocationExists:
      return with_allocation(script).sends(allocate().id(2));
    case Reason::kFamilyUnavailable:
      script.settings.relay_addresses.pop_back();
      return alice.sends(allocate().family(2));
    case Reason::kTwoFamilyAttributes:
      return alice.sends(allocate().family(1).additional(2));
    case Reason::kReserveForTwoFamilies:
      return alice.sends(allocate().even_port(true).additional(2));
    case Reason::kAdditionalFamily:
      return alice.sends(allocate().additional(1));
    case Reason::kTokenWithOtherChoice:
      return alice.sends(allocate().token(1).even_port());
    case Reason::kBadReservationToken:
      return alice.sends(allocate().token(0));
    default:
      FAIL() << "no way is known to " << to_string(reason);
  }
}

// RFC 8656 §7.2: nothing is wrong, but there is not enough.
void provoke_by_want(Reason reason, Script& script) {
  Client alice = script.client(kFrom);
  Client second = script.client("198.51.100.7:4001");
  switch (reason) {
    case Reason::kUserQuota:
      script.settings.allocations_per_user_max = 1;
      with_allocation(script);
      return second.sends(allocate());
    case Reason::kServerFull:
      script.settings.allocations_max = 1;
      with_allocation(script);
      return second.sends(allocate());
    case Reason::kTryAlternate:
      script.settings.alternates.servers = {endpoint("192.0.2.50:3478")};
      script.server().on_drain();
      return alice.sends(allocate());
    case Reason::kDraining:
      script.server().on_drain();
      return alice.sends(allocate());
    case Reason::kNoFreePort:
      script.settings.port_min = script.settings.port_max = 50000;
      with_allocation(script);
      return second.sends(allocate());
    case Reason::kNoPortPair:
      script.settings.port_min = script.settings.port_max = 50000;
      return alice.sends(allocate().even_port(true));
    case Reason::kExternalUnknown:
      script.settings.relay_addresses[0].external = IpAddress();
      return alice.sends(allocate());
    case Reason::kRelayOpenFailed:
      alice.sends(allocate());
      for (int i = 0; i < kRelayOpenTriesMax; ++i) script.open_failed(0);
      return;
    default:
      FAIL() << "no way is known to " << to_string(reason);
  }
}

// RFC 8656 §8.2, §10.2, §12.2.
void provoke_on_allocation(Reason reason, Script& script) {
  switch (reason) {
    case Reason::kNoAllocation:
      return script.client(kFrom).sends(refresh());
    case Reason::kOtherUser:
      with_allocation(script);
      return script.client(kFrom, Transport::kUdp, "bob", "builder").sends(refresh());
    case Reason::kMissingPeer:
      return with_allocation(script).sends(create_permission());
    case Reason::kMissingChannelNumber:
      return with_allocation(script).sends(channel_bind().peer("192.0.2.9:99"));
    case Reason::kChannelOutOfRange:
      return with_allocation(script).sends(channel_bind().channel(0x3fff).peer("192.0.2.9:99"));
    case Reason::kChannelBoundElsewhere: {
      Client alice = with_allocation(script);
      alice.binds(0x4000, "192.0.2.9:99");
      return alice.sends(channel_bind().channel(0x4000).peer("192.0.2.10:99"));
    }
    case Reason::kPeerBoundElsewhere: {
      Client alice = with_allocation(script);
      alice.binds(0x4000, "192.0.2.9:99");
      return alice.sends(channel_bind().channel(0x4001).peer("192.0.2.9:99"));
    }
    case Reason::kPeerDenied:
      return with_allocation(script).sends(create_permission().peer("10.0.0.1:1"));
    case Reason::kPeerFamilyMismatch:
      return with_allocation(script).sends(create_permission().peer("[2001:db8:9::1]:1"));
    case Reason::kRelayFamilyMismatch:
      return with_allocation(script).sends(refresh().family(2));
    case Reason::kPermissionLimit:
      script.settings.permissions_max = 1;
      return with_allocation(script).sends(create_permission().peer("192.0.2.1:1").peer("192.0.2.2:1"));
    case Reason::kChannelLimit: {
      script.settings.channels_max = 1;
      Client alice = with_allocation(script);
      alice.binds(0x4000, "192.0.2.9:99");
      return alice.sends(channel_bind().channel(0x4001).peer("192.0.2.9:100"));
    }
    case Reason::kAllocationPeerRate:
    case Reason::kUserPeerRate: {
      const bool is_user = reason == Reason::kUserPeerRate;
      (is_user ? script.settings.user_rates : script.settings.allocation_rates).new_peers_per_second = 1;
      script.settings.rate_burst.new_peers = 1;
      return with_allocation(script).sends(create_permission().peer("192.0.2.1:1").peer("192.0.2.2:1"));
    }
    default:
      FAIL() << "no way is known to " << to_string(reason);
  }
}

void provoke(Reason reason, Script& script) {
  switch (reason) {  // without default: the compiler knows which reasons are missing
    case Reason::kNoIntegrity:
    case Reason::kUnknownUser:
    case Reason::kCredentialsExpired:
    case Reason::kCredentialsRevoked:
    case Reason::kBadIntegrity:
    case Reason::kBadToken:
    case Reason::kMissingUsername:
    case Reason::kMissingRealm:
    case Reason::kMissingNonce:
    case Reason::kPasswordAlgorithms:
    case Reason::kStaleNonce:
      return provoke_unproved(reason, script);
    case Reason::kUnknownAttribute:
    case Reason::kMalformedAttribute:
    case Reason::kMissingTransport:
    case Reason::kTransportUnsupported:
    case Reason::kAllocationExists:
    case Reason::kFamilyUnavailable:
    case Reason::kTwoFamilyAttributes:
    case Reason::kReserveForTwoFamilies:
    case Reason::kAdditionalFamily:
    case Reason::kTokenWithOtherChoice:
    case Reason::kBadReservationToken:
      return provoke_by_allocate(reason, script);
    case Reason::kUserQuota:
    case Reason::kServerFull:
    case Reason::kTryAlternate:
    case Reason::kDraining:
    case Reason::kNoFreePort:
    case Reason::kNoPortPair:
    case Reason::kExternalUnknown:
    case Reason::kRelayOpenFailed:
      return provoke_by_want(reason, script);
    case Reason::kNoAllocation:
    case Reason::kOtherUser:
    case Reason::kMissingPeer:
    case Reason::kMissingChannelNumber:
    case Reason::kChannelOutOfRange:
    case Reason::kChannelBoundElsewhere:
    case Reason::kPeerBoundElsewhere:
    case Reason::kPeerDenied:
    case Reason::kPeerFamilyMismatch:
    case Reason::kRelayFamilyMismatch:
    case Reason::kPermissionLimit:
    case Reason::kChannelLimit:
    case Reason::kAllocationPeerRate:
    case Reason::kUserPeerRate:
      return provoke_on_allocation(reason, script);
    case Reason::kMobilityForbidden:
    case Reason::kBadTicket:
    case Reason::kTicketUsed:
    case Reason::kNotMoved:
    case Reason::kTicketOfNoAllocation:  // mobility_refusals_test.cc
    case Reason::kReservationLimit:      // reserve_test.cc
    case Reason::kTcpOverDatagrams:      // tcp_allocate_test.cc, as is the next
    case Reason::kNotForTcp:
    case Reason::kNoTcpAllocation:  // connect_test.cc, as are the next
    case Reason::kConnectionExists:
    case Reason::kConnectFailed:
    case Reason::kConnectTimeout:
    case Reason::kConnectionLimit:
    case Reason::kMissingConnectionId:  // connection_bind_test.cc, as are the next
    case Reason::kUnknownConnection:
    case Reason::kBindOnControl:
    case Reason::kCount:
      return;
  }
}

TEST(Reasons, EachCanBeMetIsCountedUnderItsCodeAndToldWithWhatDecided) {
  // RFC 8656 §7.2, §8.2, §10.2, §12.2, RFC 8489 §9.2.4: each refusal has its code.
  for (size_t i = 0; i < count_of<Reason>(); ++i) {
    const auto reason = static_cast<Reason>(i);
    SCOPED_TRACE(to_string(reason));
    Script script;
    provoke(reason, script);
    if (script.stats().received() == 0) continue;  // met elsewhere
    EXPECT_EQ(script.refused(reason), 1u);
    EXPECT_EQ(script.stats().refusals.sum(), 1u) << "and nothing else was refused";
    ASSERT_FALSE(script.to_clients().empty());
    const auto answer = wire::MessageView::parse(script.to_clients().back().bytes).value();
    EXPECT_EQ(answer.error_code(), code_of(reason));
    EXPECT_EQ(script.stats().requests.at(answer.method(), static_cast<uint16_t>(code_of(reason))).value(), 1u);

    std::vector<std::string> told = script.tells();
    std::erase_if(told, [](const std::string& line) { return !line.starts_with("refused"); });
    if (reason == Reason::kNoIntegrity) {  // what every client meets first is only counted
      EXPECT_THAT(told, IsEmpty());
      continue;
    }
    ASSERT_EQ(told.size(), 1u);
    EXPECT_THAT(told[0], testing::HasSubstr(" " + std::string(to_string(reason))));
    if (!rule_of(reason).empty()) {
      EXPECT_THAT(told[0], testing::EndsWith(" rule=" + std::string(rule_of(reason))));
    }
  }
}

TEST(Reasons, HaveDistinctLabels) {
  std::set<std::string_view> labels;
  for (size_t i = 0; i < count_of<Reason>(); ++i)
    EXPECT_TRUE(labels.insert(to_string(static_cast<Reason>(i))).second) << to_string(static_cast<Reason>(i));
}

}  // namespace
}  // namespace noom::turn::test
