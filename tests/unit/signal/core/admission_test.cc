// Who may come in: open, by secret, by token, by ticket, and several of these at once.
#include "signal/core/admission.h"

#include <gtest/gtest.h>

#include "common/auth/base64url.h"
#include "common/wire/digest.h"
#include "signal/core/join_ticket.h"

namespace noom::signal {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr std::string_view kKey = "0123456789abcdef0123456789abcdef";
constexpr Wall kNow{seconds(1'700'000'000)};

std::string jwt() {
  const auto b64 = [](std::string_view text) { return auth::encode_base64url(as_bytes(text)); };
  const std::string input =
      b64(R"({"alg":"HS256"})") + "." + b64(R"({"exp":1700000060,"room":"standup","role":"host"})");
  return input + "." + auth::encode_base64url(wire::hmac_sha256(as_bytes(kKey), {as_bytes(input)}));
}

class AdmissionTest : public testing::Test {
 protected:
  static Admission::Rules closed() {
    Admission::Rules rules;
    rules.open = false;
    return rules;
  }
  static Admission::Rules with_secret() {
    Admission::Rules rules = closed();
    rules.secret = Secret("let me in");
    return rules;
  }
  static Admission::Rules with_jwt() {
    Admission::Rules rules = closed();
    rules.takes_jwt = true;
    rules.jwt_keys.push_back({"", *auth::JwsKey::hmac(Secret(kKey))});
    return rules;
  }
  static Admission::Rules with_tickets() {
    Admission::Rules rules = closed();
    rules.takes_tickets = true;
    rules.ticket_key = Secret(kKey);
    return rules;
  }
  std::string ticket(Duration lifetime = minutes(10), std::string room = "standup") {
    return mint_join_ticket(join_ticket_seal(Secret(kKey)), kNow, random_,
                            {.room = std::move(room), .role = Role::kViewer, .identity = "u1", .lifetime = lifetime});
  }
  static std::optional<TokenFault> fault(const std::variant<Grant, TokenRefusal>& verdict) {
    const auto* refusal = std::get_if<TokenRefusal>(&verdict);
    return refusal == nullptr ? std::nullopt : std::optional(refusal->fault);
  }

  SeededRandom random_{7};
};

TEST_F(AdmissionTest, AnOpenServerNeedsNoTokenAndTakesNoneThatIsWrong) {
  const Admission open{Admission::Rules()};
  EXPECT_FALSE(fault(open.judge(kNow, "standup", std::nullopt)));
  EXPECT_EQ(fault(open.judge(kNow, "standup", "")), TokenFault::kInvalid);
  EXPECT_EQ(fault(open.judge(kNow, "standup", jwt())), TokenFault::kInvalid);
}

TEST_F(AdmissionTest, AClosedServerAsksForAToken) {
  const Admission none(closed());
  EXPECT_EQ(fault(none.judge(kNow, "standup", std::nullopt)), TokenFault::kRequired);
  EXPECT_EQ(fault(none.judge(kNow, "standup", "x")), TokenFault::kInvalid);
}

TEST_F(AdmissionTest, ASecretIsComparedWhole) {
  const Admission secret(with_secret());
  EXPECT_FALSE(fault(secret.judge(kNow, "any", "let me in")));
  for (const std::string_view wrong : {"", "let me i", "let me in ", "Let me in"})
    EXPECT_EQ(fault(secret.judge(kNow, "any", wrong)), TokenFault::kInvalid) << wrong;
}

TEST_F(AdmissionTest, AnEmptySecretLetsNobodyIn) {
  EXPECT_EQ(fault(Admission(closed()).judge(kNow, "any", "")), TokenFault::kInvalid);
}

TEST_F(AdmissionTest, SeveralWaysInWorkBesideEachOther) {
  Admission::Rules rules = with_jwt();
  rules.secret = Secret("a.b.c");
  rules.takes_tickets = true;
  rules.ticket_key = Secret(kKey);
  const Admission all(std::move(rules));
  EXPECT_FALSE(fault(all.judge(kNow, "standup", "a.b.c")));
  EXPECT_EQ(std::get<Grant>(all.judge(kNow, "standup", jwt())).role, Role::kHost);
  EXPECT_EQ(std::get<Grant>(all.judge(kNow, "standup", ticket())).role, Role::kViewer);
  EXPECT_EQ(fault(all.judge(kNow, "standup", std::nullopt)), TokenFault::kRequired);
}

TEST_F(AdmissionTest, WhatIsNotConfiguredIsNotTaken) {
  EXPECT_EQ(fault(Admission(with_secret()).judge(kNow, "standup", jwt())), TokenFault::kInvalid);
  EXPECT_EQ(fault(Admission(with_jwt()).judge(kNow, "standup", ticket())), TokenFault::kInvalid);
  EXPECT_EQ(fault(Admission(with_tickets()).judge(kNow, "standup", jwt())), TokenFault::kInvalid);
}

TEST_F(AdmissionTest, ATicketSaysWhoWhereAsWhatAndIsNamedByItself) {
  const Admission tickets(with_tickets());
  const Grant grant = std::get<Grant>(tickets.judge(kNow, "standup", ticket()));
  EXPECT_EQ(grant.identity, "u1");
  EXPECT_EQ(grant.role, Role::kViewer);
  ASSERT_TRUE(grant.once);
  EXPECT_EQ(grant.once->expires, kNow + minutes(10));
  EXPECT_EQ(grant.once->id.size(), kTicketIdBytes);
  EXPECT_NE(std::get<Grant>(tickets.judge(kNow, "standup", ticket())).once->id, grant.once->id);
}

TEST_F(AdmissionTest, ATicketIsForItsRoomAndTimeOnly) {
  const Admission tickets(with_tickets());
  const std::string text = ticket();
  EXPECT_LE(ticket(minutes(10), std::string(64, 'r')).size(), kJoinTicketCharactersMax);
  EXPECT_EQ(fault(tickets.judge(kNow, "standdown", text)), TokenFault::kWrongRoom);
  EXPECT_FALSE(fault(tickets.judge(kNow + minutes(10) - seconds(1), "standup", text)));
  EXPECT_EQ(fault(tickets.judge(kNow + minutes(10), "standup", text)), TokenFault::kExpired);
  EXPECT_EQ(fault(tickets.judge(kNow, "standup", ticket(minutes(0)))), TokenFault::kExpired);
  const std::string longest = ticket(hours(1000));
  EXPECT_EQ(std::get<Grant>(tickets.judge(kNow, "standup", longest)).once->expires, kNow + kJoinTicketLifetimeMax);
}

TEST_F(AdmissionTest, AChangedTicketIsNone) {
  const Admission tickets(with_tickets());
  const std::string good = ticket();
  for (size_t i = 0; i < good.size(); ++i) {
    std::string changed = good;
    changed[i] = changed[i] == 'A' ? 'B' : 'A';
    EXPECT_EQ(fault(tickets.judge(kNow, "standup", changed)), TokenFault::kInvalid) << i;
    EXPECT_EQ(fault(tickets.judge(kNow, "standup", good.substr(0, i))), TokenFault::kInvalid) << i;
  }
  Admission::Rules other = with_tickets();
  other.ticket_key = Secret("another key of thirty-two bytes!");
  EXPECT_EQ(fault(Admission(std::move(other)).judge(kNow, "standup", good)), TokenFault::kInvalid);
}

TEST(SpentTicketsTest, ATicketIsGoodOnce) {
  SpentTickets spent(10);
  const TicketUse use{kNow + minutes(1), "a"};
  EXPECT_EQ(spent.look_up(kNow, use), SpentTickets::Verdict::kFresh);
  EXPECT_EQ(spent.look_up(kNow, use), SpentTickets::Verdict::kFresh);
  spent.spend(use);
  EXPECT_EQ(spent.look_up(kNow, use), SpentTickets::Verdict::kUsed);
  EXPECT_EQ(spent.look_up(kNow, {kNow + minutes(1), "b"}), SpentTickets::Verdict::kFresh);
}

TEST(SpentTicketsTest, WhatHasExpiredIsForgottenAndNothingElse) {
  SpentTickets spent(2);
  spent.spend({kNow + minutes(1), "a"});
  spent.spend({kNow + minutes(2), "b"});
  const TicketUse next{kNow + minutes(9), "c"};
  EXPECT_EQ(spent.look_up(kNow, next), SpentTickets::Verdict::kFull);
  EXPECT_EQ(spent.look_up(kNow + minutes(1), next), SpentTickets::Verdict::kFull);
  EXPECT_EQ(spent.look_up(kNow + minutes(1) + seconds(1), next), SpentTickets::Verdict::kFresh);
  EXPECT_EQ(spent.size(), 1u);
  EXPECT_EQ(spent.look_up(kNow + minutes(1) + seconds(1), {kNow + minutes(2), "b"}), SpentTickets::Verdict::kUsed);
}

}  // namespace
}  // namespace noom::signal
