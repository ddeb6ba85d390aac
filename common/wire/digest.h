// The digests that STUN is made of: HMAC, MD5 and SHA-256 by OpenSSL, CRC-32 by zlib. Algorithms are fetched once per
// process and contexts kept per thread: OpenSSL 3 otherwise spends more on looking the algorithm up than on hashing a
// STUN message.
#pragma once

#include <array>
#include <initializer_list>

#include "common/base/bytes.h"

namespace noom::wire {

using Md5Digest = std::array<std::byte, 16>;
using Sha1Digest = std::array<std::byte, 20>;
using Sha256Digest = std::array<std::byte, 32>;

// Each hashes the pieces as if they were one string. Thread-safe; allocates only at a thread's first call. An OpenSSL
// without the algorithm (MD5 under a FIPS-only policy) cannot run TURN at all: the process aborts.
Md5Digest md5(std::initializer_list<Bytes> pieces);
Sha256Digest sha256(std::initializer_list<Bytes> pieces);
Sha1Digest hmac_sha1(Bytes key, std::initializer_list<Bytes> pieces);
Sha256Digest hmac_sha256(Bytes key, std::initializer_list<Bytes> pieces);

// The ITU V.42 CRC-32 of RFC 8489 §14.7, without its final XOR with kFingerprintXor.
uint32_t crc32(std::initializer_list<Bytes> pieces);

}  // namespace noom::wire
