#include "common/auth/credentials.h"

#include <absl/strings/escaping.h>
#include <absl/strings/string_view.h>

#include <charconv>

#include "common/wire/digest.h"

namespace noom::auth {
namespace {

constexpr char kSeparator = ':';

// Debian builds Abseil with a string_view of its own.
absl::string_view to_absl(std::string_view text) {
  return {text.data(), text.size()};
}

// draft-uberti-behave-turn-rest-00 §2.2.
std::string rest_password(const Secret& secret, std::string_view username, RestHash hash) {
  if (hash == RestHash::kSha256)
    return absl::Base64Escape(to_absl(as_text(wire::hmac_sha256(secret.bytes(), {as_bytes(username)}))));
  const wire::Sha1Digest mac = wire::hmac_sha1(secret.bytes(), {as_bytes(username)});
  return absl::Base64Escape(to_absl(as_text(mac)));
}

}  // namespace

Secret long_term_key_md5(std::string_view username, std::string_view realm, std::string_view password) {
  const Bytes colon = as_bytes(":");
  wire::Md5Digest key = wire::md5({as_bytes(username), colon, as_bytes(realm), colon, as_bytes(password)});
  Secret secret{Bytes(key)};
  secure_zero(key);
  return secret;
}

Secret long_term_key_sha256(std::string_view username, std::string_view realm, std::string_view password) {
  const Bytes colon = as_bytes(":");
  wire::Sha256Digest key = wire::sha256({as_bytes(username), colon, as_bytes(realm), colon, as_bytes(password)});
  Secret secret{Bytes(key)};
  secure_zero(key);
  return secret;
}

Secret long_term_key(PasswordAlgorithm algorithm, std::string_view username, std::string_view realm,
                     std::string_view password) {
  return algorithm == PasswordAlgorithm::kSha256 ? long_term_key_sha256(username, realm, password)
                                                 : long_term_key_md5(username, realm, password);
}

std::array<std::byte, 32> userhash(std::string_view username, std::string_view realm) {
  return wire::sha256({as_bytes(username), as_bytes(":"), as_bytes(realm)});
}

RestCredentials mint_rest_credentials(const Secret& secret, std::string_view name, Wall expires, RestHash hash) {
  RestCredentials credentials;
  credentials.username = std::to_string(unix_seconds(expires));
  if (!name.empty()) credentials.username.append(1, kSeparator).append(name);
  credentials.password = rest_password(secret, credentials.username, hash);
  credentials.expires = Wall(std::chrono::seconds(unix_seconds(expires)));
  return credentials;
}

std::optional<Wall> rest_expiry(std::string_view username) {
  const std::string_view digits = username.substr(0, username.find(kSeparator));
  if (digits.empty() || digits.front() == '-') return std::nullopt;
  int64_t seconds = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), seconds);
  if (error != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
  constexpr int64_t kLatest_s = unix_seconds(Wall::max());
  return seconds >= kLatest_s ? Wall::max() : Wall(std::chrono::seconds(seconds));
}

void CredentialStore::add_user(std::string username, User user) {
  for (const std::string& realm : realms_) index(username, realm);
  users_.insert_or_assign(std::move(username), std::move(user));
}

void CredentialStore::add_realm(std::string realm) {
  for (const auto& [username, user] : users_) index(username, realm);
  realms_.push_back(std::move(realm));
}

void CredentialStore::index(const std::string& username, const std::string& realm) {
  users_by_hash_.insert_or_assign(std::string(as_text(userhash(username, realm))), username);
}

std::optional<std::string_view> CredentialStore::user_of_hash(Bytes hash) const {
  const auto user = users_by_hash_.find(to_absl(as_text(hash)));
  if (user == users_by_hash_.end()) return std::nullopt;
  return user->second;
}

void CredentialStore::add_rest_secret(Secret secret) {
  rest_secrets_.push_back(std::move(secret));
}

wire::PasswordAlgorithmSet CredentialStore::algorithms() const {
  wire::PasswordAlgorithmSet common = {.md5 = true, .sha256 = true};
  for (const auto& [name, user] : users_) {
    if (!user.password.empty()) continue;
    common.md5 &= !user.md5_key.empty();
    common.sha256 &= !user.sha256_key.empty();
  }
  return common;
}

std::vector<Account> CredentialStore::accounts(std::string_view username, std::string_view realm,
                                               PasswordAlgorithm algorithm, Wall now) const {
  std::vector<Account> found;
  if (const auto entry = users_.find(username); entry != users_.end()) {
    const User& user = entry->second;
    if (!user.password.empty()) {
      found.push_back({long_term_key(algorithm, username, realm, user.password.reveal()), std::nullopt, user.limits});
    } else if (const Secret& key = algorithm == PasswordAlgorithm::kSha256 ? user.sha256_key : user.md5_key;
               !key.empty()) {
      found.push_back({key.clone(), std::nullopt, user.limits});
    }
    return found;
  }
  const auto expires = rest_expiry(username);
  if (!expires || *expires <= now) return found;
  found.reserve(2 * rest_secrets_.size());
  for (const Secret& secret : rest_secrets_) {
    for (const RestHash hash : {RestHash::kSha1, RestHash::kSha256}) {
      const Secret password(rest_password(secret, username, hash));
      found.push_back({long_term_key(algorithm, username, realm, password.reveal()), expires});
    }
  }
  return found;
}

}  // namespace noom::auth
