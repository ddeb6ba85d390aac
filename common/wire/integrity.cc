#include "common/wire/integrity.h"

#include <array>

#include "common/base/secret.h"
#include "common/wire/digest.h"

namespace noom::wire {
namespace {

// The message up to `attribute`, as the sender hashed it: with a length field that ends with the attribute.
struct Covered {
  Covered(const MessageView& message, const AttributeView& attribute)
      : type(message.bytes().first(sizeof(uint16_t))),
        rest(message.bytes().subspan(kLengthEnd, attribute.offset - kLengthEnd)) {
    store_be(length.data(),
             static_cast<uint16_t>(attribute.offset + kAttributeHeaderSize + attribute.value.size() - kHeaderSize));
  }
  static constexpr size_t kLengthEnd = 4;
  Bytes type;
  std::array<std::byte, sizeof(uint16_t)> length;
  Bytes rest;
};

}  // namespace

Check check_message_integrity(const MessageView& message, Bytes key) {
  const auto attribute = message.find(Attr::kMessageIntegrity);
  if (!attribute) return Check::kAbsent;
  if (attribute->value.size() != sizeof(Sha1Digest)) return Check::kInvalid;
  const Covered covered(message, *attribute);
  const Sha1Digest expected = hmac_sha1(key, {covered.type, covered.length, covered.rest});
  return equal_constant_time(attribute->value, expected) ? Check::kValid : Check::kInvalid;
}

Check check_message_integrity_sha256(const MessageView& message, Bytes key) {
  const auto attribute = message.find(Attr::kMessageIntegritySha256);
  if (!attribute) return Check::kAbsent;
  if (attribute->value.size() != sizeof(Sha256Digest)) return Check::kInvalid;
  const Covered covered(message, *attribute);
  const Sha256Digest expected = hmac_sha256(key, {covered.type, covered.length, covered.rest});
  return equal_constant_time(attribute->value, expected) ? Check::kValid : Check::kInvalid;
}

Check check_fingerprint(const MessageView& message) {
  const auto attribute = message.find(Attr::kFingerprint);
  if (!attribute) return Check::kAbsent;
  const size_t end = attribute->offset + kAttributeHeaderSize + sizeof(uint32_t);
  if (attribute->value.size() != sizeof(uint32_t) || end != message.bytes().size()) return Check::kInvalid;
  const uint32_t expected = crc32({message.bytes().first(attribute->offset)}) ^ kFingerprintXor;
  return load_be<uint32_t>(attribute->value.data()) == expected ? Check::kValid : Check::kInvalid;
}

}  // namespace noom::wire
