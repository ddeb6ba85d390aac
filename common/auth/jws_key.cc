#include "common/auth/jws_key.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>

#include <array>
#include <string>
#include <vector>

#include "common/wire/digest.h"

namespace noom::auth {
namespace {

constexpr size_t kCoordinateBytes = 32;
constexpr size_t kEs256SignatureBytes = 2 * kCoordinateBytes;  // RFC 7518 §3.4: R and S, not DER
constexpr size_t kEd25519KeyBytes = 32;
constexpr std::array<std::string_view, 4> kNames = {"HS256", "RS256", "ES256", "EdDSA"};

template <auto kFree>
struct Freed {
  template <typename T>
  void operator()(T* object) const {
    kFree(object);
  }
};
using BigNumber = std::unique_ptr<BIGNUM, Freed<BN_free>>;
using Builder = std::unique_ptr<OSSL_PARAM_BLD, Freed<OSSL_PARAM_BLD_free>>;
using Params = std::unique_ptr<OSSL_PARAM, Freed<OSSL_PARAM_free>>;
using KeyContext = std::unique_ptr<EVP_PKEY_CTX, Freed<EVP_PKEY_CTX_free>>;
using DigestContext = std::unique_ptr<EVP_MD_CTX, Freed<EVP_MD_CTX_free>>;
using EcSignature = std::unique_ptr<ECDSA_SIG, Freed<ECDSA_SIG_free>>;

const unsigned char* octets(Bytes bytes) {
  return reinterpret_cast<const unsigned char*>(bytes.data());
}
BigNumber big_number(Bytes bytes) {
  return BigNumber(BN_bin2bn(octets(bytes), static_cast<int>(bytes.size()), nullptr));
}

// nullptr when OpenSSL finds fault with the numbers: a point that is not on the curve, an even modulus.
EVP_PKEY* public_key(const char* type, OSSL_PARAM_BLD* builder) {
  const Params params(OSSL_PARAM_BLD_to_param(builder));
  const KeyContext context(EVP_PKEY_CTX_new_from_name(nullptr, type, nullptr));
  EVP_PKEY* key = nullptr;
  if (params == nullptr || context == nullptr || EVP_PKEY_fromdata_init(context.get()) != 1 ||
      EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_PUBLIC_KEY, params.get()) != 1)
    return nullptr;
  const KeyContext check(EVP_PKEY_CTX_new_from_pkey(nullptr, key, nullptr));
  if (check != nullptr && EVP_PKEY_public_check(check.get()) == 1) return key;
  EVP_PKEY_free(key);
  return nullptr;
}

// R and S as the DER that OpenSSL verifies; empty when the length is wrong.
std::vector<unsigned char> der_signature(Bytes raw) {
  if (raw.size() != kEs256SignatureBytes) return {};
  const EcSignature signature(ECDSA_SIG_new());
  BigNumber r = big_number(raw.first(kCoordinateBytes));
  BigNumber s = big_number(raw.last(kCoordinateBytes));
  if (signature == nullptr || r == nullptr || s == nullptr) return {};
  if (ECDSA_SIG_set0(signature.get(), r.get(), s.get()) != 1) return {};
  static_cast<void>(r.release());
  static_cast<void>(s.release());
  unsigned char* der = nullptr;
  const int size = i2d_ECDSA_SIG(signature.get(), &der);
  if (size <= 0) return {};
  std::vector<unsigned char> bytes(der, der + size);
  OPENSSL_free(der);
  return bytes;
}

}  // namespace

std::string_view to_string(JwsAlgorithm algorithm) {
  return kNames[static_cast<size_t>(algorithm)];
}

std::optional<JwsAlgorithm> parse_jws_algorithm(std::string_view name) {
  for (size_t i = 0; i < kNames.size(); ++i)
    if (kNames[i] == name) return static_cast<JwsAlgorithm>(i);
  return std::nullopt;
}

void JwsKey::Free::operator()(evp_pkey_st* key) const {
  EVP_PKEY_free(key);
}

absl::StatusOr<JwsKey> JwsKey::hmac(Secret key) {
  if (key.bytes().size() < kHmacKeyBytesMin)
    return absl::InvalidArgumentError("an HS256 key must be at least 32 bytes (RFC 7518 section 3.2)");
  return JwsKey(JwsAlgorithm::kHs256, std::move(key), nullptr);
}

