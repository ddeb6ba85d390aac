#include "turn/core/revocations.h"

#include <algorithm>

#include "turn/core/limits.h"

namespace noom::turn {
namespace {

bool is_prefix(std::string_view name) {
  return name.ends_with('.');
}

}  // namespace

bool is_revocable(std::string_view name) {
  return !name.empty() && name != "." && name.size() <= kUsernameBytesMax;
}

bool Revocation::names(std::string_view username, std::string_view name_in_it) const {
  if (username == name || name_in_it == name) return true;
  return is_prefix(name) && username != name_in_it && name_in_it.starts_with(name);
}

size_t Revocations::add(std::string name, Wall until, Wall now) {
  forget_past(now);
  if (until <= now) return 0;
  const auto [entry, is_new] = until_.try_emplace(name, until);
  if (!is_new) {
    if (entry->second >= until) return 0;
    by_end_.erase({entry->second, name});
    entry->second = until;
  }
  by_end_.emplace(until, std::move(name));
  size_t forgotten = 0;
  for (; until_.size() > capacity_; ++forgotten) {
    until_.erase(by_end_.begin()->second);
    by_end_.erase(by_end_.begin());
  }
  return forgotten;
}

bool Revocations::contains(std::string_view name, Wall expires, Wall now) {
  forget_past(now);
  if (until_.empty()) return false;
  if (covers(name, expires)) return true;
  for (size_t dot = name.find('.'); dot != name.npos; dot = name.find('.', dot + 1))
    if (covers(name.substr(0, dot + 1), expires)) return true;
  return false;
}

bool Revocations::covers(std::string_view name, Wall expires) const {
  const auto entry = until_.find(std::string(name));
  return entry != until_.end() && expires <= entry->second;
}

void Revocations::forget_past(Wall now) {
  while (!by_end_.empty() && by_end_.begin()->first <= now) {
    until_.erase(by_end_.begin()->second);
    by_end_.erase(by_end_.begin());
  }
}

}  // namespace noom::turn
