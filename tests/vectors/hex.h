// Test vectors are written as hexadecimal text, spaces anywhere, so that they can be compared with the RFCs by eye.
#pragma once

#include <cctype>
#include <cstddef>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/bytes.h"

namespace noom::vectors {

inline std::vector<std::byte> from_hex(std::string_view text) {
  const auto nibble = [](char digit) {
    const size_t at = std::string_view("0123456789abcdef").find(static_cast<char>(std::tolower(digit)));
    if (at == std::string_view::npos) throw std::invalid_argument("not a hexadecimal digit");
    return static_cast<unsigned>(at);
  };
  std::string digits;
  for (const char c : text)
    if (std::isspace(static_cast<unsigned char>(c)) == 0) digits.push_back(c);
  if (digits.size() % 2 != 0) throw std::invalid_argument("odd number of hexadecimal digits");
  std::vector<std::byte> bytes;
  for (size_t i = 0; i < digits.size(); i += 2)
    bytes.push_back(static_cast<std::byte>(nibble(digits[i]) << 4 | nibble(digits[i + 1])));
  return bytes;
}

inline std::string to_hex(Bytes bytes) {
  std::string text;
  for (const std::byte b : bytes)
    for (const unsigned nibble : {std::to_integer<unsigned>(b) >> 4, std::to_integer<unsigned>(b) & 15u})
      text.push_back("0123456789abcdef"[nibble]);
  return text;
}

}  // namespace noom::vectors
