#include "common/auth/seal.h"

#include <algorithm>
#include <array>

#include "common/auth/aes_gcm.h"
#include "common/wire/digest.h"

namespace noom::auth {
namespace {

constexpr uint8_t kVersion = 1;
constexpr size_t kNonceSize = 12;
constexpr size_t kHeadSize = 1 + sizeof(uint32_t) + kNonceSize;
static_assert(kSealOverhead == kHeadSize + kGcmTagSize);

// The head is authenticated beside what the caller gives.
std::vector<std::byte> joined(Bytes head, Bytes associated) {
  std::vector<std::byte> both(head.begin(), head.end());
  both.insert(both.end(), associated.begin(), associated.end());
  return both;
}

}  // namespace

Seal::Seal(Secret master, std::string_view purpose, Duration rotation)
    : master_(std::move(master)),
      purpose_(purpose),
      rotation_s_(std::max<int64_t>(1, std::chrono::duration_cast<std::chrono::seconds>(rotation).count())) {}

std::vector<std::byte> Seal::seal(Wall now, Random& random, Bytes plain, Bytes associated) const {
  std::vector<std::byte> sealed(kSealOverhead + plain.size());
  const uint32_t number = key_number(now);
  sealed[0] = static_cast<std::byte>(kVersion);
  store_be<uint32_t>(&sealed[1], number);
  const MutableBytes nonce = MutableBytes(sealed).subspan(1 + sizeof(uint32_t), kNonceSize);
  random.fill(nonce);
  const MutableBytes text = MutableBytes(sealed).subspan(kHeadSize, plain.size());
  std::ranges::copy(plain, text.begin());
  const Bytes head = Bytes(sealed).first(kHeadSize);
  // Without AES-256-GCM there is no TLS either: an empty token then opens nowhere.
  if (!aes_gcm(Gcm::kSeal, key(number).bytes(), nonce, joined(head, associated), text,
               MutableBytes(sealed).last(kGcmTagSize)))
    return {};
  return sealed;
}

std::optional<std::vector<std::byte>> Seal::open(Wall now, Bytes sealed, Bytes associated) const {
  if (sealed.size() < kSealOverhead || sealed[0] != static_cast<std::byte>(kVersion)) return std::nullopt;
  const uint32_t number = load_be<uint32_t>(&sealed[1]);
  const int64_t age = int64_t{key_number(now)} - number;
  if (age < -1 || age > 1) return std::nullopt;
  const Bytes nonce = sealed.subspan(1 + sizeof(uint32_t), kNonceSize);
  std::vector<std::byte> plain(sealed.begin() + kHeadSize, sealed.end() - kGcmTagSize);
  std::vector<std::byte> tag(sealed.end() - kGcmTagSize, sealed.end());
  if (!aes_gcm(Gcm::kOpen, key(number).bytes(), nonce, joined(sealed.first(kHeadSize), associated), plain, tag)) {
    secure_zero(plain);
    return std::nullopt;
  }
  return plain;
}

uint32_t Seal::key_number(Wall now) const {
  return static_cast<uint32_t>(std::max<int64_t>(0, unix_seconds(now)) / rotation_s_);
}

// HMAC-SHA256 as the pseudorandom function of NIST SP 800-108 in counter mode; one block is one key.
Secret Seal::key(uint32_t number) const {
  std::array<std::byte, sizeof(uint32_t)> counter{};
  store_be<uint32_t>(counter.data(), number);
  auto derived = wire::hmac_sha256(master_.bytes(), {as_bytes("noom seal "), as_bytes(purpose_), counter});
  Secret key{Bytes(derived)};
  secure_zero(derived);
  return key;
}

}  // namespace noom::auth
