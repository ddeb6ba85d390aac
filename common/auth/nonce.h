// Nonces that the server need not remember: a timestamp and a MAC over it and the client's address. RFC 8489 §9.2,
// §14.10.
#pragma once

#include <string>
#include <string_view>

#include "common/base/endpoint.h"
#include "common/base/secret.h"
#include "common/base/time.h"

namespace noom::auth {

// One per process, its key drawn at start: all shards issue and accept the same nonces. Immutable, hence thread-safe.
class NonceIssuer {
 public:
  // `key` is at least 16 random bytes; `lifetime` is how long a nonce is accepted.
  NonceIssuer(Secret key, Duration lifetime);

  // Printable, at most 128 characters (RFC 8489 §14.10 allows 763 bytes). Bound to the client's IP address (not its
  // port: NATs rebind).
  std::string issue(Wall now, const IpAddress& client) const;
  // False for anything not issued here for that address, from the future, or older than the lifetime: all are answered
  // 438.
  bool accept(std::string_view nonce, Wall now, const IpAddress& client) const;

 private:
  Secret key_;
  Duration lifetime_;
};

}  // namespace noom::auth
