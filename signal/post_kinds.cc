#include "signal/post_kinds.h"

#include <memory>
#include <utility>

#include "common/base/bytes.h"
#include "common/wire/digest.h"

namespace noom::signal {

std::string webhook_signature(const Secret& secret, int64_t unix_time_s, std::string_view body) {
  const std::string time = std::to_string(unix_time_s);
  const auto digest = wire::hmac_sha256(secret.bytes(), {as_bytes(time), as_bytes("."), as_bytes(body)});
  std::string text = "t=" + time + ",v1=";
  for (const std::byte byte : digest) {
    constexpr std::string_view kHex = "0123456789abcdef";
    text += kHex[std::to_integer<size_t>(byte) >> 4];
    text += kHex[std::to_integer<size_t>(byte) & 15];
  }
  return text;
}

PostKind webhooks_signed_with(Secret secret) {
  return {"webhook", [secret = std::make_shared<const Secret>(std::move(secret))](Now now, const Post& post) {
            return PostHeaders{{"Noom-Event", post.id},
                               {"Noom-Signature", webhook_signature(*secret, unix_seconds(now.wall), post.body)}};
          }};
}

// RFC 6750 §2.1.
PostKind relay_orders_with(Secret token) {
  return {"relay_order", [token = std::make_shared<const Secret>(std::move(token))](Now, const Post&) {
            return PostHeaders{{"Authorization", "Bearer " + std::string(as_text(token->bytes()))}};
          }};
}

}  // namespace noom::signal
