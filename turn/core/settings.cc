#include "turn/core/settings.h"

#include "common/wire/digest.h"

namespace noom::turn {

Shared::Shared(Secret key, Duration nonce_lifetime)
    : nonce_key(std::move(key)),
      ticket_keys(nonce_key),
      instance(load_be<uint32_t>(wire::hmac_sha256(nonce_key.bytes(), {as_bytes("noom instance")}).data())),
      nonces(nonce_key.clone(), nonce_lifetime) {}

}  // namespace noom::turn
