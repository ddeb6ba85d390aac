#include "common/wire/digest.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <zlib.h>

#include <cstdio>
#include <cstdlib>
#include <memory>

namespace noom::wire {
namespace {

struct Free {
  void operator()(EVP_MD* md) const { EVP_MD_free(md); }
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
  void operator()(EVP_MAC* mac) const { EVP_MAC_free(mac); }
  void operator()(EVP_MAC_CTX* context) const { EVP_MAC_CTX_free(context); }
};
template <typename T>
using Owned = std::unique_ptr<T, Free>;

void require(bool succeeded, const char* what) {
  if (succeeded) return;
  std::fprintf(stderr, "noom: OpenSSL cannot provide %s\n", what);
  std::abort();
}

// A digest with its context: one per thread and algorithm.
class Hasher {
 public:
  explicit Hasher(const char* name)
      : name_(name), md_(EVP_MD_fetch(nullptr, name, nullptr)), context_(EVP_MD_CTX_new()) {
    require(md_ != nullptr && context_ != nullptr, name_);
  }
  template <size_t kSize>
  std::array<std::byte, kSize> operator()(std::initializer_list<Bytes> pieces) {
    std::array<std::byte, kSize> digest;
    unsigned int size = 0;
    bool good = EVP_DigestInit_ex2(context_.get(), md_.get(), nullptr) == 1;
    for (const Bytes piece : pieces) good = good && EVP_DigestUpdate(context_.get(), piece.data(), piece.size()) == 1;
    good = good && EVP_DigestFinal_ex(context_.get(), reinterpret_cast<unsigned char*>(digest.data()), &size) == 1;
    require(good && size == kSize, name_);
    return digest;
  }

 private:
  const char* name_;
  Owned<EVP_MD> md_;
  Owned<EVP_MD_CTX> context_;
};

// The same for HMAC. The context remembers its digest, so that a new key costs no lookup.
class KeyedHasher {
 public:
  explicit KeyedHasher(const char* digest_name) : name_(digest_name) {
    const Owned<EVP_MAC> mac(EVP_MAC_fetch(nullptr, OSSL_MAC_NAME_HMAC, nullptr));
    context_.reset(EVP_MAC_CTX_new(mac.get()));
    const OSSL_PARAM parameters[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, const_cast<char*>(digest_name), 0),
        OSSL_PARAM_construct_end(),
    };
    require(context_ != nullptr && EVP_MAC_CTX_set_params(context_.get(), parameters) == 1, name_);
  }
  template <size_t kSize>
  std::array<std::byte, kSize> operator()(Bytes key, std::initializer_list<Bytes> pieces) {
    // A null key would mean "the key of the last call" to OpenSSL.
    static constexpr unsigned char kEmpty = 0;
    const auto* key_data = key.empty() ? &kEmpty : reinterpret_cast<const unsigned char*>(key.data());
    std::array<std::byte, kSize> digest;
    size_t size = 0;
    bool good = EVP_MAC_init(context_.get(), key_data, key.size(), nullptr) == 1;
    for (const Bytes piece : pieces)
      good = good &&
             EVP_MAC_update(context_.get(), reinterpret_cast<const unsigned char*>(piece.data()), piece.size()) == 1;
    good = good && EVP_MAC_final(context_.get(), reinterpret_cast<unsigned char*>(digest.data()), &size, kSize) == 1;
    require(good && size == kSize, name_);
    return digest;
  }

 private:
  const char* name_;
  Owned<EVP_MAC_CTX> context_;
};

}  // namespace

Md5Digest md5(std::initializer_list<Bytes> pieces) {
  thread_local Hasher hasher("MD5");
  return hasher.operator()<sizeof(Md5Digest)>(pieces);
}

Sha256Digest sha256(std::initializer_list<Bytes> pieces) {
  thread_local Hasher hasher("SHA256");
  return hasher.operator()<sizeof(Sha256Digest)>(pieces);
}

Sha1Digest hmac_sha1(Bytes key, std::initializer_list<Bytes> pieces) {
  thread_local KeyedHasher hasher("SHA1");
  return hasher.operator()<sizeof(Sha1Digest)>(key, pieces);
}

Sha256Digest hmac_sha256(Bytes key, std::initializer_list<Bytes> pieces) {
  thread_local KeyedHasher hasher("SHA256");
  return hasher.operator()<sizeof(Sha256Digest)>(key, pieces);
}

uint32_t crc32(std::initializer_list<Bytes> pieces) {
  uLong crc = 0;
  for (const Bytes piece : pieces) crc = ::crc32_z(crc, reinterpret_cast<const Bytef*>(piece.data()), piece.size());
  return static_cast<uint32_t>(crc);
}

}  // namespace noom::wire
