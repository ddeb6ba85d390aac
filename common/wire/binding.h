// Answering a STUN Binding request: the same function in noom-stun and in noom-turn. RFC 8489 §6.3.1, §7.3. Behaviour
// discovery (RFC 5780) is not here.
#pragma once

#include <optional>

#include "common/base/bytes.h"
#include "common/base/endpoint.h"
#include "common/wire/message.h"

namespace noom::wire {

// The comprehension-required attributes of RFC 8489 itself (§18.3.1): understood, and without effect on a Binding that
// needs no authentication. Those of ICE, TURN and RFC 5780 are not among them, and 420 is how their clients find out.
constexpr Attr kBindingAttributes[] = {
    Attr::kMappedAddress,
    Attr::kUsername,
    Attr::kMessageIntegrity,
    Attr::kErrorCode,
    Attr::kUnknownAttributes,
    Attr::kRealm,
    Attr::kNonce,
    Attr::kMessageIntegritySha256,
    Attr::kPasswordAlgorithm,
    Attr::kUserhash,
    Attr::kXorMappedAddress,
};
// How many unknown attribute types a 420 names. Each takes 2 bytes of the answer and at least 4 of the request, so a
// 420 that names more would not amplify; the bound keeps the answer's room fixed.
constexpr size_t kUnknownAttributesMax = 32;
// Room that any answer fits: header, ERROR-CODE without a reason phrase, UNKNOWN-ATTRIBUTES, FINGERPRINT.
constexpr size_t kBindingAnswerMax = kHeaderSize + 8 + (4 + 2 * kUnknownAttributesMax) + 8;

struct BindingAnswer {
  Bytes bytes;                     // inside `room`
  std::optional<ErrorCode> error;  // what it says, unless it is a success
};

// `request` is a Binding request whose FINGERPRINT, if any, was verified; `fingerprint`: mirror one (RFC 8489 §7.3: if
// the request had one). `client` is the source address as received. Success carries XOR-MAPPED-ADDRESS alone; 420 names
// each unknown comprehension-required type once. Nothing else is said: over UDP the source is unverified, and every
// further byte would amplify. `room` holds kBindingAnswerMax bytes; it may overlap the request, which is read first.
BindingAnswer answer_binding(const MessageView& request, const IpEndpoint& client, bool fingerprint, MutableBytes room);

}  // namespace noom::wire
