// The keys that JSON Web Tokens are verified with: a JWK Set (RFC 7517). Only public halves and HS256 secrets; keys are
// never fetched from anywhere.
#pragma once

#include <absl/status/statusor.h>

#include <string>
#include <string_view>
#include <vector>

#include "common/auth/jws_key.h"

namespace noom::signal {

constexpr size_t kJwtKeysMax = 32;  // bounds how many signatures one token may cost

struct JwtKey {
  std::string id;  // "kid"; empty: has none
  auth::JwsKey key;
};

// The keys of a set that this server can use; as RFC 7517 §5 has it, those of other types, algorithms or uses are
// passed over. An error is one line that names the key by its place or "kid": text that is not a JWK Set, a usable key
// that is malformed or too weak, a private key, two keys with one "kid" and algorithm, no usable key, too many.
absl::StatusOr<std::vector<JwtKey>> parse_jwks(std::string_view text);

}  // namespace noom::signal
