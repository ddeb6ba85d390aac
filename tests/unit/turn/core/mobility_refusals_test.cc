// Tickets that move nothing, RFC 8016.
#include "tests/unit/turn/core/mobility_fixture.h"

namespace noom::turn::test {
namespace {

using MobilityRefusals = MobilityFixture;

TEST_F(MobilityRefusals, WhoDoesNotAskGetsNoTicket) {
  // RFC 8016 §3.1.2: without the attribute an allocation cannot be moved, whatever ticket is made for it.
  old_.allocates();
  const auto forged = script_.shared->ticket_keys.seal({.instance = script_.shared->instance});
  new_.sends(refresh().ticket(as_text(forged)));
  EXPECT_THAT(script_.says(), ElementsAre("198.51.100.80:5000 <- refresh error 437 integrity"));
}

TEST_F(MobilityRefusals, WhereMobilityIsOffTheAllocateIs405) {
  // RFC 8016 §3.1.2: forbidden by local policy: 405 (Mobility Forbidden), and nothing is allocated.
  script_.settings.mobility = false;
  old_.sends(allocate().ticket());
  EXPECT_THAT(script_.says(), ElementsAre("198.51.100.7:4000 <- allocate error 405 integrity"));
  EXPECT_EQ(script_.refused(Reason::kMobilityForbidden), 1u);
  EXPECT_EQ(script_.shared->quota.total(), 0u);
  old_.sends(allocate());
  EXPECT_THAT(script_.says(), ElementsAre("open #0 on 203.0.113.1"));
}

TEST_F(MobilityRefusals, OnceMobilityIsOffTheRefreshIs405) {
  // RFC 8016 §3.2.2: the configuration changed to forbid mobility: 405, and the allocation stays where it was.
  const std::string ticket = allocate_mobile(old_);
  auto changed = std::make_shared<Settings>(script_.settings);
  changed->mobility = false;
  script_.server().on_settings(script_.now(), changed, script_.output());
  new_.sends(refresh().ticket(ticket));
  EXPECT_THAT(script_.says(), ElementsAre("198.51.100.80:5000 <- refresh error 405 integrity"));
  EXPECT_THAT(when_peer_sends("still here"), ElementsAre("198.51.100.7:4000 <- channel 0x4000 'still here'"));
}

TEST_F(MobilityRefusals, ATicketThatIsNotEmptyInAllocateIs400) {
  // RFC 8016 §3.1.2: MOBILITY-TICKET with a length other than zero in Allocate is 400.
  old_.sends(allocate().ticket("x"));
  EXPECT_THAT(script_.says(), ElementsAre("198.51.100.7:4000 <- allocate error 400 integrity"));
  EXPECT_EQ(script_.shared->quota.total(), 0u);
}

TEST_F(MobilityRefusals, ATicketThatWasUsedIs400) {
  // RFC 8016 §3.2.2: the old ticket can only be used for retransmissions; another request with it is 400.
  const std::string ticket = allocate_mobile(old_);
  move(new_, ticket);
  new_.sends(refresh().id(9).ticket(ticket));
  script_.client("198.51.100.81:6000").sends(refresh().ticket(ticket));
  EXPECT_THAT(script_.says(), ElementsAre("198.51.100.80:5000 <- refresh error 400 integrity",
                                          "198.51.100.81:6000 <- refresh error 400 integrity"));
  EXPECT_EQ(script_.refused(Reason::kTicketUsed), 2u);
}

TEST_F(MobilityRefusals, WhoHasNotMovedMayNotBringATicket) {
  // RFC 8016 §3.2.2: the source is that of the stored five-tuple, or of the one it moved to: 400.
  std::string ticket = allocate_mobile(old_);
  old_.sends(refresh().ticket(ticket));
  EXPECT_THAT(script_.says(), ElementsAre("198.51.100.7:4000 <- refresh error 400 integrity"));
  ticket = move(new_, ticket);
  new_.sends(refresh().id(9).ticket(ticket));
  EXPECT_THAT(script_.says(), ElementsAre("198.51.100.80:5000 <- refresh error 400 integrity"));
  EXPECT_EQ(script_.refused(Reason::kNotMoved), 2u);
}

TEST_F(MobilityRefusals, AnotherUserIs441) {
  // RFC 8016 §3.2.2: the user is not the one who made the allocation: 441, and it stays where it was.
  const std::string ticket = allocate_mobile(old_);
  script_.client("198.51.100.80:5000", Transport::kUdp, "bob", "builder").sends(refresh().ticket(ticket));
  EXPECT_THAT(script_.says(), ElementsAre("198.51.100.80:5000 <- refresh error 441 integrity"));
  EXPECT_FALSE(script_.server().has_allocation(new_.tuple()));
}

TEST_F(MobilityRefusals, AnotherRealmIsAnotherUser) {
  // RFC 8016 §3.2.2: users are a realm's (RFC 8489 §9.2): on the listener of another realm it is another user, 441.
  script_.settings.listener_realms = {"", "elsewhere.test"};
  script_.users.add_realm("elsewhere.test");
  const std::string ticket = allocate_mobile(old_);
  FiveTuple tuple = new_.tuple();
  tuple.listener = 1;
  Client there(script_, tuple, "alice", "wonderland");
  Credentials credentials = there.credentials();
  credentials.realm = "elsewhere.test";
  credentials.key = auth::long_term_key_md5("alice", "elsewhere.test", "wonderland").reveal();
  there.sends(refresh().ticket(ticket), credentials);
  EXPECT_EQ(script_.refused(Reason::kOtherUser), 1u);
}

TEST_F(MobilityRefusals, ATicketProvesNothing) {
  // RFC 8016 §3.2.2, §5: the ticket's bearer is authenticated like everybody; until then nothing changes.
  const std::string ticket = allocate_mobile(old_);
  new_.sends_unsigned(refresh().ticket(ticket));
  script_.client("198.51.100.80:5000", Transport::kUdp, "alice", "guess").sends(refresh().ticket(ticket));
  EXPECT_EQ(script_.refused(Reason::kNoIntegrity), 1u);
  EXPECT_EQ(script_.refused(Reason::kBadIntegrity), 1u);
  EXPECT_FALSE(script_.server().has_allocation(new_.tuple()));
  script_.forget();
  EXPECT_THAT(when_peer_sends("one"), ElementsAre("198.51.100.7:4000 <- channel 0x4000 'one'"));
}

TEST_F(MobilityRefusals, ATicketOfAnAllocationThatEndedIs437) {
  // RFC 8016 §3.2.2: what the ticket names is no existing allocation: 437, also when another has taken its place.
  const std::string ticket = allocate_mobile(old_);
  old_.sends(refresh().lifetime(0));
  script_.forget();
  new_.sends(refresh().ticket(ticket));
  EXPECT_THAT(script_.says(), ElementsAre("198.51.100.80:5000 <- refresh error 437 integrity"));
  allocate_mobile(old_);
  new_.sends(refresh().ticket(ticket));
  EXPECT_THAT(script_.says(), ElementsAre("198.51.100.80:5000 <- refresh error 437 integrity"));
  EXPECT_EQ(script_.refused(Reason::kTicketOfNoAllocation), 2u);
}

TEST_F(MobilityRefusals, ATicketOfAnotherServerOfTheFleetIs437) {
  // RFC 8016 §3.2.2: a key shared by servers opens the ticket of another one, whose allocation is not here: 437.
  const Secret key("one key for the whole fleet of servers");
  script_.settings.ticket_keys = std::make_shared<const auth::TicketKeys>(key);
  const std::string ticket = allocate_mobile(old_);
  Script other;
  other.settings.ticket_keys = script_.settings.ticket_keys;
  other.shared = std::make_shared<Shared>(Secret("another server's key"), seconds(3600));
  other.client("198.51.100.7:4000").allocates(allocate().ticket());  // the same handle there
  other.client("198.51.100.80:5000").sends(refresh().ticket(ticket));
  EXPECT_THAT(other.says(), ElementsAre("198.51.100.80:5000 <- refresh error 437 integrity"));
}

TEST_F(MobilityRefusals, ATicketThatNobodyGaveIs400) {
  // RFC 8016 §3.2.2: a ticket that is not valid is 400: altered, empty, of another length, under another key.
  std::string ticket = allocate_mobile(old_);
  ticket[20] = static_cast<char>(ticket[20] ^ 1);
  new_.sends(refresh().ticket(ticket));
  new_.sends(refresh().ticket(""));
  new_.sends(refresh().ticket("short"));
  const auth::TicketKeys other(Secret("keys of somebody else"));
  new_.sends(refresh().ticket(as_text(other.seal({.instance = script_.shared->instance}))));
  EXPECT_THAT(script_.says(),
              testing::AllOf(testing::SizeIs(4), testing::Each("198.51.100.80:5000 <- refresh error 400 integrity")));
  EXPECT_EQ(script_.refused(Reason::kBadTicket), 4u);
}

TEST_F(MobilityRefusals, AFiveTupleWithItsOwnAllocationTakesNoOther) {
  // RFC 8656 §2: a five-tuple has one allocation at a time: a ticket brought there is 437.
  const std::string ticket = allocate_mobile(old_);
  new_.allocates();
  new_.sends(refresh().ticket(ticket));
  EXPECT_THAT(script_.says(), ElementsAre("198.51.100.80:5000 <- refresh error 437 integrity"));
  EXPECT_EQ(script_.refused(Reason::kAllocationExists), 1u);
}

}  // namespace
}  // namespace noom::turn::test
