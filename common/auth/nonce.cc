#include "common/auth/nonce.h"

#include <absl/strings/escaping.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/string_view.h>

#include <charconv>

#include "common/wire/digest.h"

namespace noom::auth {
namespace {

// <cookie><24 feature bits, base64><the password algorithms offered, a digit>
//   <milliseconds since the epoch, 12 hexadecimal digits><128 bits of HMAC-SHA256 over all that, base64url>
constexpr std::string_view kCookie = "obMatJos2";  // RFC 8489 §9.2
constexpr size_t kFeaturesDigits = 4;
constexpr size_t kPrefixSize = kCookie.size() + kFeaturesDigits + 1;
constexpr size_t kTimeDigits = 12;
constexpr size_t kMacSize = 16;
constexpr size_t kNonceSize = kPrefixSize + kTimeDigits + (kMacSize * 8 + 5) / 6;

// RFC 8489 §18.1 numbers the bits, RFC 8656 §20 shows which is first: bit 0 is the most significant.
constexpr uint8_t kPasswordAlgorithmsBit = 0x80;
constexpr uint8_t kUsernameAnonymityBit = 0x40;

// The digit's bits.
constexpr int kMd5 = 1;
constexpr int kSha256 = 2;

// Debian builds Abseil with a string_view of its own.
absl::string_view to_absl(std::string_view text) {
  return {text.data(), text.size()};
}

int64_t unix_milliseconds(Wall wall) {
  return std::chrono::floor<std::chrono::milliseconds>(wall.time_since_epoch()).count();
}

std::string prefix_of(const SecurityFeatures& features) {
  const wire::PasswordAlgorithmSet& offered = features.password_algorithms;
  std::string bits(3, '\0');
  bits[0] = static_cast<char>((offered.empty() ? 0 : kPasswordAlgorithmsBit) |
                              (features.username_anonymity ? kUsernameAnonymityBit : 0));
  return absl::StrCat(to_absl(kCookie), absl::Base64Escape(bits),
                      (offered.md5 ? kMd5 : 0) | (offered.sha256 ? kSha256 : 0));
}

std::string make_nonce(const Secret& key, std::string_view prefix, int64_t issued_ms, const IpAddress& client) {
  std::string nonce = absl::StrCat(to_absl(prefix), absl::Hex(issued_ms, absl::kZeroPad12));
  const IpAddress bound = client.unmapped();
  const wire::Sha256Digest mac = wire::hmac_sha256(key.bytes(), {as_bytes(nonce), bound.bytes()});
  return nonce + absl::WebSafeBase64Escape(to_absl(as_text(mac).substr(0, kMacSize)));
}

}  // namespace

std::optional<SecurityFeatures> claimed_features(std::string_view nonce) {
  if (nonce.size() < kPrefixSize || !nonce.starts_with(kCookie)) return std::nullopt;
  std::string bits;
  if (!absl::Base64Unescape(to_absl(nonce.substr(kCookie.size(), kFeaturesDigits)), &bits) || bits.size() != 3)
    return std::nullopt;
  SecurityFeatures features;
  features.username_anonymity = (bits[0] & kUsernameAnonymityBit) != 0;
  if ((bits[0] & kPasswordAlgorithmsBit) != 0) {
    const int offered = nonce[kPrefixSize - 1] - '0';
    features.password_algorithms = {.md5 = (offered & kMd5) != 0, .sha256 = (offered & kSha256) != 0};
  }
  return features;
}

NonceIssuer::NonceIssuer(Secret key, Duration lifetime) : key_(std::move(key)), lifetime_(lifetime) {}

std::string NonceIssuer::issue(Wall now, const IpAddress& client, const SecurityFeatures& features) const {
  return make_nonce(key_, prefix_of(features), unix_milliseconds(now), client);
}

// What was issued at the claimed time is made again and compared as text: no second spelling of a nonce is accepted.
bool NonceIssuer::accept(std::string_view nonce, Wall now, const IpAddress& client) const {
  if (nonce.size() != kNonceSize) return false;
  const std::string_view time = nonce.substr(kPrefixSize, kTimeDigits);
  int64_t issued_ms = 0;
  const auto [end, error] = std::from_chars(time.data(), time.data() + time.size(), issued_ms, 16);
  if (error != std::errc() || end != time.data() + time.size() || issued_ms < 0) return false;
  const std::string issued = make_nonce(key_, nonce.substr(0, kPrefixSize), issued_ms, client);
  if (!equal_constant_time(as_bytes(nonce), as_bytes(issued))) return false;
  const int64_t age_ms = unix_milliseconds(now) - issued_ms;
  return age_ms >= 0 && std::chrono::milliseconds(age_ms) <= lifetime_;
}

}  // namespace noom::auth
