// "did you mean": the nearest of a list of names.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace noom::ops {

// Insertions, deletions, substitutions and swaps of neighbours (optimal string alignment). O(a × b).
size_t edit_distance(std::string_view a, std::string_view b);

// The candidate with the smallest distance, if it is at most a third of the word's length (but at least 2); the first
// of equals.
std::optional<std::string> nearest(std::string_view word, const std::vector<std::string>& candidates);

}  // namespace noom::ops
