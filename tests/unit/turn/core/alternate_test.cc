#include "tests/unit/turn/core/script.h"

namespace noom::turn::test {
namespace {

TEST(Alternate, ADrainingServerSendsNewClientsToOneOfTheirFamily) {
  // RFC 8489 §10, §14.15: 300 with ALTERNATE-SERVER, signed, in the address family of the request's source.
  Script script;
  script.settings.alternates.servers = {endpoint("192.0.2.50:3478"), endpoint("[2001:db8:5::1]:3478")};
  Client alice = script.client("198.51.100.7:4000");
  alice.allocates();
  script.server().on_drain();
  script.client("198.51.100.7:4001").sends(allocate());
  EXPECT_THAT(script.says(),
              ElementsAre("198.51.100.7:4001 <- allocate error 300 alternate=192.0.2.50:3478 integrity"));
  script.client_v6("[2001:db8:7::1]:4000").sends(allocate());
  EXPECT_THAT(script.says(), ElementsAre("[2001:db8:7::1]:4000 <- allocate error 300 "
                                         "alternate=[2001:db8:5::1]:3478 integrity"));
  EXPECT_EQ(script.refused(Reason::kTryAlternate), 2u);
  EXPECT_EQ(script.shared->quota.total(), 1u);
  alice.sends(refresh());
  EXPECT_THAT(script.says(), ElementsAre("198.51.100.7:4000 <- refresh success lifetime=600 integrity"));
}

TEST(Alternate, TheDomainIsNamedForClientsThatCheckCertificates) {
  // RFC 8489 §10, §14.16: ALTERNATE-DOMAIN beside ALTERNATE-SERVER.
  Script script;
  script.settings.alternates = {
      .servers = {endpoint("192.0.2.50:5349")}, .domain = "turn2.example.org", .above_allocations = 0};
  script.server().on_drain();
  script.client("198.51.100.7:4000", Transport::kTls).sends(allocate());
  EXPECT_THAT(script.says(), ElementsAre("198.51.100.7:4000 <- allocate error 300 alternate=192.0.2.50:5349 "
                                         "domain=turn2.example.org integrity"));
}

TEST(Alternate, IsForWhoeverIsMoreThanTheLoadAllowed) {
  // RFC 8656 §7.2: a server may reject with 300 at its own discretion; here with more allocations than configured.
  Script script;
  script.settings.alternates = {.servers = {endpoint("192.0.2.50:3478")}, .domain = {}, .above_allocations = 2};
  script.client("198.51.100.7:4000").allocates();
  Client second = script.client("198.51.100.7:4001");
  second.allocates();
  script.client("198.51.100.7:4002").sends(allocate());
  EXPECT_THAT(script.says(),
              ElementsAre("198.51.100.7:4002 <- allocate error 300 alternate=192.0.2.50:3478 integrity"));
  second.sends(refresh().lifetime(0));
  script.forget();
  script.client("198.51.100.7:4002").allocates();
}

TEST(Alternate, IsNotForWhoeverHasReservedAPortHere) {
  // RFC 8656 §7.2: a RESERVATION-TOKEN is good on the server that gave it and nowhere else, also while that one drains.
  Script script;
  script.settings.alternates = {.servers = {endpoint("192.0.2.50:3478")}, .domain = {}, .above_allocations = 1};
  script.client("198.51.100.7:4000").sends(allocate().even_port(true));
  script.opened(0);
  const uint64_t token =
      wire::MessageView::parse(script.to_clients().back().bytes).value().u64(Attr::kReservationToken).value();
  script.forget();
  script.server().on_drain();
  script.client("198.51.100.7:4001").sends(allocate().token(token + 2));
  EXPECT_THAT(script.says(), ElementsAre("198.51.100.7:4001 <- allocate error 508 integrity"));
  script.client("198.51.100.7:4001").sends(allocate().token(token));
  EXPECT_THAT(script.says(), ElementsAre("open #1 on 203.0.113.1"));
}

TEST(Alternate, ComesAfterEveryOtherCheckOfTheRequest) {
  // RFC 8656 §7.2: 401, 400, 442 and 486 are found first; nobody who has proved nothing learns of other servers.
  Script script;
  script.settings.alternates.servers = {endpoint("192.0.2.50:3478")};
  script.settings.allocations_per_user_max = 1;
  script.client("198.51.100.7:4000").allocates();
  script.server().on_drain();
  Client alice = script.client("198.51.100.7:4001");
  alice.sends_unsigned(allocate());
  EXPECT_EQ(script.refused(Reason::kNoIntegrity), 1u);
  alice.sends(Ask(Method::kAllocate));
  EXPECT_EQ(script.refused(Reason::kMissingTransport), 1u);
  alice.sends(allocate());
  EXPECT_EQ(script.refused(Reason::kUserQuota), 1u);
}

TEST(Alternate, WithoutOneADrainingServerRefusesAndALoadedOneServes) {
  // RFC 8656 §7.2: 508.
  Script script;
  script.settings.alternates = {.servers = {endpoint("[2001:db8:5::1]:3478")}, .domain = {}, .above_allocations = 1};
  script.client("198.51.100.7:4000").allocates();
  script.client("198.51.100.7:4001").allocates();
  script.server().on_drain();
  script.client("198.51.100.7:4002").sends(allocate());
  EXPECT_THAT(script.says(), ElementsAre("198.51.100.7:4002 <- allocate error 508 integrity"));
  EXPECT_EQ(script.refused(Reason::kDraining), 1u);
}

TEST(Realm, BelongsToTheListener) {
  // RFC 8489 §9.2: keys are made for the realm that the challenge named.
  Script script;
  script.settings.listener_realms = {"", "two.test"};
  FiveTuple at_second = script.client("198.51.100.7:4000").tuple();
  at_second.listener = 1;
  Client alice(script, at_second, "alice", "wonderland");
  alice.sends_unsigned(allocate());
  EXPECT_THAT(script.says(), ElementsAre("198.51.100.7:4000 <- allocate error 401 realm=two.test nonce algorithms"));
  alice.sends(allocate());  // with the first listener's realm
  EXPECT_EQ(script.refused(Reason::kBadIntegrity), 1u);
  script.forget();
  Credentials credentials = alice.credentials();
  credentials.realm = "two.test";
  credentials.key = auth::long_term_key_md5("alice", "two.test", "wonderland").reveal();
  alice.sends(allocate(), credentials);
  EXPECT_THAT(script.says(), ElementsAre("open #0 on 203.0.113.1"));
}

}  // namespace
}  // namespace noom::turn::test
