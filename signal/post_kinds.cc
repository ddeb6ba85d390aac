#include "signal/post_kinds.h"

#include <memory>
#include <utility>

#include "common/base/bytes.h"
#include "common/post/post_signature.h"

namespace noom::signal {

PostKind webhooks_signed_with(Secret secret) {
  return {"webhook", [secret = std::make_shared<const Secret>(std::move(secret))](Now now, const Post& post) {
            return PostHeaders{{"Noom-Event", post.id},
                               {"Noom-Signature", post_signature(*secret, unix_seconds(now.wall), post.body)}};
          }};
}

// RFC 6750 §2.1.
PostKind relay_orders_with(Secret token) {
  return {"relay_order", [token = std::make_shared<const Secret>(std::move(token))](Now, const Post&) {
            return PostHeaders{{"Authorization", "Bearer " + std::string(as_text(token->bytes()))}};
          }};
}

}  // namespace noom::signal
