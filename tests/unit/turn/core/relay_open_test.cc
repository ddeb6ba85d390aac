#include <set>

#include "tests/unit/turn/core/script.h"

namespace noom::turn::test {
namespace {

TEST(RelayOpen, ARefusedPortIsReplacedByAnother) {
  // RFC 8656 §7.2: any port of the range will do.
  Script script;
  script.settings.port_min = 50000;
  script.settings.port_max = 50001;
  script.client("198.51.100.7:4000").sends(allocate());
  const uint16_t first = std::get<OpenRelay>(script.commands().back()).local.port;
  EXPECT_THAT(script.says(), ElementsAre("open #0 on 203.0.113.1"));
  script.open_failed(0);
  EXPECT_NE(std::get<OpenRelay>(script.commands().back()).local.port, first);
  EXPECT_THAT(script.says(), ElementsAre("open #0 on 203.0.113.1"));
  script.opened(0);
  EXPECT_THAT(script.says(), ElementsAre("198.51.100.7:4000 <- allocate success relayed=203.0.113.1:#0 lifetime=600 "
                                         "mapped=198.51.100.7:4000 integrity"));
  EXPECT_EQ(script.stats().relay_open_failures.value(), 1u);
  EXPECT_EQ(script.stats().relay_ports_free.value(), 3u);  // one of two left on IPv4, two on IPv6
}

TEST(RelayOpen, EvenPortStaysEvenWhenTriedAgain) {
  // RFC 8656 §7.2, EVEN-PORT.
  Script script;
  script.client("198.51.100.7:4000").sends(allocate().raw(Attr::kEvenPort, std::string(1, '\0')));
  for (int i = 1; i < kRelayOpenTriesMax; ++i) {
    script.open_failed(0);
    EXPECT_EQ(std::get<OpenRelay>(script.commands().back()).local.port % 2, 0);
  }
}

TEST(RelayOpen, GivesUpWith508AfterTheLimit) {
  // RFC 8656 §7.2: 508, signed and mirrored like any answer; nothing stays behind.
  Script script;
  Client alice = script.client("198.51.100.7:4000");
  alice.sends(allocate().fingerprint());
  const uint64_t free = script.stats().relay_ports_free.value();
  for (int i = 1; i < kRelayOpenTriesMax; ++i) script.open_failed(0);
  script.forget();
  script.open_failed(0);
  EXPECT_THAT(script.tells(), ElementsAre("refused alice allocate relay_open_failed"));
  EXPECT_THAT(script.says(), ElementsAre("198.51.100.7:4000 <- allocate error 508 integrity fingerprint"));
  EXPECT_EQ(script.stats().relay_ports_free.value(), free + 1);
  EXPECT_EQ(script.shared->quota.total(), 0u);
  EXPECT_EQ(script.server().next_deadline(), std::nullopt);
  alice.allocates();
}

TEST(RelayOpen, GivesUpEarlierWhenNoOtherPortIsLeft) {
  Script script;
  script.settings.port_min = script.settings.port_max = 50000;
  script.client("198.51.100.7:4000").sends(allocate());
  script.forget();
  script.open_failed(0);
  EXPECT_THAT(script.says(), ElementsAre("198.51.100.7:4000 <- allocate error 508 integrity"));
}

TEST(RelayOpen, AnAllocationBeingMadeIsNoneYet) {
  // RFC 8656 §7.2: it exists for the client once it has been told.
  Script script;
  Client alice = script.client("198.51.100.7:4000");
  alice.sends(allocate());
  script.forget();
  alice.sends(refresh());
  EXPECT_THAT(script.says(), ElementsAre("198.51.100.7:4000 <- refresh error 437 integrity"));
  alice.sends(allocate().id(9));
  EXPECT_THAT(script.says(), ElementsAre("198.51.100.7:4000 <- allocate error 437 integrity"));
  alice.sends(send().peer("192.0.2.9:99").data("x"));
  EXPECT_THAT(script.says(), IsEmpty());
  EXPECT_EQ(script.dropped(Drop::kNoAllocation), 1u);
}

TEST(RelayOpen, AStreamThatClosesMeanwhileTakesTheRelayWithIt) {
  Script script;
  Client alice = script.client("198.51.100.7:4000", Transport::kTcp);
  alice.sends(allocate());
  script.forget();
  alice.closes();
  EXPECT_THAT(script.tells(), IsEmpty());  // never created, never ended
  EXPECT_THAT(script.says(), ElementsAre("close #0"));
  script.opened(0);
  script.open_failed(0);
  EXPECT_THAT(script.says(), IsEmpty());
  EXPECT_EQ(script.stats().ended.sum(), 0u);
}

TEST(RelayOpen, AnIdIsNotReusedForAnotherRelay) {
  // House rule 10: a handle kept too long finds nothing.
  Script script;
  Client alice = script.client("198.51.100.7:4000");
  alice.allocates();
  const RelayId first = script.relay_id(0);
  alice.sends(refresh().lifetime(0));
  script.forget();
  alice.allocates();
  EXPECT_EQ(script.relay_id(0).index, first.index);
  EXPECT_NE(script.relay_id(0), first);
  std::vector<std::byte> room(kPeerHeadroom + kPeerTailroom);
  script.server().on_peer(script.now(), first, endpoint("192.0.2.9:99"), room, {}, script.output());
  EXPECT_EQ(script.dropped(Drop::kRelayUnknown), 1u);
}

}  // namespace
}  // namespace noom::turn::test
