// Long-term credentials (RFC 8489 §9.2) and time-limited REST credentials (draft-uberti-behave-turn-rest-00) side by
// side: who may use the relay and with which key. Pure: the clock is handed in.
#pragma once

#include <absl/container/flat_hash_map.h>

#include <array>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/auth/user_entry.h"
#include "common/base/secret.h"
#include "common/base/time.h"
#include "common/wire/password_algorithm.h"

namespace noom::auth {

using wire::PasswordAlgorithm;

// MD5(username ":" realm ":" password), 16 bytes. RFC 8489 §9.2.2.
Secret long_term_key_md5(std::string_view username, std::string_view realm, std::string_view password);
// SHA-256 of the same, 32 bytes. RFC 8489 §18.5.1.2.
Secret long_term_key_sha256(std::string_view username, std::string_view realm, std::string_view password);

Secret long_term_key(PasswordAlgorithm algorithm, std::string_view username, std::string_view realm,
                     std::string_view password);

// SHA-256(username ":" realm): what USERHASH carries in place of a username. RFC 8489 §14.4.
std::array<std::byte, 32> userhash(std::string_view username, std::string_view realm);

enum class RestHash : uint8_t { kSha1, kSha256 };  // what the HMAC is made with: the draft's SHA-1, or SHA-256

struct RestCredentials {
  std::string username;  // "<expiry, Unix seconds>:<name>" ("<expiry>" when name is empty)
  std::string password;  // base64 of the secret's HMAC of the username
  Wall expires;
};
// What noom-signal hands out and noom-turn accepts. `name` must not be a secret: it goes over the wire and into logs.
RestCredentials mint_rest_credentials(const Secret& secret, std::string_view name, Wall expires,
                                      RestHash hash = RestHash::kSha1);

// When the credentials of a username of that form end, whoever minted them; nullopt for any other username. Beyond the
// range of Wall: Wall::max().
std::optional<Wall> rest_expiry(std::string_view username);

// What a username turned out to be.
struct Account {
  Secret key;                   // the long-term key for the realm and the algorithm asked about
  std::optional<Wall> expires;  // REST credentials: when they end; none for static users
  UserLimits limits = {};
};

// Immutable once built; one snapshot is shared by all shards. Lookup is O(log n) for static users, one HMAC per REST
// secret tried.
class CredentialStore {
 public:
  // The last entry for a name counts.
  void add_user(std::string username, User user);
  void add_user(std::string username, Secret password) {
    add_user(std::move(username), User{.password = std::move(password), .md5_key = {}, .sha256_key = {}, .limits = {}});
  }
  void add_rest_secret(Secret secret);
  // Lets user_of_hash find the static users' names in that realm.
  void add_realm(std::string realm);

  // Candidate accounts for the username, best first: the static user of that name, else, where the name parses as
  // "<expiry>[:…]", two accounts for each REST secret, by SHA-1 and by SHA-256. Empty when the user is unknown, has no
  // key of that algorithm, or the credentials have expired (expiry <= now).
  std::vector<Account> accounts(std::string_view username, std::string_view realm, PasswordAlgorithm algorithm,
                                Wall now) const;
  // The static user whose name and realm hash to that, in a realm that was added; borrowed from the store. The names of
  // time-limited credentials cannot be known from their hash. O(1).
  std::optional<std::string_view> user_of_hash(Bytes hash) const;
  // The algorithms that every static user can be proved by: a user with one key has only that.
  wire::PasswordAlgorithmSet algorithms() const;
  // Whether everybody who may use the relay can hide behind a hash.
  bool every_name_has_a_hash() const { return rest_secrets_.empty() && !users_.empty(); }
  bool empty() const { return users_.empty() && rest_secrets_.empty(); }

 private:
  void index(const std::string& username, const std::string& realm);

  std::map<std::string, User, std::less<>> users_;
  absl::flat_hash_map<std::string, std::string> users_by_hash_;  // in every one of realms_
  std::vector<std::string> realms_;
  std::vector<Secret> rest_secrets_;
};

}  // namespace noom::auth
