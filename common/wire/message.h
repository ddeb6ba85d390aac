// A STUN message as a view over received bytes: parsed once, borrowed, never copied. RFC 8489 §5, §6.3, §14. Building
// is message_builder.h, integrity is integrity.h.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "common/base/bytes.h"
#include "common/base/endpoint.h"
#include "common/wire/stun_types.h"

namespace noom::wire {

struct AttributeView {
  uint16_t type = 0;
  uint32_t offset = 0;  // of the attribute's header from the start of the message
  Bytes value;          // without padding
};

// Borrows the bytes it was parsed from. Attributes are found by walking the message: messages are short, and a walk
// allocates nothing.
class MessageView {
 public:
  // nullopt unless: at least 20 bytes, first two bits zero, magic cookie, length a multiple of 4 and exactly the rest,
  // every attribute inside the message. Accepts any method. O(attributes).
  static std::optional<MessageView> parse(Bytes bytes);

  Class message_class() const { return class_; }
  Method method() const { return method_; }
  bool is(Method m, Class c) const { return method_ == m && class_ == c; }
  TransactionId transaction_id() const;
  Bytes bytes() const { return bytes_; }

  // The first honoured attribute of the type. O(attributes).
  std::optional<AttributeView> find(Attr type) const;
  bool has(Attr type) const { return find(type).has_value(); }

  // Typed readers: nullopt when absent or malformed (wrong length, unknown family). `has` tells the two apart for a
  // 400.
  std::optional<std::string_view> text(Attr type) const;
  std::optional<uint8_t> u8(Attr type) const;  // EVEN-PORT: a one-byte value
  std::optional<uint32_t> u32(Attr type) const;
  std::optional<uint64_t> u64(Attr type) const;
  std::optional<uint8_t> leading_u8(
      Attr type) const;  // REQUESTED-TRANSPORT, REQUESTED-ADDRESS-FAMILY (RFFU ignored), 4-byte values
  std::optional<uint16_t> leading_u16(Attr type) const;    // CHANNEL-NUMBER
  std::optional<IpEndpoint> xor_address(Attr type) const;  // XOR-MAPPED-ADDRESS and kin, RFC 8489 §14.2
  std::optional<IpEndpoint> xor_address(const AttributeView& attribute) const;  // of one that may come more than once
  std::optional<IpEndpoint> plain_address(Attr type) const;                     // MAPPED-ADDRESS, ALTERNATE-SERVER, …
  std::optional<ErrorCode> error_code() const;

  // Calls visit(AttributeView) for the attributes that count, in order, until it returns false: after MESSAGE-INTEGRITY
  // only MESSAGE-INTEGRITY-SHA256 and FINGERPRINT do, after MESSAGE-INTEGRITY-SHA256 only FINGERPRINT (RFC 8489 §14.5,
  // §14.6).
  template <typename Visit>
  void for_each_honoured(Visit&& visit) const {
    bool after_sha1 = false;
    bool after_sha256 = false;
    for_each([&](const AttributeView& attribute) {
      const bool is_sha256 = attribute.type == static_cast<uint16_t>(Attr::kMessageIntegritySha256);
      const bool is_fingerprint = attribute.type == static_cast<uint16_t>(Attr::kFingerprint);
      const bool ignored = after_sha256 ? !is_fingerprint : after_sha1 && !is_sha256 && !is_fingerprint;
      if (ignored) return true;
      after_sha1 |= attribute.type == static_cast<uint16_t>(Attr::kMessageIntegrity);
      after_sha256 |= is_sha256;
      return static_cast<bool>(visit(attribute));
    });
  }
  // The same for every attribute, ignored ones included.
  template <typename Visit>
  void for_each(Visit&& visit) const {
    for (size_t at = kHeaderSize; at + kAttributeHeaderSize <= bytes_.size();) {
      const AttributeView attribute = attribute_at(at);
      if (!visit(attribute)) return;
      at += kAttributeHeaderSize + (attribute.value.size() + 3) / 4 * 4;
    }
  }

 private:
  MessageView(Bytes bytes, Method method, Class message_class)
      : bytes_(bytes), method_(method), class_(message_class) {}
  AttributeView attribute_at(size_t offset) const;

  Bytes bytes_;
  Method method_;
  Class class_;
};

// The comprehension-required attributes of the message that are not among `understood`, each once, in order, as many as
// `room` holds: what a 420 lists (RFC 8489 §6.3.1, §14.13). Returns the filled part of `room`.
std::span<uint16_t> collect_unknown(const MessageView& message, std::span<const Attr> understood,
                                    std::span<uint16_t> room);

}  // namespace noom::wire
