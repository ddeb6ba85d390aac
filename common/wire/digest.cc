#include "common/wire/digest.h"

#include <openssl/evp.h>
#include <zlib.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <memory>

#include "common/base/secret.h"

namespace noom::wire {
namespace {

struct Free {
  void operator()(EVP_MD* md) const { EVP_MD_free(md); }
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};

void require(bool succeeded, const char* what) {
  if (succeeded) return;
  std::fprintf(stderr, "noom: OpenSSL cannot provide %s\n", what);
  std::abort();
}

// A digest of kSize bytes with its context: one per thread and algorithm.
template <size_t kSize>
class Hasher {
 public:
  using Digest = std::array<std::byte, kSize>;

  explicit Hasher(const char* name)
      : name_(name), md_(EVP_MD_fetch(nullptr, name, nullptr)), context_(EVP_MD_CTX_new()) {
    require(md_ != nullptr && context_ != nullptr, name_);
  }
  // The digest of `first` and then `pieces`.
  Digest hash(Bytes first, std::initializer_list<Bytes> pieces) {
    Digest digest;
    unsigned int size = 0;
    bool good = EVP_DigestInit_ex2(context_.get(), md_.get(), nullptr) == 1 && update(first);
    for (const Bytes piece : pieces) good = good && update(piece);
    good = good && EVP_DigestFinal_ex(context_.get(), reinterpret_cast<unsigned char*>(digest.data()), &size) == 1;
    require(good && size == kSize, name_);
    return digest;
  }

 private:
  bool update(Bytes piece) { return EVP_DigestUpdate(context_.get(), piece.data(), piece.size()) == 1; }

  const char* name_;
  std::unique_ptr<EVP_MD, Free> md_;
  std::unique_ptr<EVP_MD_CTX, Free> context_;
};

// RFC 2104 §2. EVP_MAC does the same in half as much time again: it makes contexts anew for every key.
template <size_t kSize>
std::array<std::byte, kSize> hmac(Hasher<kSize>& hasher, Bytes key, std::initializer_list<Bytes> pieces) {
  constexpr size_t kBlockSize = 64;  // of SHA-1 and SHA-256
  constexpr std::byte kInner{0x36}, kOuter{0x5c};
  std::array<std::byte, kBlockSize> block{};
  if (key.size() <= kBlockSize) {
    std::ranges::copy(key, block.begin());
  } else {
    std::ranges::copy(hasher.hash(key, {}), block.begin());
  }
  for (std::byte& b : block) b ^= kInner;
  const auto inner = hasher.hash(block, pieces);
  for (std::byte& b : block) b ^= kInner ^ kOuter;
  const auto outer = hasher.hash(block, {inner});
  secure_zero(block);
  return outer;
}

}  // namespace

Md5Digest md5(std::initializer_list<Bytes> pieces) {
  thread_local Hasher<sizeof(Md5Digest)> hasher("MD5");
  return hasher.hash({}, pieces);
}

Sha256Digest sha256(std::initializer_list<Bytes> pieces) {
  thread_local Hasher<sizeof(Sha256Digest)> hasher("SHA256");
  return hasher.hash({}, pieces);
}

Sha1Digest hmac_sha1(Bytes key, std::initializer_list<Bytes> pieces) {
  thread_local Hasher<sizeof(Sha1Digest)> hasher("SHA1");
  return hmac(hasher, key, pieces);
}

Sha256Digest hmac_sha256(Bytes key, std::initializer_list<Bytes> pieces) {
  thread_local Hasher<sizeof(Sha256Digest)> hasher("SHA256");
  return hmac(hasher, key, pieces);
}

uint32_t crc32(std::initializer_list<Bytes> pieces) {
  uLong crc = 0;
  for (const Bytes piece : pieces) crc = ::crc32_z(crc, reinterpret_cast<const Bytef*>(piece.data()), piece.size());
  return static_cast<uint32_t>(crc);
}

}  // namespace noom::wire
