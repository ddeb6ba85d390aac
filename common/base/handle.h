// Handles cross boundaries; pointers and file descriptors do not. A handle is an index into its owner's table and the
// generation of that entry, so that a handle kept too long finds nothing rather than somebody else's entry.
#pragma once

#include <compare>
#include <cstdint>
#include <utility>

namespace noom {

template <typename Tag>
struct Handle {
  uint32_t index = UINT32_MAX;
  uint32_t generation = 0;

  constexpr bool valid() const { return index != UINT32_MAX; }
  friend constexpr auto operator<=>(const Handle&, const Handle&) = default;
  template <typename H>
  friend H AbslHashValue(H h, const Handle& handle) {
    return H::combine(std::move(h), handle.index, handle.generation);
  }
};

}  // namespace noom