absl::StatusOr<JwsKey> JwsKey::rsa(Bytes modulus, Bytes exponent) {
  const BigNumber n = big_number(modulus);
  const BigNumber e = big_number(exponent);
  const int bits = n == nullptr ? 0 : BN_num_bits(n.get());
  if (bits < kRsaBitsMin || bits > kRsaBitsMax)
    return absl::InvalidArgumentError("an RSA key must have 2048 to 8192 bits");
  if (e == nullptr || exponent.size() > kRsaExponentBytesMax || !BN_is_odd(e.get()) || BN_is_one(e.get()))
    return absl::InvalidArgumentError("an RSA exponent must be an odd number from 3 to 2^64");
  const Builder builder(OSSL_PARAM_BLD_new());
  if (builder == nullptr || OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N, n.get()) != 1 ||
      OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_E, e.get()) != 1)
    return absl::ResourceExhaustedError("out of memory");
  PublicKey key(public_key("RSA", builder.get()));
  if (key == nullptr) return absl::InvalidArgumentError("not an RSA key");
  return JwsKey(JwsAlgorithm::kRs256, Secret(), std::move(key));
}

absl::StatusOr<JwsKey> JwsKey::p256(Bytes x, Bytes y) {
  if (x.size() != kCoordinateBytes || y.size() != kCoordinateBytes)
    return absl::InvalidArgumentError("the coordinates of a P-256 key have 32 bytes (RFC 7518 section 6.2.1.2)");
  std::vector<std::byte> point = {std::byte{4}};  // SEC 1 §2.3.3: uncompressed
  point.insert(point.end(), x.begin(), x.end());
  point.insert(point.end(), y.begin(), y.end());
  const Builder builder(OSSL_PARAM_BLD_new());
  if (builder == nullptr ||
      OSSL_PARAM_BLD_push_utf8_string(builder.get(), OSSL_PKEY_PARAM_GROUP_NAME, "prime256v1", 0) != 1 ||
      OSSL_PARAM_BLD_push_octet_string(builder.get(), OSSL_PKEY_PARAM_PUB_KEY, point.data(), point.size()) != 1)
    return absl::ResourceExhaustedError("out of memory");
  PublicKey key(public_key("EC", builder.get()));
  if (key == nullptr) return absl::InvalidArgumentError("not a point on P-256");
  return JwsKey(JwsAlgorithm::kEs256, Secret(), std::move(key));
}

absl::StatusOr<JwsKey> JwsKey::ed25519(Bytes x) {
  if (x.size() != kEd25519KeyBytes)
    return absl::InvalidArgumentError("an Ed25519 key has 32 bytes (RFC 8037 section 2)");
  PublicKey key(EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, octets(x), x.size()));
  if (key == nullptr) return absl::InvalidArgumentError("not an Ed25519 key");
  return JwsKey(JwsAlgorithm::kEdDsa, Secret(), std::move(key));
}

bool JwsKey::verify(Bytes signing_input, Bytes signature) const {
  if (algorithm_ == JwsAlgorithm::kHs256) {
    const auto mac = wire::hmac_sha256(secret_.bytes(), {signing_input});
    return equal_constant_time(mac, signature);
  }
  std::vector<unsigned char> der;
  if (algorithm_ == JwsAlgorithm::kEs256) {
    der = der_signature(signature);
    if (der.empty()) return false;
    signature = std::as_bytes(std::span(der));
  }
  const DigestContext context(EVP_MD_CTX_new());
  // Ed25519 hashes by itself (RFC 8032 §5.1.7). RSA takes the padding of PKCS #1 v1.5 by default, as RS256 wants it.
  const EVP_MD* const digest = algorithm_ == JwsAlgorithm::kEdDsa ? nullptr : EVP_sha256();
  return context != nullptr && EVP_DigestVerifyInit(context.get(), nullptr, digest, nullptr, public_.get()) == 1 &&
         EVP_DigestVerify(context.get(), octets(signature), signature.size(), octets(signing_input),
                          signing_input.size()) == 1;
}

}  // namespace noom::auth
