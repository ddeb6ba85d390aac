// AES-128-GCM and AES-256-GCM (NIST SP 800-38D) over bytes in place, by OpenSSL. What is sealed, under which key and
// with which nonce, is the caller's business.
#pragma once

#include "common/base/bytes.h"

namespace noom::auth {

constexpr size_t kGcmTagSize = 16;

enum class Gcm : uint8_t { kSeal, kOpen };
// One operation over `text` in place; the key (16 or 32 bytes) chooses the cipher. `tag` is kGcmTagSize bytes: written
// when sealing, compared when opening. False: the tag does not fit, and `text` is worthless. A nonce must never be used
// twice with one key.
bool aes_gcm(Gcm operation, Bytes key, Bytes nonce, Bytes associated, MutableBytes text, MutableBytes tag);

}  // namespace noom::auth
