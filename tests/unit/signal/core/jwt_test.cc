// RFC 7515, RFC 7519, RFC 8725: what a token must be to grant anything.
#include "signal/core/jwt.h"

#include <gtest/gtest.h>

#include "common/auth/base64url.h"
#include "common/wire/digest.h"
#include "tests/vectors/jose.h"

namespace noom::signal {
namespace {

using std::chrono::seconds;

constexpr std::string_view kSecret = "0123456789abcdef0123456789abcdef";
constexpr Wall kNow{seconds(1'700'000'000)};

std::string b64(std::string_view text) {
  return auth::encode_base64url(as_bytes(text));
}
std::string sign(std::string_view header, std::string_view claims, std::string_view secret = kSecret) {
  const std::string input = b64(header) + "." + b64(claims);
  const auto mac = wire::hmac_sha256(as_bytes(secret), {as_bytes(input)});
  return input + "." + auth::encode_base64url(mac);
}
// Valid but for what is added or put in its place.
std::string token(std::string_view more, std::string_view exp = "1700000060", std::string_view room = "\"standup\"") {
  std::string claims = "{\"exp\":" + std::string(exp) + ",\"room\":" + std::string(room);
  if (!more.empty()) claims += "," + std::string(more);
  return sign(R"({"alg":"HS256","typ":"JWT"})", claims + "}");
}

class JwtTest : public testing::Test {
 protected:
  JwtTest() { add("k1", kSecret); }
  void add(std::string id, std::string_view secret) {
    keys_.push_back({std::move(id), *auth::JwsKey::hmac(Secret(secret))});
  }
  void add_example(const vectors::JoseExample& example) {
    auto set = parse_jwks("{\"keys\":[" + std::string(example.jwk) + "]}");
    ASSERT_TRUE(set.ok()) << set.status();
    keys_.push_back(std::move(set->at(0)));
  }
  std::variant<Grant, TokenRefusal> judge(std::string_view text, std::string_view room = "standup") const {
    return verify_jwt(keys_, rules_, kNow, room, text);
  }
  Grant granted(std::string_view text, std::string_view room = "standup") const {
    const auto verdict = judge(text, room);
    if (const auto* refusal = std::get_if<TokenRefusal>(&verdict)) {
      ADD_FAILURE() << refusal->why;
      return {};
    }
    return std::get<Grant>(verdict);
  }
  // "" when it was granted.
  std::string why(std::string_view text, std::string_view room = "standup") const {
    const auto verdict = judge(text, room);
    const auto* refusal = std::get_if<TokenRefusal>(&verdict);
    return refusal == nullptr ? "" : std::string(refusal->why);
  }
  TokenFault fault(std::string_view text, std::string_view room = "standup") const {
    return std::get<TokenRefusal>(judge(text, room)).fault;
  }

  std::vector<JwtKey> keys_;
  JwtRules rules_{.issuer = "", .audience = "", .leeway = seconds(10)};
};

constexpr std::string_view kUnsigned = "The token is not signed with a key of this server.";

TEST_F(JwtTest, GrantsWhatItsClaimsSay) {
  const Grant grant =
      granted(token(R"("sub":"user-7","role":"moderator","name":"Ann","metadata":{"a": [1]},"else":null)"));
  EXPECT_EQ(grant.identity, "user-7");
  EXPECT_EQ(grant.role, Role::kModerator);
  EXPECT_EQ(grant.name, "Ann");
  EXPECT_EQ(grant.metadata_json, R"({"a": [1]})");
  EXPECT_FALSE(grant.once);
  const Grant least = granted(token(""));
  EXPECT_EQ(least.identity, "");
  EXPECT_FALSE(least.role || least.name || least.metadata_json);
}

// The examples of the RFCs: their signatures hold, and only then are their claims read.
TEST_F(JwtTest, VerifiesTheRfcsExamplesOfEveryAlgorithm) {
  for (const auto* example :
       {&vectors::kHs256Example, &vectors::kRs256Example, &vectors::kEs256Example, &vectors::kEd25519Example}) {
    const std::string text =
        std::string(example->header) + "." + std::string(example->payload) + "." + std::string(example->signature);
    EXPECT_EQ(why(text), kUnsigned);
    add_example(*example);
    EXPECT_EQ(why(text), example == &vectors::kEd25519Example
                             ? "The token's claims are not a JSON object whose members are all different."
                             : "The token has expired.");
  }
}

TEST_F(JwtTest, AChangedCharacterAnywhereIsRefused) {
  const std::string good = token(R"("role":"member")");
  for (size_t i = 0; i < good.size(); ++i) {
    std::string changed = good;
    changed[i] = changed[i] == 'A' ? 'B' : 'A';
    EXPECT_NE(why(changed), "") << i;
    EXPECT_NE(why(good.substr(0, i)), "") << i;
  }
}

// RFC 8725 §2.1.
TEST_F(JwtTest, AlgNoneAndUnknownAlgorithmsAreRefused) {
  const std::string claims = R"({"exp":1700000060,"room":"standup"})";
  for (const std::string_view alg : {"none", "None", "nonE", "HS512", "PS256", ""})
    EXPECT_EQ(why(sign(R"({"alg":")" + std::string(alg) + "\"}", claims)),
              "The token's \"alg\" is none of HS256, RS256, ES256 and EdDSA.");
  EXPECT_NE(why(b64(R"({"alg":"none"})") + "." + b64(claims) + "."), "");
  EXPECT_NE(why(b64(R"({"alg":"HS256"})") + "." + b64(claims) + "."), "");
  EXPECT_NE(why(sign(R"({"typ":"JWT"})", claims)), "");
  EXPECT_NE(why(sign(R"({"alg":1})", claims)), "");
}

// RFC 8725 §2.1: a public key is no HMAC secret, whatever the header says.
TEST_F(JwtTest, AMacMadeWithAPublicKeyIsRefused) {
  keys_.clear();
  add_example(vectors::kRs256Example);
  const std::string claims = R"({"exp":1700000060,"room":"standup"})";
  EXPECT_EQ(why(sign(R"({"alg":"HS256"})", claims, vectors::kRs256Example.jwk)), kUnsigned);
  EXPECT_EQ(why(sign(R"({"alg":"RS256"})", claims, vectors::kRs256Example.jwk)), kUnsigned);
}

TEST_F(JwtTest, AKidChoosesAmongKeysAndIsNothingElse) {
  const std::string claims = R"({"exp":1700000060,"room":"standup"})";
  const auto named = [&](std::string_view kid, std::string_view secret) {
    return sign(R"({"alg":"HS256","kid":)" + std::string(kid) + "}", claims, secret);
  };
  constexpr std::string_view kOther = "another secret of thirty-two byte";
  add("k2", kOther);
  EXPECT_EQ(why(named("\"k1\"", kSecret)), "");
  EXPECT_EQ(why(named("\"k2\"", kOther)), "");
  EXPECT_EQ(why(named("\"k2\"", kSecret)), kUnsigned);
  EXPECT_EQ(why(named("\"../../dev/null\"", kSecret)), kUnsigned);
  EXPECT_EQ(why(named("\"\"", kSecret)), kUnsigned);
  EXPECT_EQ(why(named("7", kSecret)), "The token's \"kid\" is not a string.");
  EXPECT_EQ(why(sign(R"({"alg":"HS256"})", claims, kOther)), "");
  keys_[0].id.clear();
  EXPECT_EQ(why(named("\"unheard of\"", kSecret)), "");
}

TEST_F(JwtTest, HeadersThatLeadToKeysElsewhereAreNotFollowed) {
  const std::string header = R"({"alg":"HS256","jku":"https://evil.example/jwks","jwk":)" +
                             std::string(vectors::kHs256Example.jwk) + R"(,"x5u":"https://evil.example","x5c":[]})";
  const std::string claims = R"({"exp":1700000060,"room":"standup"})";
  const std::string theirs =
      auth::decode_base64url("AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow")
          .value();
  EXPECT_EQ(why(sign(header, claims, theirs)), kUnsigned);
  EXPECT_EQ(why(sign(header, claims)), "");
}

// RFC 7515 §4.1.11, §4.1.9.
TEST_F(JwtTest, ExtensionsAndOtherTypesAreRefused) {
  const std::string claims = R"({"exp":1700000060,"room":"standup"})";
  EXPECT_NE(why(sign(R"({"alg":"HS256","crit":["b64"],"b64":false})", claims)), "");
  EXPECT_NE(why(sign(R"({"alg":"HS256","crit":[]})", claims)), "");
  EXPECT_NE(why(sign(R"({"alg":"HS256","typ":"at+jwt"})", claims)), "");
  EXPECT_NE(why(sign(R"({"alg":"HS256","typ":1})", claims)), "");
  EXPECT_EQ(why(sign(R"({"alg":"HS256","typ":"jwt"})", claims)), "");
}

// RFC 7515 §4, RFC 7519 §4: one reader must not see another claim than the next.
TEST_F(JwtTest, MembersGivenTwiceAreRefused) {
  EXPECT_NE(why(sign(R"({"alg":"HS256","alg":"HS256"})", R"({"exp":1700000060,"room":"standup"})")), "");
  EXPECT_NE(why(token(R"("room":"standup")")), "");
  EXPECT_NE(why(token(R"("sub":"a","s\u0075b":"b")")), "");
}

TEST_F(JwtTest, TextThatIsNotThreePartsOfBase64UrlIsRefused) {
  const std::string good = token("");
  for (const std::string& text : {std::string(), std::string("."), std::string(".."), std::string("..."), good + ".",
                                  "." + good, good + "=", good + "\n", " " + good, good + ".x", std::string("a.b.c"),
                                  std::string(3, '\0'), "e30.e30." + std::string(43, 'A')})
    EXPECT_NE(why(text), "") << text;
}

TEST_F(JwtTest, ATokenBeyond16KiBIsRefusedUnread) {
  const std::string padding = R"("pad":")" + std::string(13'000, 'x') + "\"";
  EXPECT_EQ(why(token(padding)), "The token is longer than 16384 bytes.");
}

// RFC 7519 §4.1.4 to §4.1.6, with clocks that differ.
TEST_F(JwtTest, TimesAreHeldToWithinTheLeeway) {
  EXPECT_EQ(why(token("", "1699999991")), "");
  EXPECT_EQ(fault(token("", "1699999990")), TokenFault::kExpired);
  EXPECT_EQ(why(token("", "1699999991.9")), "");
  EXPECT_EQ(why(token(R"("nbf":1700000010,"iat":1700000010)")), "");
  EXPECT_EQ(why(token(R"("nbf":1700000011)")), "The token is not good yet.");
  EXPECT_EQ(why(token(R"("iat":1700000011)")), "The token is not good yet.");
}

TEST_F(JwtTest, TimesThatAreNoneAreRefused) {
  EXPECT_EQ(why(sign(R"({"alg":"HS256"})", R"({"room":"standup"})")),
            "The token has no \"exp\" in seconds since 1970.");
  for (const std::string_view exp :
       {"\"1700000060\"", "null", "-1", "1e99", "1.7e9", "17e8", "99999999999999999999", "7258118401", "true", "[]"})
    EXPECT_EQ(why(token("", exp)), "The token has no \"exp\" in seconds since 1970.") << exp;
  EXPECT_NE(why(token(R"("nbf":"soon")")), "");
}

// RFC 7519 §4.1.1, §4.1.3.
TEST_F(JwtTest, IssuerAndAudienceAreThoseOfTheConfiguration) {
  EXPECT_EQ(why(token(R"("iss":"whoever")")), "");
  EXPECT_EQ(why(token(R"("aud":"noom")")), "The token's \"aud\" is not this server.");
  rules_.issuer = "app.example";
  rules_.audience = "noom";
  EXPECT_EQ(why(token(R"("iss":"app.example","aud":"noom")")), "");
  EXPECT_EQ(why(token(R"("iss":"app.example","aud":["else","noom"])")), "");
  for (const std::string_view claims :
       {R"("iss":"app.example")", R"("aud":"noom")", R"("iss":"App.example","aud":"noom")",
        R"("iss":["app.example"],"aud":"noom")", R"("iss":"app.example","aud":["else"])",
        R"("iss":"app.example","aud":[["noom"]])", R"("iss":"app.example","aud":{"noom":1})"})
    EXPECT_NE(why(token(claims)), "") << claims;
}

TEST_F(JwtTest, ARoomIsANameOrTheBeginningOfOne) {
  EXPECT_EQ(why(token("", "1700000060", "\"team-*\""), "team-7"), "");
  EXPECT_EQ(why(token("", "1700000060", "\"*\""), "anything"), "");
  for (const std::string_view room : {"\"other\"", "\"stand\"", "\"standup-*\"", "\"s*p\"", "\"\"", "\"STANDUP\""})
    EXPECT_EQ(fault(token("", "1700000060", room)), TokenFault::kWrongRoom) << room;
  EXPECT_EQ(fault(token("", "1700000060", "7")), TokenFault::kInvalid);
  EXPECT_EQ(fault(sign(R"({"alg":"HS256"})", R"({"exp":1700000060})")), TokenFault::kInvalid);
}

TEST_F(JwtTest, ClaimsBeyondTheirRangeAreRefused) {
  for (const std::string& claim :
       {std::string(R"("role":"admin")"), std::string(R"("role":null)"), std::string(R"("sub":"")"),
        std::string(R"("sub":7)"), R"("sub":")" + std::string(129, 'x') + "\"", std::string(R"("sub":"a\nb")"),
        std::string(R"("name":7)"), R"("name":")" + std::string(65, 'x') + "\"", std::string(R"("name":"\u0000")"),
        std::string(R"("metadata":[])"), R"("metadata":{"x":")" + std::string(4096, 'x') + "\"}"})
    EXPECT_EQ(fault(token(claim)), TokenFault::kInvalid) << claim;
}

}  // namespace
}  // namespace noom::signal
