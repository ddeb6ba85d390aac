// Bytes as text, for people and for protocols that want hexadecimal digits.
#pragma once

#include <string>
#include <string_view>

#include "common/base/bytes.h"

namespace noom {

// Two lower-case digits a byte.
inline std::string to_hex(Bytes bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  text.reserve(2 * bytes.size());
  for (const std::byte byte : bytes) {
    text += kDigits[std::to_integer<size_t>(byte) >> 4];
    text += kDigits[std::to_integer<size_t>(byte) & 15];
  }
  return text;
}

}  // namespace noom
