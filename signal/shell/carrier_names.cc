#include "signal/shell/carrier_names.h"

#include <array>

#include "common/auth/base64url.h"
#include "common/base/bytes.h"
#include "common/wire/digest.h"

namespace noom::signal {
namespace {

constexpr size_t kNodeBytes = 6;
constexpr size_t kSecretBytes = 18;
constexpr size_t kProofBytes = 12;
constexpr size_t kSecretCharacters = kSecretBytes * 4 / 3;
constexpr size_t kProofCharacters = kProofBytes * 4 / 3;
constexpr char kNodeEnd = '.';

template <size_t kBytes>
std::array<std::byte, kBytes> drawn(Random& random) {
  std::array<std::byte, kBytes> bytes{};
  random.fill(bytes);
  return bytes;
}

}  // namespace

CarrierNames::CarrierNames(const Secret& key, Random& random)
    : random_(random),
      key_(key.empty() ? Secret(Bytes(drawn<32>(random))) : key.clone()),
      node_(auth::encode_base64url(drawn<kNodeBytes>(random))) {}

std::string CarrierNames::draw() {
  const std::string secret = auth::encode_base64url(drawn<kSecretBytes>(random_));
  return node_ + kNodeEnd + secret + proof_of(node_, secret);
}

std::optional<std::string_view> CarrierNames::node_of(std::string_view name) const {
  const size_t end = name.find(kNodeEnd);
  if (end == std::string_view::npos || name.size() - end - 1 != kSecretCharacters + kProofCharacters)
    return std::nullopt;
  const std::string_view node = name.substr(0, end);
  const std::string_view secret = name.substr(end + 1, kSecretCharacters);
  if (proof_of(node, secret) != name.substr(end + 1 + kSecretCharacters)) return std::nullopt;
  return node;
}

std::string CarrierNames::proof_of(std::string_view node, std::string_view secret) const {
  const auto mac = wire::hmac_sha256(
      key_.bytes(), {as_bytes(std::string_view("noom-signal connection name ")), as_bytes(node), as_bytes(secret)});
  return auth::encode_base64url(Bytes(mac).first(kProofBytes));
}

}  // namespace noom::signal
