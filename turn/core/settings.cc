#include "turn/core/settings.h"

#include "common/wire/digest.h"

namespace noom::turn {

Shared::Shared(Secret nonce_key, Duration nonce_lifetime)
    : ticket_keys(nonce_key),
      instance(load_be<uint32_t>(wire::hmac_sha256(nonce_key.bytes(), {as_bytes("noom instance")}).data())),
      nonces(std::move(nonce_key), nonce_lifetime) {}

}  // namespace noom::turn
