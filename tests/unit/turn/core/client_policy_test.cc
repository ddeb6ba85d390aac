// Clients whose address the operator denies: silence, whatever they send.
#include "tests/unit/turn/core/script.h"

namespace noom::turn::test {
namespace {

std::shared_ptr<const auth::ClientPolicy> denying(std::string_view prefix) {
  return std::make_shared<const auth::ClientPolicy>(std::vector<auth::IpPrefix>{},
                                                    std::vector{auth::IpPrefix::parse(prefix).value()});
}

TEST(ClientPolicy, ADeniedClientGetsNoAnswerWhateverItSends) {
  // RFC 8489 §6.3 leaves it to the server whom it answers; nothing is better than a hint.
  Script script;
  script.settings.client_policy = denying("198.51.100.0/24");
  Client denied = script.client("198.51.100.7:4000");
  denied.sends_unsigned(binding());
  denied.sends(allocate());
  denied.sends(channel_data(0x4000, "x"));
  denied.sends(std::vector<std::byte>{});
  EXPECT_EQ(script.dropped(Drop::kClientDenied), 4u);
  EXPECT_THAT(script.tells(), testing::Each("ignored 198.51.100.7:4000 client_denied rule=deny 198.51.100.0/24"));
  EXPECT_THAT(script.says(), IsEmpty());
  script.client("203.0.113.9:4000").allocates();
}

TEST(ClientPolicy, ADeniedClientsStreamIsClosed) {
  Script script;
  script.settings.client_policy = denying("198.51.100.0/24");
  script.client("198.51.100.7:4000", Transport::kTcp).sends(allocate());
  EXPECT_THAT(script.says(), ElementsAre("close 198.51.100.7:4000"));
  EXPECT_EQ(script.server().denial(address("198.51.100.7")), "deny 198.51.100.0/24");
  EXPECT_EQ(script.server().denial(address("203.0.113.9")), "");
}

TEST(ClientPolicy, AllocationsOfClientsDeniedNowEndAtOnce) {
  Script script;
  script.client("198.51.100.7:4000").allocates();
  script.client("198.51.100.7:4001", Transport::kTcp).allocates();
  script.client("203.0.113.9:4000").allocates();
  Settings settings = script.settings;
  settings.client_policy = denying("198.51.100.7");
  script.tells();
  script.server().on_settings(script.now(), std::make_shared<const Settings>(settings), script.output());
  EXPECT_THAT(script.tells(), ElementsAre("ended alice client_denied after 0 s, up 0/0, down 0/0",
                                          "ended alice client_denied after 0 s, up 0/0, down 0/0"));
  EXPECT_THAT(script.says(), ElementsAre("close #0", "close #1", "close 198.51.100.7:4001"));
  EXPECT_EQ(script.shared->quota.total(), 1u);
}

TEST(ClientPolicy, ASourceThatProvesNothingTooOftenIsTold) {
  // RFC 8656 §21.1.5: errors to forged sources are limited.
  Script script;
  script.settings.challenges_per_source = {.per_second = 1, .burst = 1};
  Client alice = script.client("198.51.100.7:4000");
  alice.sends_unsigned(allocate());
  alice.sends_unsigned(allocate());
  EXPECT_EQ(script.dropped(Drop::kChallengeLimit), 1u);
  EXPECT_THAT(script.tells(),
              ElementsAre("ignored 198.51.100.7:4000 challenge_limit rule=limits.challenges_per_second"));
}

}  // namespace
}  // namespace noom::turn::test
