// Third-party authorisation, RFC 7635 §9: USERNAME is the id of a key shared with an authorisation server, ACCESS-TOKEN
// is sealed under it, and what it holds is the key of this client's MESSAGE-INTEGRITY.
#include "turn/core/core.h"

namespace noom::turn {
namespace {

// coturn's client signs with the first bytes of the key alone, as many as an MD5 key has.
constexpr size_t kCoturnKeySize = 16;

}  // namespace

// Where tokens are not taken, ACCESS-TOKEN proves nothing and is not looked at.
bool Core::brings_token(const Request& request) const {
  return settings_->token_keys != nullptr && request.message.has(wire::Attr::kAccessToken);
}

// A token that cannot be opened, is over, or not that of who signed: 401.
Core::Authentication Core::prove_by_token(Request& request, const Proof& proof) {
  const auto attribute = request.message.find(wire::Attr::kAccessToken);
  const auto token = settings_->token_keys->open(request.from.username, attribute->value);
  if (!token) return challenge(request, Reason::kBadToken);
  if (token->expires <= request.now.wall) return challenge(request, Reason::kCredentialsExpired);
  const Bytes key = token->mac_key.bytes();
  const bool is_proved =
      prove(request, key, proof) || (key.size() > kCoturnKeySize && prove(request, key.first(kCoturnKeySize), proof));
  if (!is_proved) return challenge(request, Reason::kBadIntegrity);
  request.credentials_expire = token->expires;
  request.by_token = true;
  return Authentication::kProved;
}

// A newer token for an allocation made with one: it lives as long as that allows (RFC 7635 §9). The key id names a key
// and no user: with keys rotated, the newer token comes under another.
void Core::renew_token(const Request& request) {
  const Found own = find(request.from.client);
  if (own.allocation == nullptr || !own.allocation->by_token) return;
  if (own.allocation->username != request.from.username) {
    shared_->quota.release(own.allocation->quota_user());
    own.allocation->username = request.from.username;
    shared_->quota.acquire(own.allocation->quota_user(), 0, 0);
  }
  own.allocation->key = request.key.clone();
  own.allocation->credentials_expire = request.credentials_expire;
  if (settings_->end_at_credential_expiry)
    own.allocation->credential_deadline = request.now.mono + (request.credentials_expire - request.now.wall);
  reschedule(own.id, *own.allocation);
}

}  // namespace noom::turn
