// A STUN message as a view over received bytes: parsed once, borrowed, never copied. RFC 8489 §5, §6.3, §14. Building is message_builder.h,
// integrity is integrity.h.
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
  uint16_t offset = 0;  // of the attribute's header from the start of the message
  Bytes value;          // without padding
};

// Borrows the bytes it was parsed from. Attributes are found by walking the message: messages are short, and a walk allocates nothing.
class MessageView {
 public:
  // nullopt unless: at least 20 bytes, first two bits zero, magic cookie, length a multiple of 4 and exactly the rest, every attribute inside
  // the message. Accepts any method. O(attributes).
  static std::optional<MessageView> parse(Bytes bytes);

  Class message_class() const { return class_; }
  Method method() const { return method_; }
  bool is(Method m, Class c) const { return method_ == m && class_ == c; }
  TransactionId transaction_id() const;
  Bytes bytes() const { return bytes_; }

  // The first attribute of the type, before any integrity attribute where RFC 8489 §14.5 says that later ones are ignored. O(attributes).
  std::optional<AttributeView> find(Attr type) const;
  bool has(Attr type) const { return find(type).has_value(); }

  // Typed readers: nullopt when absent or malformed (wrong length, unknown family). `has` tells the two apart for a 400.
  std::optional<std::string_view> text(Attr type) const;
  std::optional<uint32_t> u32(Attr type) const;
  std::optional<uint64_t> u64(Attr type) const;
  std::optional<uint8_t> leading_u8(Attr type) const;    // REQUESTED-TRANSPORT, REQUESTED-ADDRESS-FAMILY (RFFU ignored), 4-byte values
  std::optional<uint16_t> leading_u16(Attr type) const;  // CHANNEL-NUMBER
  std::optional<IpEndpoint> xor_address(Attr type) const;    // XOR-MAPPED-ADDRESS and kin, RFC 8489 §14.2
  std::optional<IpEndpoint> plain_address(Attr type) const;  // MAPPED-ADDRESS, ALTERNATE-SERVER, …
  std::optional<ErrorCode> error_code() const;

  // Calls visit(AttributeView) for every attribute in order, those after the integrity attributes included, until it returns false.
  template <typename Visit>
  void for_each(Visit&& visit) const {
    for (size_t at = kHeaderSize; at + kAttributeHeaderSize <= bytes_.size();) {
      const AttributeView attribute = attribute_at(at);
      if (!visit(attribute)) return;
      at += kAttributeHeaderSize + (attribute.value.size() + 3) / 4 * 4;
    }
  }

 private:
  MessageView(Bytes bytes, Method method, Class message_class) : bytes_(bytes), method_(method), class_(message_class) {}
  AttributeView attribute_at(size_t offset) const;

  Bytes bytes_;
  Method method_;
  Class class_;
};

}  // namespace noom::wire
