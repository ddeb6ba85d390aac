#include "common/auth/aes_gcm.h"

#include <openssl/evp.h>

#include <memory>

namespace noom::auth {
namespace {

struct Free {
  void operator()(EVP_CIPHER_CTX* context) const { EVP_CIPHER_CTX_free(context); }
};
const unsigned char* octets(Bytes bytes) {
  return reinterpret_cast<const unsigned char*>(bytes.data());
}
unsigned char* octets(MutableBytes bytes) {
  return reinterpret_cast<unsigned char*>(bytes.data());
}

}  // namespace

bool aes_gcm(Gcm operation, Bytes key, Bytes nonce, Bytes associated, MutableBytes text, MutableBytes tag) {
  const bool seal = operation == Gcm::kSeal;
  const EVP_CIPHER* const cipher = key.size() == 32 ? EVP_aes_256_gcm() : EVP_aes_128_gcm();
  const std::unique_ptr<EVP_CIPHER_CTX, Free> context(EVP_CIPHER_CTX_new());
  EVP_CIPHER_CTX* const c = context.get();
  constexpr int kTagBytes = static_cast<int>(kGcmTagSize);
  int size = 0;
  bool good = c != nullptr && EVP_CipherInit_ex(c, cipher, nullptr, nullptr, nullptr, seal ? 1 : 0) == 1 &&
              EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_SET_IVLEN, static_cast<int>(nonce.size()), nullptr) == 1 &&
              EVP_CipherInit_ex(c, nullptr, nullptr, octets(key), octets(nonce), seal ? 1 : 0) == 1 &&
              EVP_CipherUpdate(c, nullptr, &size, octets(associated), static_cast<int>(associated.size())) == 1 &&
              EVP_CipherUpdate(c, octets(text), &size, octets(text), static_cast<int>(text.size())) == 1;
  if (!seal) good = good && EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_SET_TAG, kTagBytes, tag.data()) == 1;
  good = good && EVP_CipherFinal_ex(c, octets(text) + text.size(), &size) == 1;
  if (seal) good = good && EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_GET_TAG, kTagBytes, tag.data()) == 1;
  return good;
}

}  // namespace noom::auth
