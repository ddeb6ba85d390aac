// A key that verifies JSON Web Signatures (RFC 7515) with the one algorithm it was made for (RFC 7518 §3, RFC 8037
// §3.1). Whoever names another algorithm finds no key: a public key is never taken for an HMAC secret. OpenSSL does the
// arithmetic; JSON is not known here.
#pragma once

#include <absl/status/statusor.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "common/base/bytes.h"
#include "common/base/secret.h"

struct evp_pkey_st;

namespace noom::auth {

enum class JwsAlgorithm : uint8_t { kHs256, kRs256, kEs256, kEdDsa };
std::string_view to_string(JwsAlgorithm algorithm);                      // "HS256", "RS256", "ES256", "EdDSA"
std::optional<JwsAlgorithm> parse_jws_algorithm(std::string_view name);  // exactly these; "none" is none of them

constexpr size_t kHmacKeyBytesMin = 32;  // RFC 7518 §3.2: as long as the hash
constexpr int kRsaBitsMin = 2048;        // RFC 7518 §3.3
constexpr int kRsaBitsMax = 8192;        // bounds what verifying costs
constexpr size_t kRsaExponentBytesMax = 8;

// Immutable, hence thread-safe.
class JwsKey {
 public:
  // The error says what is wrong with the key, and never holds any of it.
  static absl::StatusOr<JwsKey> hmac(Secret key);
  static absl::StatusOr<JwsKey> rsa(Bytes modulus, Bytes exponent);  // big-endian, without leading zeros
  static absl::StatusOr<JwsKey> p256(Bytes x, Bytes y);              // 32 bytes each
  static absl::StatusOr<JwsKey> ed25519(Bytes x);                    // 32 bytes

  JwsAlgorithm algorithm() const { return algorithm_; }
  // Any bytes are legal input. A signature has the one length its algorithm gives it.
  bool verify(Bytes signing_input, Bytes signature) const;

 private:
  struct Free {
    void operator()(evp_pkey_st* key) const;
  };
  using PublicKey = std::unique_ptr<evp_pkey_st, Free>;

  JwsKey(JwsAlgorithm algorithm, Secret secret, PublicKey public_key)
      : algorithm_(algorithm), secret_(std::move(secret)), public_(std::move(public_key)) {}

  JwsAlgorithm algorithm_;
  Secret secret_;     // kHs256
  PublicKey public_;  // the others
};

}  // namespace noom::auth
