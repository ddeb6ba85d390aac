// A static user as an operator writes one, in auth.users or a line of auth.user_file:
//
//   name:password
//   name:password<TAB>allocations=10<TAB>bits_per_second=2000000<TAB>packets_per_second=500<TAB>new_peers_per_second=5
//   name:<TAB>md5=<32 hexadecimal digits><TAB>sha256=<64 hexadecimal digits>
//
// A tab can be part of no password, hence columns are told from it without quoting.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "common/base/secret.h"

namespace noom::auth {

// What an operator grants one user, over all allocations, in place of what everybody has. Not set: as everybody; 0: no
// limit.
struct UserLimits {
  std::optional<uint32_t> allocations_max = {};
  std::optional<uint64_t> bits_per_second = {};  // each direction; likewise packets
  std::optional<uint64_t> packets_per_second = {};
  std::optional<uint64_t> new_peers_per_second = {};
};

// What proves a user: a password, or keys made from one for the server's realm.
struct User {
  Secret password;
  Secret md5_key = {};     // 16 bytes, RFC 8489 §9.2.2
  Secret sha256_key = {};  // 32 bytes
  UserLimits limits = {};
};

struct UserEntry {
  std::string name;
  User user;
};

// Either the entry, its name and password prepared by OpaqueString, or what is wrong with it in words that repeat
// nothing of the text: a fragment that follows "entry 3 ".
struct ParsedUserEntry {
  std::optional<UserEntry> entry;
  std::string_view problem;
};
ParsedUserEntry parse_user_entry(std::string_view text);

}  // namespace noom::auth
