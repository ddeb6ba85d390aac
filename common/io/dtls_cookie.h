// The proof that a DTLS client is where it says it is, without a byte of memory for those who are not. RFC 6347 §4.2.1.
#pragma once

#include <array>
#include <cstddef>

#include "common/base/endpoint.h"
#include "common/base/random.h"
#include "common/base/time.h"
#include "common/io/dtls_hello.h"

namespace noom::io {

// A cookie is a MAC over both endpoints and the ClientHello's version, random and session id, under a key that changes
// every kKeyLifetime; the key before is still good, so that a cookie lives one to two of these. Single-threaded.
class DtlsCookies {
 public:
  using Cookie = std::array<std::byte, 16>;
  static constexpr Duration kKeyLifetime = std::chrono::seconds(60);

  // `random` outlives it.
  explicit DtlsCookies(Random& random);
  ~DtlsCookies();
  DtlsCookies(const DtlsCookies&) = delete;
  DtlsCookies& operator=(const DtlsCookies&) = delete;

  Cookie make(Mono now, const IpEndpoint& client, const IpEndpoint& server, const ClientHello& hello);
  // Whether the hello's own cookie was made for all that, and not too long ago.
  bool accept(Mono now, const IpEndpoint& client, const IpEndpoint& server, const ClientHello& hello);

 private:
  using Key = std::array<std::byte, 32>;

  void change_keys(Mono now);

  Random& random_;
  Key current_{};
  Key previous_{};
  Mono changed_{};
  bool started_ = false;
};

}  // namespace noom::io
