// JSON Web Tokens (RFC 7519) in compact form (RFC 7515 §7.1), by the advice of RFC 8725: the key decides the algorithm,
// nothing in a header leads to a key elsewhere, everything is read strictly. docs/admission.md lists the claims.
#pragma once

#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "common/base/time.h"
#include "signal/core/grant.h"
#include "signal/core/jwks.h"

namespace noom::signal {

constexpr size_t kTokenBytesMax = 16 * 1024;  // room for a name, 4 KiB of metadata and a signature

struct JwtRules {
  std::string issuer;                          // what `iss` must be; empty: anything
  std::string audience;                        // what `aud` must hold; empty: a token that has one is for somebody else
  Duration leeway = std::chrono::seconds(30);  // how far clocks may differ
};

// What a token grants for `room`. Any bytes are legal input; costs at most one signature for each key of the token's
// algorithm.
std::variant<Grant, TokenRefusal> verify_jwt(const std::vector<JwtKey>& keys, const JwtRules& rules, Wall now,
                                             std::string_view room, std::string_view token);

// "standup" fits itself; "team-*" everything that begins with "team-". A `*` elsewhere is just a character, which no
// room's name has.
bool fits_room(std::string_view pattern, std::string_view room);

}  // namespace noom::signal
