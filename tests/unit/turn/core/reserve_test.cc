// EVEN-PORT with R = 1 and RESERVATION-TOKEN, on one shard and between two.
#include "tests/unit/turn/core/script.h"

namespace noom::turn::test {
namespace {

class Reserve : public testing::Test {
 protected:
  Reserve() {
    for (Script* script : {&script_, &other_}) {
      script->settings.shard_count = 2;
      script->settings.port_min = 50000;
      script->settings.port_max = 50007;  // two pairs for each shard, on each address
    }
    other_.shard = 1;
    other_.shared = script_.shared;
  }

  // The token in the last answer of the script.
  static uint64_t token_of(Script& script) {
    return wire::MessageView::parse(script.to_clients().back().bytes).value().u64(Attr::kReservationToken).value();
  }
  // Alice's allocation on the first shard; its token.
  uint64_t reserve() {
    alice_.sends(allocate().even_port(true));
    script_.opened(0);
    const uint64_t token = token_of(script_);
    script_.forget();
    return token;
  }
  // Carries what a script tells the other shard, and forgets the rest.
  static void carry(Script& from, Script& to) {
    for (const Command& command : std::vector<Command>(from.commands()))
      if (const auto* tell = std::get_if<TellShard>(&command)) to.told(tell->message);
    from.forget();
  }
  // Bob claims the token on the second shard; the port it got there.
  uint16_t claim_elsewhere(uint64_t token) {
    bob_.sends(allocate().token(token));
    carry(other_, script_);
    carry(script_, other_);
    const uint16_t port = std::get<OpenRelay>(other_.commands().front()).local.port;
    other_.opened(0);
    other_.forget();
    return port;
  }

