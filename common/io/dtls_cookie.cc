#include "common/io/dtls_cookie.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <cstdlib>

#include "common/base/secret.h"

namespace noom::io {

namespace {

void write(Writer& writer, const IpEndpoint& endpoint) {
  writer.u8(static_cast<uint8_t>(endpoint.address.family()));
  writer.bytes(endpoint.address.bytes());
  writer.u16(endpoint.port);
}

DtlsCookies::Cookie mac(Bytes key, const IpEndpoint& client, const IpEndpoint& server, const ClientHello& hello) {
  std::array<std::byte, 2 * (1 + 16 + 2) + 2 + 32 + 1 + 32> covered;
  Writer writer(covered);
  write(writer, client);
  write(writer, server);
  writer.u16(hello.version);
  writer.bytes(hello.random);
  writer.u8(static_cast<uint8_t>(hello.session_id.size()));
  writer.bytes(hello.session_id);
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest;
  unsigned size = 0;
  if (!writer.ok() ||
      HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
           reinterpret_cast<const unsigned char*>(covered.data()), writer.size(), digest.data(), &size) == nullptr) {
    std::abort();
  }
  DtlsCookies::Cookie cookie;
  std::copy_n(reinterpret_cast<const std::byte*>(digest.data()), cookie.size(), cookie.begin());
  return cookie;
}

bool equal(const DtlsCookies::Cookie& ours, Bytes theirs) {
  return theirs.size() == ours.size() && CRYPTO_memcmp(ours.data(), theirs.data(), ours.size()) == 0;
}

}  // namespace

DtlsCookies::DtlsCookies(Random& random) : random_(random) {}

DtlsCookies::~DtlsCookies() {
  secure_zero(current_);
  secure_zero(previous_);
}

void DtlsCookies::change_keys(Mono now) {
  if (started_ && now - changed_ < kKeyLifetime) return;
  if (started_ && now - changed_ < 2 * kKeyLifetime) {
    previous_ = current_;
    changed_ += kKeyLifetime;
  } else {  // after a quiet while the last key is too old as well
    random_.fill(previous_);
    changed_ = now;
  }
  random_.fill(current_);
  started_ = true;
}

DtlsCookies::Cookie DtlsCookies::make(Mono now, const IpEndpoint& client, const IpEndpoint& server,
                                      const ClientHello& hello) {
  change_keys(now);
  return mac(current_, client, server, hello);
}

bool DtlsCookies::accept(Mono now, const IpEndpoint& client, const IpEndpoint& server, const ClientHello& hello) {
  if (hello.cookie.empty()) return false;
  change_keys(now);
  return equal(mac(current_, client, server, hello), hello.cookie) ||
         equal(mac(previous_, client, server, hello), hello.cookie);
}

}  // namespace noom::io
