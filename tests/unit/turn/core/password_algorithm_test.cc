// RFC 8489 §9.2 beyond what RFC 5389 had: algorithms, bidding down, hidden names.
#include "tests/unit/turn/core/script.h"

namespace noom::turn::test {
namespace {

constexpr auto kMd5 = wire::PasswordAlgorithm::kMd5;
constexpr auto kSha256 = wire::PasswordAlgorithm::kSha256;
constexpr std::string_view kIs400 = "198.51.100.7:4000 <- allocate error 400";

std::string attribute_of(Script& script, Attr type) {
  const auto message = wire::MessageView::parse(script.to_clients().front().bytes).value();
  const auto attribute = message.find(type);
  return attribute ? std::string(as_text(attribute->value)) : "";
}

TEST(PasswordAlgorithms, AreOfferedStrongestFirstBesideANonceWithTheirBit) {
  // RFC 8489 §9.2.4: a 401 lists the algorithms and sets the feature bit; the first bit is the most significant (RFC
  // 8656 §20).
  Script script;
  script.users.add_rest_secret(Secret("shared with the signaling server"));
  script.client("198.51.100.7:4000").sends_unsigned(allocate());
  EXPECT_EQ(attribute_of(script, Attr::kPasswordAlgorithms), std::string("\0\2\0\0\0\1\0\0", 8));
  EXPECT_THAT(attribute_of(script, Attr::kNonce), StartsWith("obMatJos2gAAA"));
  EXPECT_THAT(script.says(), ElementsAre("198.51.100.7:4000 <- allocate error 401 realm=noom.test nonce algorithms"));
}

TEST(PasswordAlgorithms, AreNotOfferedWhenSwitchedOff) {
  // RFC 8489 §9.2.4: a server may, it need not; then no bit is set and no list sent.
  Script script;
  script.settings.offer_password_algorithms = false;
  script.client("198.51.100.7:4000").sends_unsigned(allocate());
  EXPECT_THAT(attribute_of(script, Attr::kNonce), StartsWith("obMatJos2AAAA"));
  EXPECT_THAT(script.says(), ElementsAre("198.51.100.7:4000 <- allocate error 401 realm=noom.test nonce"));
}

class Chosen : public testing::TestWithParam<wire::PasswordAlgorithm> {};
TEST_P(Chosen, MakesTheKeyAndTheAnswerIsSignedWithSha256) {
  // RFC 8489 §9.2.4: the response carries MESSAGE-INTEGRITY-SHA256 unless the request knew of no algorithms.
  Script script;
  Client alice = script.client("198.51.100.7:4000");
  alice.sends(allocate(), alice.credentials(GetParam()));
  EXPECT_THAT(script.says(), ElementsAre("open #0 on 203.0.113.1"));
  script.opened(0);
  EXPECT_THAT(script.says(), ElementsAre(testing::EndsWith(" integrity-sha256")));
  alice.sends(refresh(), alice.credentials(GetParam()));
  EXPECT_THAT(script.says(), ElementsAre("198.51.100.7:4000 <- refresh success lifetime=600 integrity-sha256"));
}
INSTANTIATE_TEST_SUITE_P(Each, Chosen, testing::Values(kMd5, kSha256));

TEST(PasswordAlgorithms, MayChangeBetweenTheRequestsOfOneAllocation) {
  // RFC 8489 §9.2.4: each request says which key it was signed with.
  Script script;
  Client alice = script.client("198.51.100.7:4000");
  alice.allocates();
  alice.sends(refresh(), alice.credentials(kSha256));
  EXPECT_THAT(script.says(), ElementsAre("198.51.100.7:4000 <- refresh success lifetime=600 integrity-sha256"));
  alice.sends(refresh());
  EXPECT_THAT(script.says(), ElementsAre("198.51.100.7:4000 <- refresh success lifetime=600 integrity"));
}

TEST(PasswordAlgorithms, BothMissingIsMd5) {
  // RFC 8489 §9.2.4: neither attribute, though the nonce has the bit: the client is older than both.
  Script script;
  Client old = script.client("198.51.100.7:4000");
  ASSERT_THAT(old.credentials().nonce, StartsWith("obMatJos2gAAA"));
  old.sends(allocate());
  EXPECT_THAT(script.says(), ElementsAre("open #0 on 203.0.113.1"));
}

struct Wrong {
  std::string name;
  std::function<void(Credentials&)> change;
};
class BidDown : public testing::TestWithParam<Wrong> {};
TEST_P(BidDown, Is400WithoutRealmAndNonceAndComesBeforeTheName) {
  // RFC 8489 §9.2.4: with the bit set, both attributes, the list as sent and a choice from it; otherwise 400.
  for (const std::string_view user : {"alice", "nobody"}) {
    Script script;
    Client alice = script.client("198.51.100.7:4000", Transport::kUdp, std::string(user));
    Credentials credentials = alice.credentials(kSha256);
    GetParam().change(credentials);
    alice.sends(allocate(), credentials);
    EXPECT_THAT(script.says(), ElementsAre(kIs400));
    EXPECT_EQ(script.refused(Reason::kPasswordAlgorithms), 1u);
  }
}
INSTANTIATE_TEST_SUITE_P(
    Each, BidDown,
    testing::Values(Wrong{"NoList", [](Credentials& c) { c.algorithms.clear(); }},
                    Wrong{"NoChoice", [](Credentials& c) { c.algorithm.clear(); }},
                    Wrong{"ShorterList", [](Credentials& c) { c.algorithms.resize(4); }},
                    Wrong{"OtherOrder", [](Credentials& c) { c.algorithms = std::string("\0\1\0\0\0\2\0\0", 8); }},
                    Wrong{"LongerList", [](Credentials& c) { c.algorithms += std::string("\0\3\0\0", 4); }},
                    Wrong{"ChoiceUnknown", [](Credentials& c) { c.algorithm = std::string("\0\3\0\0", 4); }},
                    Wrong{"ChoiceWithParameters", [](Credentials& c) { c.algorithm = std::string("\0\2\0\4abcd", 8); }},
                    Wrong{"ChoiceMalformed", [](Credentials& c) { c.algorithm = std::string("\0\2", 2); }}),
    [](const auto& param) { return param.param.name; });

TEST(PasswordAlgorithms, AChoiceOutsideTheOfferIs400) {
  // RFC 8489 §9.2.4: the choice matches one of the entries.
  Script script;
  Client alice = script.client("198.51.100.7:4000");
  alice.sends(allocate(), alice.credentials(kSha256, {.md5 = true}));
  EXPECT_THAT(script.says(), ElementsAre(kIs400));
}

TEST(PasswordAlgorithms, ANonceWhoseBitWasRemovedOnTheWayIs438) {
  // RFC 8489 §9.2.4: whoever strips the offer and the bit gets the client to use MD5, but not a nonce that is accepted.
  Script script;
  Client alice = script.client("198.51.100.7:4000");
  Credentials credentials = alice.credentials();
  credentials.nonce.replace(0, 14, "obMatJos2AAAA0");
  alice.sends(allocate(), credentials);
  EXPECT_THAT(script.says(),
              ElementsAre("198.51.100.7:4000 <- allocate error 438 realm=noom.test nonce algorithms integrity"));
}

TEST(PasswordAlgorithms, AreJudgedByWhatWasOfferedWithThatNonce) {
  // RFC 8489 §9.2.4: "the value sent in the response that sent this NONCE", not the one that would be sent now.
  Script script;
  script.settings.offer_password_algorithms = false;
  Client alice = script.client("198.51.100.7:4000");
  alice.sends(allocate(), alice.credentials(kSha256));
  EXPECT_THAT(script.says(), ElementsAre("open #0 on 203.0.113.1"));
}

TEST(PasswordAlgorithms, TheWrongKeyForTheChoiceIs401) {
  // RFC 8489 §9.2.4: the key is made with the algorithm that the request names.
  Script script;
  Client alice = script.client("198.51.100.7:4000");
  Credentials credentials = alice.credentials(kSha256);
  credentials.key = alice.credentials(kMd5).key;
  alice.sends(allocate(), credentials);
  EXPECT_EQ(script.refused(Reason::kBadIntegrity), 1u);
}

TEST(Userhash, StandsForAStaticUsersName) {
  // RFC 8489 §9.2.4, §14.4: the allocation belongs to the user whose hash it is.
  Script script;
  Client alice = script.client("198.51.100.7:4000");
  alice.sends_unsigned(allocate());
  EXPECT_THAT(attribute_of(script, Attr::kNonce), StartsWith("obMatJos2wAAA"));
  script.forget();
  Credentials credentials = alice.credentials(kSha256);
  credentials.username.clear();
  credentials.userhash = as_text(auth::userhash("alice", "noom.test"));
  alice.sends(allocate(), credentials);
  script.opened(0);
  EXPECT_THAT(script.tells(), ElementsAre("created alice 198.51.100.7:4000 203.0.113.1:#0"));
  script.forget();
  alice.sends(refresh());
  EXPECT_THAT(script.says(), ElementsAre("198.51.100.7:4000 <- refresh success lifetime=600 integrity"));
}

TEST(Userhash, OfNobodyIs401) {
  // RFC 8489 §9.2.4: USERHASH not valid; the answer carries neither name nor hash.
  Script script;
  Client alice = script.client("198.51.100.7:4000");
  for (const std::string& hash : {std::string(32, 'x'), std::string("short")}) {
    Credentials credentials = alice.credentials(kSha256);
    credentials.username.clear();
    credentials.userhash = hash;
    alice.sends(allocate(), credentials);
    EXPECT_THAT(script.says(), ElementsAre("198.51.100.7:4000 <- allocate error 401 realm=noom.test nonce algorithms"));
  }
  EXPECT_EQ(script.refused(Reason::kUnknownUser), 2u);
}

TEST(Userhash, IsNotAskedForWhereTimeLimitedNamesAreServed) {
  // RFC 8489 §14.4: a hash cannot be inverted to a name that the server never saw.
  Script script;
  script.users.add_rest_secret(Secret("shared with the signaling server"));
  script.client("198.51.100.7:4000").sends_unsigned(allocate());
  EXPECT_THAT(attribute_of(script, Attr::kNonce), StartsWith("obMatJos2gAAA"));
}

TEST(Names, AreComparedAsOpaqueStringHasThem) {
  // RFC 8489 §14.3: USERNAME is processed by OpaqueString, here of who did not: no-break space, decomposed A with ring.
  Script script;
  script.users.add_user("jos\u00e9 \u00c5", Secret("wonderland"));
  Client client = script.client("198.51.100.7:4000", Transport::kUdp, "jos\u00e9 \u00c5");
  Credentials credentials = client.credentials();
  credentials.username = "jose\u0301\u00a0A\u030a";
  client.sends(allocate(), credentials);
  EXPECT_THAT(script.says(), ElementsAre("open #0 on 203.0.113.1"));
  script.opened(0);
  script.forget();
  client.sends(refresh(), credentials);
  client.sends(refresh());
  EXPECT_THAT(script.says(), testing::AllOf(testing::SizeIs(2), testing::Each("198.51.100.7:4000 <- refresh success "
                                                                              "lifetime=600 integrity")));
}

TEST(Names, ThatTheProfileRefusesAreNobodys) {
  // RFC 8489 §9.2.4: a USERNAME that is not valid is 401: controls, and bytes that are not UTF-8.
  Script script;
  Client client = script.client("198.51.100.7:4000");
  for (const char* name : {"alice\n", "al\xff",
                           "\u200b"
                           "alice"}) {
    Credentials credentials = client.credentials();
    credentials.username = name;
    client.sends(allocate(), credentials);
  }
  EXPECT_EQ(script.refused(Reason::kUnknownUser), 3u);
}

TEST(Names, OfTimeLimitedCredentialsStayAsTheyWereSigned) {
  // draft-uberti-behave-turn-rest-00 §2.2: the password is an HMAC of the name, byte for byte.
  Script script;
  const Secret secret("shared with the signaling server");
  script.users.add_rest_secret(secret.clone());
  const auto minted = auth::mint_rest_credentials(secret, "jose\u0301", script.now().wall + seconds(100));
  script.client("198.51.100.7:4000", Transport::kUdp, minted.username, minted.password).allocates();
}

}  // namespace
}  // namespace noom::turn::test
