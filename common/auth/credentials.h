// Long-term credentials (RFC 8489 §9.2) and time-limited REST credentials (draft-uberti-behave-turn-rest-00) side by
// side: who may use the relay and with which key. Pure: the clock is handed in.
#pragma once

#include <absl/container/flat_hash_map.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/secret.h"
#include "common/base/time.h"

namespace noom::auth {

// MD5(username ":" realm ":" password), 16 bytes. RFC 8489 §9.2.2.
Secret long_term_key_md5(std::string_view username, std::string_view realm, std::string_view password);
// SHA-256 of the same, 32 bytes. RFC 8489 §18.5.1.2.
Secret long_term_key_sha256(std::string_view username, std::string_view realm, std::string_view password);

struct RestCredentials {
  std::string username;  // "<expiry, Unix seconds>:<name>" ("<expiry>" when name is empty)
  std::string password;  // base64(HMAC-SHA1(secret, username))
  Wall expires;
};
// What noom-signal hands out and noom-turn accepts. `name` must not be a secret: it goes over the wire and into logs.
RestCredentials mint_rest_credentials(const Secret& secret, std::string_view name, Wall expires);

// When the credentials of a username of that form end, whoever minted them; nullopt for any other username. Beyond the
// range of Wall: Wall::max().
std::optional<Wall> rest_expiry(std::string_view username);

// What a username turned out to be.
struct Account {
  Secret key;                   // the MD5 long-term key for the realm asked about
  std::optional<Wall> expires;  // REST credentials: when they end; none for static users
};

// Immutable once built; one snapshot is shared by all shards. Lookup is O(1) for static users, one HMAC per REST secret
// tried.
class CredentialStore {
 public:
  void add_user(std::string username, Secret password);  // the last password given for a name counts
  void add_rest_secret(Secret secret);

  // Candidate accounts for the username, best first: the static user of that name, else, where the name parses as
  // "<expiry>[:…]", one account for each REST secret. Empty when the user is unknown or the credentials have expired
  // (expiry <= now).
  std::vector<Account> accounts(std::string_view username, std::string_view realm, Wall now) const;
  bool empty() const { return users_.empty() && rest_secrets_.empty(); }

 private:
  absl::flat_hash_map<std::string, Secret> users_;
  std::vector<Secret> rest_secrets_;
};

}  // namespace noom::auth
