#include "common/auth/nonce.h"

#include <absl/strings/escaping.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/string_view.h>

#include <charconv>

#include "common/wire/digest.h"

namespace noom::auth {
namespace {

// <milliseconds since the epoch, 12 hexadecimal digits><128 bits of HMAC-SHA256, base64url>
constexpr size_t kTimeDigits = 12;
constexpr size_t kMacSize = 16;
constexpr size_t kNonceSize = kTimeDigits + (kMacSize * 8 + 5) / 6;

int64_t unix_milliseconds(Wall wall) {
  return std::chrono::floor<std::chrono::milliseconds>(wall.time_since_epoch()).count();
}

std::string make_nonce(const Secret& key, int64_t issued_ms, const IpAddress& client) {
  std::string nonce = absl::StrCat(absl::Hex(issued_ms, absl::kZeroPad12));
  const IpAddress bound = client.unmapped();
  const wire::Sha256Digest mac = wire::hmac_sha256(key.bytes(), {as_bytes(nonce), bound.bytes()});
  // Debian builds Abseil with a string_view of its own.
  return nonce + absl::WebSafeBase64Escape(absl::string_view(reinterpret_cast<const char*>(mac.data()), kMacSize));
}

}  // namespace

NonceIssuer::NonceIssuer(Secret key, Duration lifetime) : key_(std::move(key)), lifetime_(lifetime) {}

std::string NonceIssuer::issue(Wall now, const IpAddress& client) const {
  return make_nonce(key_, unix_milliseconds(now), client);
}

// What was issued at the claimed time is made again and compared as text: no second spelling of a nonce is accepted.
bool NonceIssuer::accept(std::string_view nonce, Wall now, const IpAddress& client) const {
  if (nonce.size() != kNonceSize) return false;
  int64_t issued_ms = 0;
  const auto [end, error] = std::from_chars(nonce.data(), nonce.data() + kTimeDigits, issued_ms, 16);
  if (error != std::errc() || end != nonce.data() + kTimeDigits || issued_ms < 0) return false;
  if (!equal_constant_time(as_bytes(nonce), as_bytes(make_nonce(key_, issued_ms, client)))) return false;
  const int64_t age_ms = unix_milliseconds(now) - issued_ms;
  return age_ms >= 0 && std::chrono::milliseconds(age_ms) <= lifetime_;
}

}  // namespace noom::auth
