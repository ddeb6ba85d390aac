// Time-limited credentials that were taken back before their end: a member was thrown out, a room was closed.
#pragma once

#include <absl/container/flat_hash_map.h>

#include <cstddef>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "common/base/time.h"

namespace noom::turn {

// Whom it concerns, by the name in "<expiry>:<name>": exactly that name, or, ending in a dot, every name that begins
// so. A static user's name ends his allocations, but does not keep him out.
struct Revocation {
  std::string name;
  // Credentials that expire up to then are worth nothing any more; those minted later are good. Nothing: what lives
  // ends, and no credentials are refused.
  std::optional<Wall> until = {};

  // `name` of credentials "<expiry>:<name>", or a static user's.
  bool names(std::string_view username, std::string_view name_in_it) const;
};

// An order's name: 1 to kUsernameBytesMax bytes, and not a dot alone.
bool is_revocable(std::string_view name);

// Bounded: beyond `capacity`, what ends first is forgotten first. Single-threaded.
class Revocations {
 public:
  explicit Revocations(size_t capacity) : capacity_(capacity) {}

  // Returns how many others had to be forgotten.
  size_t add(std::string name, Wall until, Wall now);
  // Whether credentials of that name, which expire then, were taken back. O(dots in the name).
  bool contains(std::string_view name, Wall expires, Wall now);
  size_t size() const { return until_.size(); }
  template <typename F>
  void for_each(F&& visit) const {
    for (const auto& [until, name] : by_end_) visit(name, until);
  }

 private:
  void forget_past(Wall now);
  bool covers(std::string_view name, Wall expires) const;

  size_t capacity_;
  absl::flat_hash_map<std::string, Wall> until_;
  std::set<std::pair<Wall, std::string>> by_end_;
};

}  // namespace noom::turn
