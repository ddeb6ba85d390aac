// Preparing user names and passwords so that what looks alike is alike: the OpaqueString profile, RFC 8265 §4.2, as RFC
// 8489 §9.2.2 wants it before a key is made.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace noom::auth {

// UTF-8 in normalization form C with every other space as U+0020. nullopt when the text is empty, is not UTF-8, or
// holds what the FreeformClass of RFC 8264 §4.3 refuses: controls, code points unassigned in this system's Unicode,
// surrogates, private use, noncharacters, line and paragraph separators, invisible formatting. Case is kept.
std::optional<std::string> opaque_string(std::string_view text);

// Whether the profile leaves the text as it is at a glance: printable ASCII and nothing else.
constexpr bool is_plain(std::string_view text) {
  for (const char c : text)
    if (c < 0x20 || c > 0x7E) return false;
  return !text.empty();
}

}  // namespace noom::auth
