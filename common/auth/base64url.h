// base64url without padding, as JOSE writes everything (RFC 7515 §2).
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "common/base/bytes.h"

namespace noom::auth {

std::string encode_base64url(Bytes bytes);
// nullopt for any other character, padding, an impossible length, or unused bits that are not zero: of any bytes there
// is one text.
std::optional<std::string> decode_base64url(std::string_view text);

}  // namespace noom::auth
