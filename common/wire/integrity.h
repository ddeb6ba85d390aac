// MESSAGE-INTEGRITY, MESSAGE-INTEGRITY-SHA256 and FINGERPRINT of a received message. RFC 8489 §14.5-14.7.
#pragma once

#include "common/wire/message.h"

namespace noom::wire {

enum class Check : uint8_t { kAbsent, kValid, kInvalid };

// Each covers the message up to the attribute, with the header's length field set to end with it. Constant-time
// comparison.
Check check_message_integrity(const MessageView& message, Bytes key);
Check check_message_integrity_sha256(const MessageView& message, Bytes key);
// kInvalid also when FINGERPRINT is not the last attribute.
Check check_fingerprint(const MessageView& message);

}  // namespace noom::wire
