// Nonces that the server need not remember: a timestamp and a MAC over it and the client's address, behind the nonce
// cookie that says which security features the server has. RFC 8489 §9.2, §14.10, §18.1.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "common/base/endpoint.h"
#include "common/base/secret.h"
#include "common/base/time.h"
#include "common/wire/password_algorithm.h"

namespace noom::auth {

// What a server tells its clients it can do, RFC 8489 §18.1.
struct SecurityFeatures {
  wire::PasswordAlgorithmSet
      password_algorithms;          // those offered beside the nonce; empty: the mechanism is not offered
  bool username_anonymity = false;  // USERHASH in place of USERNAME

  friend bool operator==(const SecurityFeatures&, const SecurityFeatures&) = default;
};

// The features that a nonce claims, whoever made it; nullopt without a nonce cookie. What is claimed may be trusted
// only when NonceIssuer accepts the nonce.
std::optional<SecurityFeatures> claimed_features(std::string_view nonce);

// One per process, its key drawn at start: all shards issue and accept the same nonces. Immutable, hence thread-safe.
class NonceIssuer {
 public:
  // `key` is at least 16 random bytes; `lifetime` is how long a nonce is accepted.
  NonceIssuer(Secret key, Duration lifetime);

  // Printable, at most 128 characters (RFC 8489 §14.10 allows 763 bytes). Bound to the features and to the client's IP
  // address (not its port: NATs rebind).
  std::string issue(Wall now, const IpAddress& client, const SecurityFeatures& features) const;
  // False for anything not issued here for that address, from the future, or older than the lifetime: all are answered
  // 438.
  bool accept(std::string_view nonce, Wall now, const IpAddress& client) const;

 private:
  Secret key_;
  Duration lifetime_;
};

}  // namespace noom::auth
