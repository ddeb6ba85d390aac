#include "common/auth/opaque_string.h"

#include <unictype.h>
#include <uninorm.h>
#include <unistr.h>

#include <cstdlib>
#include <memory>

namespace noom::auth {
namespace {

// RFC 8264 §9: OldHangulJamo are contextually useless and refused with the rest.
bool is_refused(ucs4_t c) {
  if (c >= 0x21 && c <= 0x7E) return false;
  constexpr ucs4_t kZeroWidthNonJoiner = 0x200C, kZeroWidthJoiner = 0x200D;
  if (c == kZeroWidthNonJoiner || c == kZeroWidthJoiner) return false;  // scripts need them (RFC 5892, appendix A)
  if (uc_is_property(c, UC_PROPERTY_DEFAULT_IGNORABLE_CODE_POINT)) return true;
  if (uc_is_property(c, UC_PROPERTY_NOT_A_CHARACTER)) return true;
  static const uc_general_category_t kRefused =
      uc_general_category_or(uc_general_category_or(UC_CATEGORY_C, UC_CATEGORY_Zl), UC_CATEGORY_Zp);
  return uc_is_general_category(c, kRefused);
}

}  // namespace

std::optional<std::string> opaque_string(std::string_view text) {
  const auto* const bytes = reinterpret_cast<const uint8_t*>(text.data());
  if (text.empty() || u8_check(bytes, text.size()) != nullptr) return std::nullopt;
  std::string mapped;
  for (size_t at = 0; at < text.size();) {
    ucs4_t c = 0;
    const int size = u8_mbtouc(&c, bytes + at, text.size() - at);
    if (is_refused(c)) return std::nullopt;
    if (uc_is_general_category(c, UC_CATEGORY_Zs))
      mapped += ' ';
    else
      mapped.append(text, at, static_cast<size_t>(size));
    at += static_cast<size_t>(size);
  }
  size_t length = 0;
  const std::unique_ptr<uint8_t, decltype(&std::free)> normal(
      u8_normalize(UNINORM_NFC, reinterpret_cast<const uint8_t*>(mapped.data()), mapped.size(), nullptr, &length),
      &std::free);
  if (normal == nullptr) return std::nullopt;
  return std::string(reinterpret_cast<const char*>(normal.get()), length);
}

}  // namespace noom::auth
