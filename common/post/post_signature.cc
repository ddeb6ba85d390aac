#include "common/post/post_signature.h"

#include "common/base/bytes.h"
#include "common/base/hex.h"
#include "common/wire/digest.h"

namespace noom {

std::string post_signature(const Secret& secret, int64_t unix_time_s, std::string_view body) {
  const std::string time = std::to_string(unix_time_s);
  const auto digest = wire::hmac_sha256(secret.bytes(), {as_bytes(time), as_bytes("."), as_bytes(body)});
  return "t=" + time + ",v1=" + to_hex(digest);
}

}  // namespace noom
