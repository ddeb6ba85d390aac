#include "common/auth/access_token.h"

#include <algorithm>

#include "common/auth/aes_gcm.h"

namespace noom::auth {
namespace {

constexpr size_t kNonceSizeMin = 1;
constexpr size_t kNonceSizeMax = 64;  // RFC 5116 §3.2 recommends 12
constexpr size_t kMacKeySizeMax = 32;
constexpr size_t kFixedSize = sizeof(uint16_t) + sizeof(uint64_t) + sizeof(uint32_t);
constexpr int kFractionBits = 16;  // the timestamp: 48 bits of seconds, 16 of 1/64000 s
constexpr uint64_t kSecondsMax = 1ull << 33;

// The decrypted block.
std::optional<AccessToken> read(Bytes block) {
  Reader reader(block);
  const uint16_t key_size = reader.u16();
  if (!reader.ok() || key_size == 0 || key_size > kMacKeySizeMax || block.size() != kFixedSize + key_size)
    return std::nullopt;
  AccessToken token;
  token.mac_key = Secret(block.subspan(sizeof(uint16_t), key_size));
  const std::byte* const times = block.data() + sizeof(uint16_t) + key_size;
  const uint64_t issued_s = load_be<uint64_t>(times) >> kFractionBits;
  const uint64_t expires_s = issued_s + load_be<uint32_t>(times + sizeof(uint64_t));
  if (expires_s > kSecondsMax) return std::nullopt;
  token.issued = Wall(std::chrono::seconds(issued_s));
  token.expires = Wall(std::chrono::seconds(expires_s));
  return token;
}

}  // namespace

bool TokenKeys::add(std::string key_id, Secret key) {
  if (key.bytes().size() != 16 && key.bytes().size() != 32) return false;
  keys_.insert_or_assign(std::move(key_id), std::move(key));
  return true;
}

std::optional<AccessToken> TokenKeys::open(std::string_view key_id, Bytes token) const {
  const auto key = keys_.find(key_id);
  if (key == keys_.end() || token.size() < sizeof(uint16_t)) return std::nullopt;
  const size_t nonce_size = load_be<uint16_t>(token.data());
  const size_t head = sizeof(uint16_t) + nonce_size;
  if (nonce_size < kNonceSizeMin || nonce_size > kNonceSizeMax || token.size() < head + kFixedSize + kGcmTagSize ||
      token.size() > head + kFixedSize + kMacKeySizeMax + kGcmTagSize)
    return std::nullopt;
  const Bytes sealed = token.subspan(head, token.size() - head - kGcmTagSize);
  std::vector<std::byte> block(sealed.begin(), sealed.end());
  std::vector<std::byte> tag(token.end() - kGcmTagSize, token.end());
  std::optional<AccessToken> opened;
  if (aes_gcm(Gcm::kOpen, key->second.bytes(), token.subspan(sizeof(uint16_t), nonce_size), as_bytes(server_name_),
              block, tag))
    opened = read(block);
  secure_zero(block);
  return opened;
}

std::vector<std::byte> TokenKeys::seal(std::string_view key_id, const AccessToken& token, Bytes nonce) const {
  const auto key = keys_.find(key_id);
  if (key == keys_.end()) return {};
  const Bytes mac_key = token.mac_key.bytes();
  std::vector<std::byte> sealed(sizeof(uint16_t) + nonce.size() + kFixedSize + mac_key.size() + kGcmTagSize);
  store_be<uint16_t>(sealed.data(), static_cast<uint16_t>(nonce.size()));
  std::ranges::copy(nonce, sealed.begin() + sizeof(uint16_t));
  const MutableBytes rest = MutableBytes(sealed).subspan(sizeof(uint16_t) + nonce.size());
  const MutableBytes block = rest.first(rest.size() - kGcmTagSize);
  store_be<uint16_t>(block.data(), static_cast<uint16_t>(mac_key.size()));
  std::ranges::copy(mac_key, block.begin() + sizeof(uint16_t));
  std::byte* const times = block.data() + sizeof(uint16_t) + mac_key.size();
  const auto issued_s = static_cast<uint64_t>(unix_seconds(token.issued));
  store_be<uint64_t>(times, issued_s << kFractionBits);
  store_be<uint32_t>(times + sizeof(uint64_t),
                     static_cast<uint32_t>(static_cast<uint64_t>(unix_seconds(token.expires)) - issued_s));
  if (!aes_gcm(Gcm::kSeal, key->second.bytes(), nonce, as_bytes(server_name_), block, rest.last(kGcmTagSize)))
    return {};
  return sealed;
}

}  // namespace noom::auth
