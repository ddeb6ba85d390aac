#include "common/auth/mobility_ticket.h"

#include <openssl/evp.h>

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <string>

#include "common/wire/digest.h"

namespace noom::auth {
namespace {

constexpr size_t kTagSize = 16;
constexpr size_t kTextSize = kMobilityTicketSize - kTagSize;
constexpr std::string_view kPurpose = "noom mobility ticket 1";

struct Free {
  void operator()(EVP_CIPHER_CTX* context) const { EVP_CIPHER_CTX_free(context); }
};
unsigned char* octets(std::byte* bytes) {
  return reinterpret_cast<unsigned char*>(bytes);
}
const unsigned char* octets(Bytes bytes) {
  return reinterpret_cast<const unsigned char*>(bytes.data());
}

// Looking an algorithm up costs OpenSSL 3 more than using it.
const EVP_CIPHER* aes_256_siv() {
  static const EVP_CIPHER* const cipher = EVP_CIPHER_fetch(nullptr, "AES-256-SIV", nullptr);
  if (cipher == nullptr) std::abort();  // OpenSSL's default provider has it
  return cipher;
}

enum class Direction : int { kOpen = 0, kSeal = 1 };

// One operation from `in` to `out`, both kTextSize; `tag` is written when sealing and compared when opening.
bool run(Direction direction, const Secret& key, const std::byte* in, std::byte* out, std::byte* tag) {
  const std::unique_ptr<EVP_CIPHER_CTX, Free> context(EVP_CIPHER_CTX_new());
  EVP_CIPHER_CTX* const c = context.get();
  const bool seal = direction == Direction::kSeal;
  int size = 0;
  bool good = c != nullptr && EVP_CipherInit_ex(c, aes_256_siv(), nullptr, octets(key.bytes()), nullptr,
                                                static_cast<int>(direction)) == 1;
  if (!seal) good = good && EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_SET_TAG, kTagSize, tag) == 1;
  good = good &&
         EVP_CipherUpdate(c, nullptr, &size, octets(as_bytes(kPurpose)), static_cast<int>(kPurpose.size())) == 1 &&
         EVP_CipherUpdate(c, octets(out), &size, octets(Bytes(in, kTextSize)), kTextSize) == 1 &&
         EVP_CipherFinal_ex(c, octets(out) + kTextSize, &size) == 1;
  if (seal) good = good && EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_GET_TAG, kTagSize, tag) == 1;
  return good;
}

}  // namespace

void TicketKeys::add(const Secret& secret) {
  std::string key;
  for (const std::string_view half : {"mac", "encryption"})
    key += as_text(wire::hmac_sha256(secret.bytes(), {as_bytes(kPurpose), as_bytes(half)}));
  keys_.emplace_back(std::string_view(key));
  secure_zero(std::as_writable_bytes(std::span(key)));
}

SealedTicket TicketKeys::seal(const MobilityTicket& ticket) const {
  std::array<std::byte, kTextSize> text{};
  Writer writer(text);
  writer.u32(ticket.instance);
  writer.u8(ticket.shard);
  writer.u32(ticket.index);
  writer.u32(ticket.generation);
  writer.u16(ticket.number);
  // One in eight has a zero byte: the free byte makes it another one.
  SealedTicket sealed;
  for (int free = 0; free < 256; ++free) {
    text.back() = static_cast<std::byte>(free);
    if (!run(Direction::kSeal, keys_.front(), text.data(), sealed.data() + kTagSize, sealed.data())) std::abort();
    if (std::ranges::find(sealed, std::byte{0}) == sealed.end()) break;
  }
  return sealed;
}

std::optional<MobilityTicket> TicketKeys::open(Bytes sealed) const {
  if (sealed.size() != kMobilityTicketSize) return std::nullopt;
  for (const Secret& key : keys_) {
    std::array<std::byte, kTextSize> text{};
    std::array<std::byte, kTagSize> tag{};
    std::copy_n(sealed.begin(), kTagSize, tag.begin());
    if (!run(Direction::kOpen, key, sealed.data() + kTagSize, text.data(), tag.data())) continue;
    Reader reader(text);
    MobilityTicket ticket;
    ticket.instance = reader.u32();
    ticket.shard = reader.u8();
    ticket.index = reader.u32();
    ticket.generation = reader.u32();
    ticket.number = reader.u16();
    return ticket;
  }
  return std::nullopt;
}

}  // namespace noom::auth
