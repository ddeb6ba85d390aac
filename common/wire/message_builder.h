// Building a STUN message into borrowed room. RFC 8489 §5, §14. Errors latch: a message that does not fit is reported
// once, by finish().
#pragma once

#include <string_view>

#include "common/base/bytes.h"
#include "common/base/endpoint.h"
#include "common/wire/stun_types.h"

namespace noom::wire {

// Attributes appear in the order of the calls; padding is zeros. Order rule of the house: everything, then integrity,
// then fingerprint.
class MessageBuilder {
 public:
  MessageBuilder(MutableBytes room, Method method, Class message_class, const TransactionId& transaction_id);

  MessageBuilder& raw(Attr type, Bytes value);
  MessageBuilder& text(Attr type, std::string_view value);
  MessageBuilder& u32(
      Attr type, uint32_t value);  // also values of 1 or 2 leading bytes and RFFU: REQUESTED-TRANSPORT is u32(17 << 24)
  MessageBuilder& u64(Attr type, uint64_t value);
  MessageBuilder& xor_address(Attr type, const IpEndpoint& endpoint);    // RFC 8489 §14.2
  MessageBuilder& plain_address(Attr type, const IpEndpoint& endpoint);  // RFC 8489 §14.1
  MessageBuilder& error(ErrorCode code, std::string_view reason);        // ERROR-CODE, RFC 8489 §14.8
  MessageBuilder& unknown_attributes(std::span<const uint16_t> types);   // RFC 8489 §14.13
  MessageBuilder& message_integrity(Bytes key);                          // HMAC-SHA1, RFC 8489 §14.5
  MessageBuilder& message_integrity_sha256(Bytes key);                   // HMAC-SHA256, 32 bytes, RFC 8489 §14.6
  MessageBuilder& fingerprint();                                         // RFC 8489 §14.7

  // The whole message inside the room, or an empty span when it did not fit.
  Bytes finish();

 private:
  void begin(Attr type, size_t value_size);
  void pad(size_t value_size);
  void set_length(size_t message_size);
  Writer writer_;
  MutableBytes room_;
  TransactionId transaction_id_;
};

}  // namespace noom::wire
