// Whatever a client sends as a username, a nonce or a peer address: what was minted is accepted, what was not is
// refused, and an address has one verdict in every notation. Also the operator's prefixes: what is parsed prints as
// itself.
#include <algorithm>
#include <string>

#include "common/auth/credentials.h"
#include "common/auth/nonce.h"
#include "common/auth/peer_policy.h"
#include "tests/fuzz/property.h"

namespace noom::auth {
namespace {

constexpr Wall kNow = Wall(std::chrono::seconds(1'700'000'000));

void check_credentials(std::string_view text) {
  static const CredentialStore store = [] {
    CredentialStore built;
    built.add_rest_secret(Secret("north"));
    built.add_rest_secret(Secret("south"));
    return built;
  }();
  const auto expires = rest_expiry(text);
  const auto accounts = store.accounts(text, "example.org", PasswordAlgorithm::kMd5, kNow);
  NOOM_PROPERTY(accounts.size() == (expires && *expires > kNow ? 4u : 0u));
  for (const Account& account : accounts) NOOM_PROPERTY(account.expires == expires && account.key.bytes().size() == 16);

  const RestCredentials minted = mint_rest_credentials(Secret("south"), text, kNow + std::chrono::hours(1));
  NOOM_PROPERTY(rest_expiry(minted.username) == minted.expires);
  const auto own = store.accounts(minted.username, "example.org", PasswordAlgorithm::kMd5, kNow);
  const Secret key = long_term_key_md5(minted.username, "example.org", minted.password);
  NOOM_PROPERTY(own.size() == 4 && equal_constant_time(own[2].key.bytes(), key.bytes()));
}

void check_nonce(std::string_view text) {
  static const NonceIssuer issuer(Secret("sixteen byte key"), std::chrono::minutes(10));
  const IpAddress client = IpAddress::v4(192, 0, 2, 1);
  const SecurityFeatures features = {.password_algorithms = {.md5 = true, .sha256 = true}};
  const std::string issued = issuer.issue(kNow, client, features);
  NOOM_PROPERTY(claimed_features(issued) == features);
  claimed_features(text);
  NOOM_PROPERTY(issuer.accept(issued, kNow, client));
  NOOM_PROPERTY(text == issued || !issuer.accept(text, kNow, client));
}

void check_peer(Bytes bytes) {
  static const PeerPolicy policy({*IpPrefix::parse("10.1.0.0/16")}, {*IpPrefix::parse("203.0.113.0/24")},
                                 {IpAddress::v4(198, 51, 100, 1)});
  if (bytes.size() < 16) return;
  const IpAddress peer = IpAddress::v6(bytes.first<16>());
  const IpAddress canonical = canonical_peer(peer);
  NOOM_PROPERTY(canonical_peer(canonical) == canonical);
  const PeerVerdict verdict = policy.check(peer);
  NOOM_PROPERTY(!verdict.rule.empty());
  NOOM_PROPERTY(policy.check(canonical).rule == verdict.rule && policy.check(canonical).allowed == verdict.allowed);

  const std::string v4 = IpAddress::v4(bytes.first<4>()).to_string();
  const PeerVerdict plain = policy.check(*IpAddress::parse(v4));
  for (const char* notation : {"::ffff:", "64:ff9b::"})
    NOOM_PROPERTY(policy.check(*IpAddress::parse(notation + v4)).rule == plain.rule);
}

void check_prefix(std::string_view text) {
  const auto prefix = IpPrefix::parse(text);
  if (!prefix) return;
  NOOM_PROPERTY(prefix->contains(prefix->address));
  NOOM_PROPERTY(IpPrefix::parse(prefix->to_string()) == prefix);
}

}  // namespace
}  // namespace noom::auth

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const noom::Bytes input = std::as_bytes(std::span(data, size));
  noom::auth::check_credentials(noom::as_text(input));
  noom::auth::check_nonce(noom::as_text(input));
  noom::auth::check_peer(input);
  noom::auth::check_prefix(noom::as_text(input));
  return 0;
}
