// Self-contained access tokens of RFC 7635 §6.2: who was authorised elsewhere brings a key that only the authorisation
// server and this one can read.
//
//   | nonce length 2 | nonce | encrypted: key length 2, mac key, timestamp 8, lifetime 4 | tag 16 |
//
// The associated data of the encryption is the server's name. AES-256-GCM or AES-128-GCM by the size of the key.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/bytes.h"
#include "common/base/secret.h"
#include "common/base/time.h"

namespace noom::auth {

struct AccessToken {
  Secret mac_key;  // what the client's MESSAGE-INTEGRITY is made with, 1 to 32 bytes
  Wall issued;
  Wall expires;
};

// The keys shared with authorisation servers. Immutable once built; shared by all shards.
class TokenKeys {
 public:
  // `server_name` is what THIRD-PARTY-AUTHORIZATION says and tokens are bound to.
  explicit TokenKeys(std::string server_name) : server_name_(std::move(server_name)) {}
  // False unless the key has 16 or 32 bytes. Several ids at a time let keys be rotated; the last key for an id counts.
  bool add(std::string key_id, Secret key);

  const std::string& server_name() const { return server_name_; }
  bool contains(std::string_view key_id) const { return keys_.contains(key_id); }
  size_t size() const { return keys_.size(); }

  // nullopt when the key is not known or the token was not sealed under it for this server. Whether it has expired is
  // the caller's to ask.
  std::optional<AccessToken> open(std::string_view key_id, Bytes token) const;
  // What an authorisation server does; `nonce` is 12 bytes, never the same twice under one key. Empty for an unknown
  // key.
  std::vector<std::byte> seal(std::string_view key_id, const AccessToken& token, Bytes nonce) const;

 private:
  std::string server_name_;
  std::map<std::string, Secret, std::less<>> keys_;
};

}  // namespace noom::auth
