// Users, REST secrets, the keys of access tokens and of mobility tickets, from the configuration and the files it
// names.
#include <absl/strings/escaping.h>
#include <absl/strings/string_view.h>

#include <span>

#include "common/ops/text_file.h"
#include "turn/preparation.h"

namespace noom::turn {

// Neither names nor passwords are repeated in messages: an entry may be a password in the wrong place.
void Preparation::add_user(auth::CredentialStore& store, std::string_view key, std::string_view entry,
                           const std::string& place) {
  auth::ParsedUserEntry parsed = auth::parse_user_entry(entry);
  if (!parsed.entry) return error(key, place + " " + std::string(parsed.problem), "write name:password");
  store.add_user(std::move(parsed.entry->name), std::move(parsed.entry->user));
}

void Preparation::load_user_file(auth::CredentialStore& store) {
  if (config_.user_file.empty()) return;
  auto file = ops::read_text_file(config_.user_file);
  if (!file.ok())
    return error("auth.user_file", config_.user_file + " cannot be read: " + std::string(file.status().message()),
                 "check the path and that the daemon's user may read it");
  if (file->others_may_read)
    warning("auth.user_file", config_.user_file + " can be read by others", "chmod 600 " + config_.user_file);
  size_t number = 0;
  for (const std::string_view line : ops::meaningful_lines(file->text))
    add_user(store, "auth.user_file", line, "entry " + std::to_string(++number) + " of " + config_.user_file);
  secure_zero(std::as_writable_bytes(std::span(file->text)));
}

void Preparation::load_rest_secrets(auth::CredentialStore& store) {
  constexpr size_t kSecretBytesMin = 16;  // shorter ones can be guessed from one pair of credentials
  constexpr std::string_view kShort = "has a secret shorter than 16 characters";
  constexpr std::string_view kMakeOne = "make one with: openssl rand -hex 32";
  for (Secret& secret : config_.rest_secrets) {
    if (secret.empty()) {
      error("auth.rest_secrets", "has an empty secret", kMakeOne);
      continue;
    }
    if (secret.bytes().size() < kSecretBytesMin) warning("auth.rest_secrets", kShort, kMakeOne);
    store.add_rest_secret(std::move(secret));
  }
  for (const std::string& path : config_.rest_secret_files) {
    auto file = ops::read_secret_file(path);
    if (!file.ok()) {
      error("auth.rest_secret_files", path + ": " + std::string(file.status().message()),
            "check the path and that the daemon's user may read it, or make one with: openssl rand -hex 32");
      continue;
    }
    if (file->others_may_read) warning("auth.rest_secret_files", path + " can be read by others", "chmod 600 " + path);
    if (file->secret.bytes().size() < kSecretBytesMin) warning("auth.rest_secret_files", kShort, kMakeOne);
    store.add_rest_secret(std::move(file->secret));
  }
}

void Preparation::load_credentials(auth::CredentialStore& store) {
  size_t number = 0;
  for (const Secret& user : config_.users)
    add_user(store, "auth.users", user.reveal(), "entry " + std::to_string(++number));
  load_user_file(store);
  load_rest_secrets(store);
  if (store.empty() && config_.token_keys.empty() && findings.errors.empty())
    error("auth.users", "no credentials are configured, so that nobody could use the relay",
          "add a user (auth.users, auth.user_file), or make a secret to share with noom-signal (openssl rand -hex 32 > "
          "FILE) "
          "and name it in auth.rest_secret_files");
}

std::shared_ptr<const auth::TokenKeys> Preparation::token_keys() {
  const std::string& name = config_.token_server_name;
  if (name.empty() && config_.token_keys.empty()) return nullptr;
  if (name.empty() || name.size() > kTokenServerNameBytesMax)
    error("auth.token_server_name", "has " + std::to_string(name.size()) + " bytes",
          "name the server as the authorisation server does");
  if (config_.token_keys.empty())
    error("auth.token_keys", "is empty", "add a key shared with the authorisation server, \"id:base64\"");
  auto keys = std::make_shared<auth::TokenKeys>(name);
  size_t number = 0;
  for (const Secret& entry : config_.token_keys) {
    ++number;
    const std::string_view text = entry.reveal();
    const size_t colon = text.find(':');
    std::string key;
    if (colon == text.npos || colon == 0 ||
        !absl::Base64Unescape(absl::string_view(text.data() + colon + 1, text.size() - colon - 1), &key) ||
        !keys->add(std::string(text.substr(0, colon)), Secret(key)))
      error("auth.token_keys",
            "entry " + std::to_string(number) + " is not an id, a colon and 16 or 32 bytes in base64",
            "make one with: openssl rand -base64 32");
    secure_zero(std::as_writable_bytes(std::span(key)));
  }
  return keys;
}

std::shared_ptr<const auth::TicketKeys> Preparation::ticket_keys() {
  constexpr size_t kSecretBytesMin = 32;
  constexpr std::string_view kKey = "relay.mobility_key_files";
  auto keys = std::make_shared<auth::TicketKeys>();
  for (const std::string& path : config_.mobility_key_files) {
    const auto file = ops::read_secret_file(path);
    if (!file.ok()) {
      error(kKey, path + ": " + std::string(file.status().message()),
            "check the path and that the daemon's user may read it, or make one with: openssl rand -hex 32");
      continue;
    }
    if (file->others_may_read) warning(kKey, path + " can be read by others", "chmod 600 " + path);
    if (file->secret.bytes().size() < kSecretBytesMin)
      error(kKey, path + " has a secret shorter than 32 characters", "make one with: openssl rand -hex 32");
    keys->add(file->secret);
  }
  return keys->empty() ? nullptr : keys;
}

Secret Preparation::admin_token() {
  constexpr size_t kTokenBytesMin = 16;
  const std::string& path = config_.admin_token_file;
  if (path.empty()) return {};
  auto file = ops::read_secret_file(path);
  if (!file.ok()) {
    error("admin.token_file", path + ": " + std::string(file.status().message()),
          "name a file with one line, the token");
    return {};
  }
  if (file->others_may_read) warning("admin.token_file", path + " can be read by others", "chmod 600 " + path);
  if (file->secret.bytes().size() < kTokenBytesMin)
    error("admin.token_file", path + " holds less than 16 bytes", "write a random token into it");
  return std::move(file->secret);
}

}  // namespace noom::turn
