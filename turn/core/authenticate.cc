// The long-term credential mechanism, RFC 8489 §9.2.4, in its order. What the store knows about a user is common/auth.
#include <algorithm>

#include "common/auth/opaque_string.h"
#include "common/wire/integrity.h"
#include "turn/core/connection.h"
#include "turn/core/respond.h"

namespace noom::turn {
namespace {

using wire::Attr;

// An unknown user's request costs as much as a known one's: its integrity is computed too, under a key nobody has.
constexpr std::array<std::byte, 16> kNobodysKey{};

wire::Check check_integrity(const wire::MessageView& message, Bytes key, Integrity integrity) {
  return integrity == Integrity::kSha256 ? wire::check_message_integrity_sha256(message, key)
                                         : wire::check_message_integrity(message, key);
}

// The bid-down protection: the client says which algorithms it was offered with that nonce and which it chose, under an
// integrity that nobody between can make. nullopt: 400.
std::optional<wire::PasswordAlgorithm> chosen_algorithm(const wire::MessageView& message, std::string_view nonce) {
  const auto chosen = message.find(Attr::kPasswordAlgorithm);
  const auto echoed = message.find(Attr::kPasswordAlgorithms);
  if (!chosen && !echoed) return wire::PasswordAlgorithm::kMd5;
  const auto algorithm = chosen ? wire::parse_password_algorithm(chosen->value) : std::nullopt;
  const auto claimed = auth::claimed_features(nonce);
  // Without the nonce's bit there is nothing to compare with; such a nonce was not made here, and is answered 438.
  if (!claimed || claimed->password_algorithms.empty()) return algorithm;
  const wire::PasswordAlgorithmSet& offered = claimed->password_algorithms;
  if (!echoed || !algorithm || !offered.contains(*algorithm)) return std::nullopt;
  if (!std::ranges::equal(echoed->value, wire::password_algorithms_value(offered))) return std::nullopt;
  return algorithm;
}

}  // namespace

// USERNAME as the OpaqueString profile has it (RFC 8489 §14.3), or what USERHASH stands for. The name of time-limited
// credentials was signed byte for byte by whoever minted them, and stays as it came. What the profile refuses is
// nobody's name.
void Core::read_name(Request& request) const {
  if (const auto username = request.message.text(Attr::kUsername)) {
    request.from.username = *username;
    if (auth::is_plain(*username) || username->size() > kUsernameBytesMax || auth::rest_expiry(*username)) return;
    if (auto prepared = auth::opaque_string(*username)) {
      request.prepared_name = *std::move(prepared);
      request.from.username = request.prepared_name;
    }
  } else if (const auto hash = request.message.find(Attr::kUserhash)) {
    request.from.username = settings_->credentials->user_of_hash(hash->value).value_or(std::string_view());
  }
}

Core::Authentication Core::authenticate(Request& request) {
  const wire::MessageView& message = request.message;
  read_name(request);

  // No integrity: 401 with REALM and NONCE.
  const bool has_sha1 = message.has(Attr::kMessageIntegrity);
  const bool has_sha256 = message.has(Attr::kMessageIntegritySha256);
  if (!has_sha1 && !has_sha256) return challenge(request, Reason::kNoIntegrity);

  // Integrity without USERNAME or USERHASH, REALM or NONCE: 400.
  if (!message.has(Attr::kUsername) && !message.has(Attr::kUserhash))
    return challenge(request, Reason::kMissingUsername);
  if (!message.has(Attr::kRealm)) return challenge(request, Reason::kMissingRealm);
  const auto nonce = message.text(Attr::kNonce);
  if (!nonce) return challenge(request, Reason::kMissingNonce);

  // Password algorithms that are not those offered: 400.
  const auto algorithm = chosen_algorithm(message, *nonce);
  if (!algorithm) return challenge(request, Reason::kPasswordAlgorithms);
  const bool speaks_algorithms = message.has(Attr::kPasswordAlgorithm);
  const Proof proof = {.checked = has_sha256 ? Integrity::kSha256 : Integrity::kSha1,
                       .answered = has_sha256 || speaks_algorithms ? Integrity::kSha256 : Integrity::kSha1,
                       .algorithm = *algorithm};

  // USERNAME not valid, or integrity that does not match: 401.
  read_ticket(request);
  const Found own = request.ticket ? find(*request.ticket) : find(request.from.client);
  const bool is_same_user = own.allocation != nullptr && is_of(*own.allocation, request);
  // Who moves an allocation proves to be whom it belongs to, not that another authorisation is at hand.
  const bool has_token = brings_token(request) && !(request.ticket && is_same_user);
  const bool is_owner = !has_token && is_same_user &&
                        (own.allocation->by_token || own.allocation->key.bytes().size() == wire::key_size(*algorithm));
  const Authentication outcome = has_token  ? prove_by_token(request, proof)
                                 : is_owner ? prove_by_allocation(request, *own.allocation, proof)
                                            : prove_by_store(request, proof);
  if (outcome != Authentication::kProved) return outcome;

  // NONCE no longer valid: 438 with a fresh one.
  if (!shared_->nonces.accept(*nonce, request.now.wall, request.from.client.client.address))
    return challenge(request, Reason::kStaleNonce);
  if (has_token) renew_token(request);
  return Authentication::kProved;
}

// On success the request carries the key for its answer.
bool Core::prove(Request& request, Bytes key, const Proof& proof) {
  if (check_integrity(request.message, key, proof.checked) != wire::Check::kValid) return false;
  request.key = Key(key);
  request.from.key = request.key.bytes();
  request.from.integrity = proof.answered;
  return true;
}

// RFC 8656 §8: later requests use the credentials of the Allocate, whose key is at hand.
Core::Authentication Core::prove_by_allocation(Request& request, const Allocation& allocation, const Proof& proof) {
  if (!prove(request, allocation.key.bytes(), proof)) return challenge(request, Reason::kBadIntegrity);
  request.credentials_expire = allocation.credentials_expire;
  if (request.credentials_expire > request.now.wall) return Authentication::kProved;
  request.from.integrity = Integrity::kNone;  // what proves nothing any more signs nothing
  return challenge(request, Reason::kCredentialsExpired);
}

Core::Authentication Core::prove_by_store(Request& request, const Proof& proof) {
  const std::string_view username = request.from.username;
  std::vector<auth::Account> accounts;
  if (username.size() <= kUsernameBytesMax)
    accounts = settings_->credentials->accounts(username, settings_->realm_of(request.from.client), proof.algorithm,
                                                request.now.wall);
  for (const auth::Account& account : accounts) {
    if (!prove(request, account.key.bytes(), proof)) continue;
    request.credentials_expire = account.expires.value_or(Wall::max());
    request.limits = account.limits;
    if (!account.expires || !is_revoked(username, *account.expires, request.now.wall)) return Authentication::kProved;
    request.from.integrity = Integrity::kNone;  // what proves nothing any more signs nothing
    return challenge(request, Reason::kCredentialsRevoked);
  }
  if (!accounts.empty()) return challenge(request, Reason::kBadIntegrity);
  check_integrity(request.message, kNobodysKey, proof.checked);
  const auto expiry = auth::rest_expiry(username);
  const bool has_expired = expiry && *expiry <= request.now.wall;
  return challenge(request, has_expired ? Reason::kCredentialsExpired : Reason::kUnknownUser);
}

auth::SecurityFeatures Core::features() const {
  if (!settings_->offer_password_algorithms) return {};
  return {.password_algorithms = settings_->credentials->algorithms(),
          .username_anonymity = settings_->credentials->every_name_has_a_hash() && settings_->token_keys == nullptr};
}

Core::Authentication Core::challenge(Request& request, Reason reason) {
  const Requester& to = request.from;
  if (!to.authenticated()) {
    stats_.unauthenticated_bytes_in.add(request.message.bytes().size());
    if (!challenges_.take(settings_->challenges_per_source, to.client.client.address, request.now.mono)) {
      drop(Drop::kChallengeLimit);
      request.output.events.push_back(
          Ignored{.client = to.client, .reason = Drop::kChallengeLimit, .rule = "limits.challenges_per_second"});
      return Authentication::kDropped;
    }
  }
  count_refusal(to, request.output, reason, {});
  const wire::ErrorCode code = code_of(reason);
  const size_t size = respond(to, wire::Class::kError, request.output, [&](wire::MessageBuilder& builder) {
    // A source that has proved nothing gets no more bytes than it needs: no reason phrase over UDP.
    const bool terse = !to.authenticated() && !is_connection(to.client.transport);
    builder.error(code, terse ? "" : wire::default_reason(code));
    if (code == wire::ErrorCode::kBadRequest) return;
    builder.text(Attr::kRealm, settings_->realm_of(to.client));
    const auth::SecurityFeatures offered = features();
    builder.text(Attr::kNonce, shared_->nonces.issue(request.now.wall, to.client.client.address, offered));
    if (!offered.password_algorithms.empty())
      builder.raw(Attr::kPasswordAlgorithms, wire::password_algorithms_value(offered.password_algorithms));
    if (settings_->token_keys != nullptr)
      builder.text(Attr::kThirdPartyAuthorization, settings_->token_keys->server_name());
  });
  if (!to.authenticated()) stats_.unauthenticated_bytes_out.add(size);
  return Authentication::kRefused;
}

}  // namespace noom::turn
