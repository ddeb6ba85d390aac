// What a member of a room may do. docs/admission.md has the table.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace noom::signal {

// In order of power.
enum class Role : uint8_t { kViewer, kMember, kModerator, kHost };
constexpr size_t kRoleCount = 4;
constexpr std::array<std::string_view, kRoleCount> kRoleNames = {"viewer", "member", "moderator", "host"};

constexpr std::string_view to_string(Role role) {
  return kRoleNames[static_cast<size_t>(role)];
}
constexpr std::optional<Role> parse_role(std::string_view name) {
  for (size_t i = 0; i < kRoleCount; ++i)
    if (kRoleNames[i] == name) return static_cast<Role>(i);
  return std::nullopt;
}

}  // namespace noom::signal
