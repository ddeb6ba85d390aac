#include "common/wire/message_builder.h"

#include <algorithm>

#include "common/wire/address_codec.h"
#include "common/wire/digest.h"

namespace noom::wire {
namespace {

// RFC 8489 §5, figure 3: the class bits sit inside the method bits.
constexpr uint16_t message_type(Method method, Class message_class) {
  const auto m = static_cast<uint16_t>(method);
  const auto c = static_cast<uint16_t>(message_class);
  return static_cast<uint16_t>((m & 0x000F) | ((m & 0x0070) << 1) | ((m & 0x0F80) << 2) | ((c & 1) << 4) |
                               ((c & 2) << 7));
}

}  // namespace

// What lies beyond the largest message that the length field can describe is never used: the Writer's latch then covers
// that limit too.
MessageBuilder::MessageBuilder(MutableBytes room, Method method, Class message_class,
                               const TransactionId& transaction_id)
    : writer_(room.first(std::min(room.size(), kMessageSizeMax))), room_(room), transaction_id_(transaction_id) {
  writer_.u16(message_type(method, message_class));
  writer_.u16(0);
  writer_.u32(kMagicCookie);
  writer_.bytes(transaction_id);
}

MessageBuilder& MessageBuilder::raw(Attr type, Bytes value) {
  begin(type, value.size());
  writer_.bytes(value);
  pad(value.size());
  return *this;
}

MessageBuilder& MessageBuilder::text(Attr type, std::string_view value) {
  return raw(type, as_bytes(value));
}

MessageBuilder& MessageBuilder::u32(Attr type, uint32_t value) {
  begin(type, sizeof(value));
  writer_.u32(value);
  return *this;
}

MessageBuilder& MessageBuilder::u64(Attr type, uint64_t value) {
  begin(type, sizeof(value));
  writer_.u64(value);
  return *this;
}

MessageBuilder& MessageBuilder::xor_address(Attr type, const IpEndpoint& endpoint) {
  AddressValue value;
  return raw(type, encode_address(value, endpoint, xor_mask(transaction_id_)));
}

MessageBuilder& MessageBuilder::plain_address(Attr type, const IpEndpoint& endpoint) {
  AddressValue value;
  return raw(type, encode_address(value, endpoint, AddressMask{}));
}

MessageBuilder& MessageBuilder::error(ErrorCode code, std::string_view reason) {
  const auto number = static_cast<uint16_t>(code);
  const size_t size = sizeof(uint32_t) + reason.size();
  begin(Attr::kErrorCode, size);
  writer_.u16(0);
  writer_.u8(static_cast<uint8_t>(number / 100));
  writer_.u8(static_cast<uint8_t>(number % 100));
  writer_.bytes(as_bytes(reason));
  pad(size);
  return *this;
}

MessageBuilder& MessageBuilder::unknown_attributes(std::span<const uint16_t> types) {
  begin(Attr::kUnknownAttributes, types.size_bytes());
  for (const uint16_t type : types) writer_.u16(type);
  pad(types.size_bytes());
  return *this;
}

MessageBuilder& MessageBuilder::message_integrity(Bytes key) {
  set_length(writer_.size() + kAttributeHeaderSize + sizeof(Sha1Digest));
  return writer_.ok() ? raw(Attr::kMessageIntegrity, hmac_sha1(key, {writer_.written()})) : *this;
}

MessageBuilder& MessageBuilder::message_integrity_sha256(Bytes key) {
  set_length(writer_.size() + kAttributeHeaderSize + sizeof(Sha256Digest));
  return writer_.ok() ? raw(Attr::kMessageIntegritySha256, hmac_sha256(key, {writer_.written()})) : *this;
}

MessageBuilder& MessageBuilder::fingerprint() {
  set_length(writer_.size() + kAttributeHeaderSize + sizeof(uint32_t));
  return writer_.ok() ? u32(Attr::kFingerprint, crc32({writer_.written()}) ^ kFingerprintXor) : *this;
}

Bytes MessageBuilder::finish() {
  if (!writer_.ok()) return {};
  set_length(writer_.size());
  return writer_.written();
}

void MessageBuilder::begin(Attr type, size_t value_size) {
  writer_.u16(static_cast<uint16_t>(type));
  writer_.u16(static_cast<uint16_t>(value_size));
}

void MessageBuilder::pad(size_t value_size) {
  writer_.zeros((4 - value_size % 4) % 4);
}

// Harmless when `message_size` exceeds the room: what follows then does not fit and latches.
void MessageBuilder::set_length(size_t message_size) {
  if (writer_.ok()) store_be(room_.data() + sizeof(uint16_t), static_cast<uint16_t>(message_size - kHeaderSize));
}

}  // namespace noom::wire
