#include "common/auth/user_entry.h"

#include <absl/strings/escaping.h>
#include <absl/strings/string_view.h>

#include <algorithm>
#include <charconv>

#include "common/auth/opaque_string.h"
#include "common/wire/password_algorithm.h"

namespace noom::auth {
namespace {

constexpr char kTab = '\t';

bool is_hexadecimal(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

bool read_key(std::string_view digits, wire::PasswordAlgorithm algorithm, Secret& key) {
  if (digits.size() != 2 * wire::key_size(algorithm) || !std::ranges::all_of(digits, is_hexadecimal)) return false;
  key = Secret(absl::HexStringToBytes(absl::string_view(digits.data(), digits.size())));
  return true;
}

template <typename T>
bool read_number(std::string_view digits, std::optional<T>& number) {
  T value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (error != std::errc() || end != digits.data() + digits.size()) return false;
  number = value;
  return true;
}

// Empty when the column is good.
std::string_view read_column(std::string_view column, User& user) {
  const size_t equals = column.find('=');
  const std::string_view name = column.substr(0, equals);
  const std::string_view value = equals == column.npos ? std::string_view() : column.substr(equals + 1);
  if (name == "md5")
    return read_key(value, wire::PasswordAlgorithm::kMd5, user.md5_key) ? "" : "has an md5 that is not 32 hex digits";
  if (name == "sha256")
    return read_key(value, wire::PasswordAlgorithm::kSha256, user.sha256_key)
               ? ""
               : "has a sha256 that is not 64 hex digits";
  if (name == "allocations")
    return read_number(value, user.limits.allocations_max) ? "" : "has an allocations that is not a number";
  if (name == "bits_per_second")
    return read_number(value, user.limits.bits_per_second) ? "" : "has a bits_per_second that is not a number";
  if (name == "packets_per_second")
    return read_number(value, user.limits.packets_per_second) ? "" : "has a packets_per_second that is not a number";
  if (name == "new_peers_per_second")
    return read_number(value, user.limits.new_peers_per_second) ? ""
                                                                : "has a new_peers_per_second that is not a number";
  return "has a column that is none of md5, sha256, allocations, bits_per_second, packets_per_second and "
         "new_peers_per_second";
}

// Somebody's editor made blanks of the tabs.
bool looks_like_columns(std::string_view password) {
  for (const std::string_view column :
       {" md5=", " sha256=", " allocations=", " bits_per_second=", " packets_per_second=", " new_peers_per_second="})
    if (password.find(column) != password.npos) return true;
  return password.starts_with("md5=") || password.starts_with("sha256=");
}

}  // namespace

ParsedUserEntry parse_user_entry(std::string_view text) {
  const auto fails = [](std::string_view problem) { return ParsedUserEntry{std::nullopt, problem}; };
  const size_t colon = text.find(':');
  if (colon == text.npos || colon == 0) return fails("is not a name, a colon and a password");
  const auto name = opaque_string(text.substr(0, colon));
  if (!name) return fails("has a name that RFC 8265 does not allow: not UTF-8, or with invisible characters");

  ParsedUserEntry parsed{.entry = UserEntry{.name = *name, .user = {}}, .problem = {}};
  User& user = parsed.entry->user;
  std::string_view columns = text.substr(colon + 1);
  const std::string_view password = columns.substr(0, columns.find(kTab));
  columns.remove_prefix(password.size());
  if (looks_like_columns(password)) return fails("has columns that are not separated by tabs");
  if (!password.empty()) {
    const auto prepared = opaque_string(password);
    if (!prepared) return fails("has a password that RFC 8265 does not allow: not UTF-8, or with invisible characters");
    user.password = Secret(*prepared);
  }
  while (!columns.empty()) {
    columns.remove_prefix(1);
    const std::string_view column = columns.substr(0, columns.find(kTab));
    columns.remove_prefix(column.size());
    if (const std::string_view problem = read_column(column, user); !problem.empty()) return fails(problem);
  }
  const bool has_keys = !user.md5_key.empty() || !user.sha256_key.empty();
  if (user.password.empty() && !has_keys) return fails("is not a name, a colon and a password");
  if (!user.password.empty() && has_keys) return fails("has a password and keys, of which one is enough");
  return parsed;
}

}  // namespace noom::auth