  Script script_;
  Script other_;
  Client alice_ = script_.client("198.51.100.7:4000");
  Client bob_ = other_.client("198.51.100.8:5000", Transport::kTcp, "bob", "builder");
};

TEST_F(Reserve, AnEvenPortAndATokenForTheNext) {
  // RFC 8656 §7.2: EVEN-PORT with R = 1 gives an even port and a RESERVATION-TOKEN for the port after it.
  alice_.sends(allocate().even_port(true));
  EXPECT_EQ(std::get<OpenRelay>(script_.commands().back()).local.port % 2, 0);
  script_.opened(0);
  const uint16_t port = script_.relayed(0).port;
  const uint64_t token = token_of(script_);
  EXPECT_THAT(script_.says(), ElementsAre("open #0 on 203.0.113.1",
                                          "198.51.100.7:4000 <- allocate success relayed=203.0.113.1:#0 lifetime=600 "
                                          "token mapped=198.51.100.7:4000 integrity"));
  script_.client("198.51.100.9:6000", Transport::kTls, "bob", "builder").sends(allocate().token(token));
  EXPECT_EQ(std::get<OpenRelay>(script_.commands().back()).local.port, port + 1);
  script_.opened(1);
  EXPECT_THAT(script_.says(), ElementsAre("open #1 on 203.0.113.1",
                                          "198.51.100.9:6000 <- allocate success relayed=203.0.113.1:#1 lifetime=600 "
                                          "mapped=198.51.100.9:6000 integrity"));
  EXPECT_EQ(script_.stats().relay_ports_reserved.value(), 0u);
}

TEST_F(Reserve, ARetransmissionGetsTheSameToken) {
  // RFC 8656 §7.2: a retransmitted Allocate is answered alike, reservation token included.
  const auto request = allocate().even_port(true).bytes(alice_.credentials());
  alice_.sends(request);
  script_.opened(0);
  const uint64_t token = token_of(script_);
  alice_.sends(request);
  EXPECT_EQ(token_of(script_), token);
  EXPECT_EQ(script_.stats().relay_ports_reserved.value(), 1u);
}

TEST_F(Reserve, TheReservationLasts30SecondsAndThenThePortIsFree) {
  // RFC 8656 §7.2: a reservation is held for at least 30 seconds, whatever becomes of the allocation.
  const uint64_t token = reserve();
  const uint64_t free = script_.stats().relay_ports_free.value();
  alice_.sends(refresh().lifetime(0));
  script_.forget();
  script_.when(seconds(29));
  EXPECT_EQ(script_.stats().relay_ports_reserved.value(), 1u);
  script_.when(seconds(30));
  EXPECT_EQ(script_.stats().relay_ports_reserved.value(), 0u);
  EXPECT_EQ(script_.stats().relay_ports_free.value(), free + 2);
  alice_.sends(allocate().token(token));
  EXPECT_THAT(script_.says(), ElementsAre("198.51.100.7:4000 <- allocate error 508 integrity"));
  EXPECT_EQ(script_.server().next_deadline(), std::nullopt);
}

TEST_F(Reserve, ATokenIsGoodForOneAllocation) {
  // RFC 8656 §7.2: a token whose port is not available any more is 508.
  const uint64_t token = reserve();
  script_.client("198.51.100.7:4001").sends(allocate().token(token));
  script_.forget();
  script_.client("198.51.100.7:4002").sends(allocate().token(token));
  EXPECT_THAT(script_.says(), ElementsAre("198.51.100.7:4002 <- allocate error 508 integrity"));
  EXPECT_EQ(script_.refused(Reason::kBadReservationToken), 1u);
  EXPECT_EQ(script_.shared->quota.total(), 2u);
}

TEST_F(Reserve, ATokenThatNobodyGaveIs508) {
  // RFC 8656 §7.2: a token that is not valid is 508.
  alice_.sends(allocate().token(0x0012345678901234));
  alice_.sends(allocate().token(0xff12345678901234));  // of a shard there is not
  EXPECT_THAT(script_.says(), ElementsAre("198.51.100.7:4000 <- allocate error 508 integrity",
                                          "198.51.100.7:4000 <- allocate error 508 integrity"));
  EXPECT_EQ(script_.shared->quota.total(), 0u);
}

TEST_F(Reserve, ATokenBesideAnotherChoiceIs400) {
  // RFC 8656 §7.2: RESERVATION-TOKEN with EVEN-PORT, REQUESTED- or ADDITIONAL-ADDRESS-FAMILY is 400, before its check.
  const uint64_t token = reserve();
  Client carol = script_.client("198.51.100.7:4001");
  carol.sends(allocate().token(token).even_port());
  carol.sends(allocate().token(token).family(1));
  carol.sends(allocate().token(0).additional(2));
  EXPECT_THAT(script_.says(), testing::Each("198.51.100.7:4001 <- allocate error 400 integrity"));
  EXPECT_EQ(script_.refused(Reason::kTokenWithOtherChoice), 3u);
  carol.sends(allocate().token(token));
  EXPECT_THAT(script_.says(), ElementsAre("open #1 on 203.0.113.1"));
}

TEST_F(Reserve, AMalformedTokenIs400) {
  // RFC 8656 §18.9: RESERVATION-TOKEN is eight bytes.
  alice_.sends(allocate().raw(Attr::kReservationToken, "short"));
  EXPECT_THAT(script_.says(), ElementsAre("198.51.100.7:4000 <- allocate error 400 integrity"));
}

TEST_F(Reserve, WithoutAPairIs508) {
  // RFC 8656 §7.2: EVEN-PORT that cannot be satisfied is 508.
  script_.settings.port_max = 50000;
  alice_.sends(allocate().even_port(true));
  EXPECT_THAT(script_.says(), ElementsAre("198.51.100.7:4000 <- allocate error 508 integrity"));
  EXPECT_EQ(script_.refused(Reason::kNoPortPair), 1u);
  EXPECT_EQ(script_.shared->quota.total(), 0u);
}

TEST_F(Reserve, OneUserReservesNoMoreThanAShare) {
  // RFC 8656 §7.2, §21: what reserves and never claims does not keep the others from reserving: 508 for that user.
  script_.settings.port_max = 60000;
  for (uint16_t i = 0; i <= kReservationsPerUserMax; ++i) {
    Client greedy = script_.client("198.51.100.9:" + std::to_string(1000 + i));
    greedy.sends(allocate().even_port(true));
    if (i == kReservationsPerUserMax) break;
    script_.opened(std::get<OpenRelay>(script_.commands().back()).relay.index);
    script_.forget();
    greedy.sends(refresh().lifetime(0));  // the reservation stays
    script_.forget();
  }
  EXPECT_THAT(script_.says(), ElementsAre("198.51.100.9:1032 <- allocate error 508 integrity"));
  EXPECT_EQ(script_.refused(Reason::kReservationLimit), 1u);
  EXPECT_EQ(script_.shared->quota.total(), 0u);
  script_.client("198.51.100.9:2000", Transport::kUdp, "bob", "builder").allocates(allocate().even_port(true));
  script_.when(seconds(31));
  alice_.allocates(allocate().even_port(true));
}

TEST_F(Reserve, ARefusedPairIsReplacedByAnotherAndGivenBackWhole) {
  // RFC 8656 §7.2: any pair of the range will do.
  alice_.sends(allocate().even_port(true));
  const uint64_t free = script_.stats().relay_ports_free.value();
  script_.forget();
  script_.open_failed(0);
  EXPECT_THAT(script_.says(), ElementsAre("open #0 on 203.0.113.1"));
  EXPECT_EQ(script_.stats().relay_ports_free.value(), free);
  alice_.closes();
  EXPECT_EQ(script_.stats().relay_ports_free.value(), free + 2);
}

TEST_F(Reserve, AReservedPortThatTheSystemRefusesIs508) {
  // RFC 8656 §7.2: the token stands for one port and no other.
  const uint64_t token = reserve();
  script_.client("198.51.100.7:4001").sends(allocate().token(token));
  script_.forget();
  script_.open_failed(1);
  EXPECT_THAT(script_.says(), ElementsAre("198.51.100.7:4001 <- allocate error 508 integrity"));
}

TEST_F(Reserve, ATokenIsValidOnAnotherShard) {
  // RFC 8656 §7.2: RESERVATION-TOKEN is server-wide, whichever five-tuple, transport and thread it comes from.
  const uint64_t token = reserve();
  bob_.sends(allocate().token(token));
  EXPECT_THAT(std::vector<Command>(other_.commands()).size(), 1u);
  const auto asked = std::get<TellShard>(other_.commands().front());
  EXPECT_THAT(other_.says(), ElementsAre("tell shard 0: wants a reserved port for #0"));
  script_.told(asked.message);
  const auto answer = std::get<TellShard>(script_.commands().front());
  EXPECT_THAT(script_.says(), ElementsAre("tell shard 1: lends a port to #0"));
  other_.told(answer.message);
  EXPECT_EQ(std::get<OpenRelay>(other_.commands().front()).local.port, script_.relayed(0).port + 1);
  other_.opened(0);
  EXPECT_THAT(other_.says(), ElementsAre("open #0 on 203.0.113.1",
                                         "198.51.100.8:5000 <- allocate success relayed=203.0.113.1:#0 lifetime=600 "
                                         "mapped=198.51.100.8:5000 integrity"));
}

TEST_F(Reserve, ABadTokenOfAnotherShardIs508) {
  // RFC 8656 §7.2: a token that is not valid is 508.
  bob_.sends(allocate().token(0x0012345678901234));
  carry(other_, script_);
  carry(script_, other_);
  EXPECT_THAT(other_.says(), ElementsAre("198.51.100.8:5000 <- allocate error 508 integrity"));
  EXPECT_EQ(other_.shared->quota.total(), 0u);
  EXPECT_EQ(other_.server().next_deadline(), std::nullopt);
}

TEST_F(Reserve, ALentPortGoesHomeWhenItsRelayEnds) {
  // RFC 8656 §7.2: relayed transport addresses are unique, also while lent.
  const uint64_t token = reserve();
  const uint64_t free = script_.stats().relay_ports_free.value();
  claim_elsewhere(token);
  bob_.sends(refresh().lifetime(0));
  EXPECT_THAT(std::get<TellShard>(other_.commands().back()).shard, 0u);
  carry(other_, script_);
  EXPECT_EQ(script_.stats().relay_ports_free.value(), free + 1);
}

TEST_F(Reserve, AClientThatLeavesBeforeTheAnswerLosesNoPort) {
  const uint64_t token = reserve();
  const uint64_t free = script_.stats().relay_ports_free.value();
  bob_.sends(allocate().token(token));
  const auto asked = std::get<TellShard>(other_.commands().front());
  bob_.closes();
  other_.forget();
  script_.told(asked.message);
  carry(script_, other_);
  carry(other_, script_);
  EXPECT_EQ(script_.stats().relay_ports_free.value(), free + 1);
  EXPECT_EQ(other_.shared->quota.total(), 1u);
}

TEST_F(Reserve, OtherRelaysReachALentPortThroughItsOwner) {
  // Relay to relay on one host: delivered inside the process, also when the port's owner has lent it.
  const uint16_t port = claim_elsewhere(reserve());
  const IpEndpoint lent{address("203.0.113.1"), port};
  bob_.permits("203.0.113.1:1");
  alice_.permits("203.0.113.1:1");
  alice_.sends(send().peer(lent).data("hello"));
  EXPECT_THAT(script_.says(),
              ElementsAre("hand over to shard 1 for " + lent.to_string() + " from 203.0.113.1:#0 'hello'"));
  other_.handed_over(lent, script_.relayed(0), "hello");
  EXPECT_THAT(other_.says(),
              ElementsAre("198.51.100.8:5000 <- data from " + script_.relayed(0).to_string() + " 'hello'"));
  // Its relay gone, the port is nobody's: one hop more, never a circle.
  bob_.sends(refresh().lifetime(0));
  other_.forget();
  other_.handed_over(lent, script_.relayed(0), "late");
  EXPECT_THAT(other_.says(), IsEmpty());
  EXPECT_EQ(other_.dropped(Drop::kRelayNotLive), 1u);
}

}  // namespace
}  // namespace noom::turn::test
