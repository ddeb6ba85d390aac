#include "common/auth/base64url.h"

#include <absl/strings/escaping.h>

namespace noom::auth {

std::string encode_base64url(Bytes bytes) {
  const std::string_view text = as_text(bytes);
  return absl::WebSafeBase64Escape({text.data(), text.size()});
}

std::optional<std::string> decode_base64url(std::string_view text) {
  std::string bytes;
  // Abseil's decoder passes over spaces and padding; what it made of them is not what was written.
  if (!absl::WebSafeBase64Unescape({text.data(), text.size()}, &bytes)) return std::nullopt;
  if (encode_base64url(as_bytes(bytes)) != text) return std::nullopt;
  return bytes;
}

}  // namespace noom::auth
