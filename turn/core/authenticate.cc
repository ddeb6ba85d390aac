// The long-term credential mechanism, RFC 8489 §9.2.4, in its order. What the store knows about a user is common/auth.
#include "common/wire/integrity.h"
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

}  // namespace

Core::Authentication Core::authenticate(Request& request) {
  const wire::MessageView& message = request.message;
  const auto username = message.text(Attr::kUsername);
  if (username) request.from.username = *username;

  // No integrity: 401 with REALM and NONCE.
  const bool has_sha1 = message.has(Attr::kMessageIntegrity);
  const bool has_sha256 = message.has(Attr::kMessageIntegritySha256);
  if (!has_sha1 && !has_sha256) return challenge(request, Reason::kNoIntegrity);

  // Integrity without USERNAME, REALM or NONCE: 400.
  if (!username) return challenge(request, Reason::kMissingUsername);
  if (!message.has(Attr::kRealm)) return challenge(request, Reason::kMissingRealm);
  const auto nonce = message.text(Attr::kNonce);
  if (!nonce) return challenge(request, Reason::kMissingNonce);

  // USERNAME not valid, or integrity that does not match: 401. The stronger attribute decides when both are there
  // (§14.6).
  const Integrity integrity = has_sha256 ? Integrity::kSha256 : Integrity::kSha1;
  const Found own = find(request.from.client);
  const bool is_owner = own.allocation != nullptr && own.allocation->username == *username;
  const Authentication proof =
      is_owner ? prove_by_allocation(request, *own.allocation, integrity) : prove_by_store(request, integrity);
  if (proof != Authentication::kProved) return proof;

  // NONCE no longer valid: 438 with a fresh one.
  if (!shared_->nonces.accept(*nonce, request.now.wall, request.from.client.client.address))
    return challenge(request, Reason::kStaleNonce);
  return Authentication::kProved;
}

// On success the request carries the key for its answer.
bool Core::prove(Request& request, Bytes key, Integrity integrity) {
  if (check_integrity(request.message, key, integrity) != wire::Check::kValid) return false;
  request.key = Key(key);
  request.from.key = request.key.bytes();
  request.from.integrity = integrity;
  return true;
}

// RFC 8656 §8: later requests use the credentials of the Allocate, whose key is at hand.
Core::Authentication Core::prove_by_allocation(Request& request, const Allocation& allocation, Integrity integrity) {
  if (!prove(request, allocation.key.bytes(), integrity)) return challenge(request, Reason::kBadIntegrity);
  request.credentials_expire = allocation.credentials_expire;
  if (request.credentials_expire > request.now.wall) return Authentication::kProved;
  request.from.integrity = Integrity::kNone;  // what proves nothing any more signs nothing
  return challenge(request, Reason::kCredentialsExpired);
}

Core::Authentication Core::prove_by_store(Request& request, Integrity integrity) {
  const std::string_view username = request.from.username;
  std::vector<auth::Account> accounts;
  if (username.size() <= kUsernameBytesMax)
    accounts = settings_->credentials->accounts(username, settings_->realm, request.now.wall);
  for (const auth::Account& account : accounts) {
    if (!prove(request, account.key.bytes(), integrity)) continue;
    request.credentials_expire = account.expires.value_or(Wall::max());
    return Authentication::kProved;
  }
  if (!accounts.empty()) return challenge(request, Reason::kBadIntegrity);
  check_integrity(request.message, kNobodysKey, integrity);
  const auto expiry = auth::rest_expiry(username);
  const bool has_expired = expiry && *expiry <= request.now.wall;
  return challenge(request, has_expired ? Reason::kCredentialsExpired : Reason::kUnknownUser);
}

Core::Authentication Core::challenge(Request& request, Reason reason) {
  const Requester& to = request.from;
  if (!to.authenticated()) {
    stats_.unauthenticated_bytes_in.add(request.message.bytes().size());
    if (!challenges_.take(settings_->challenges_per_source, to.client.client.address, request.now.mono)) {
      drop(Drop::kChallengeLimit);
      return Authentication::kDropped;
    }
  }
  count_refusal(to, request.output, reason, {});
  const wire::ErrorCode code = code_of(reason);
  const size_t size = respond(to, wire::Class::kError, request.output, [&](wire::MessageBuilder& builder) {
    // A source that has proved nothing gets no more bytes than it needs: no reason phrase over datagrams.
    const bool terse = !to.authenticated() && !is_stream(to.client.transport);
    builder.error(code, terse ? "" : wire::default_reason(code));
    if (code == wire::ErrorCode::kBadRequest) return;
    builder.text(Attr::kRealm, settings_->realm);
    builder.text(Attr::kNonce, shared_->nonces.issue(request.now.wall, to.client.client.address));
  });
  if (!to.authenticated()) stats_.unauthenticated_bytes_out.add(size);
  return Authentication::kRefused;
}

}  // namespace noom::turn
