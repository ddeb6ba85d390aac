// What noom-stun decides: one STUN message in, at most one answer out. A pure function. RFC 8489 §6.3, §7.3; RFC 5780
// §6 where the listener has a matrix (discovery.h); RFC 3489 where allowed (classic.h).
#pragma once

#include <cstdint>
#include <string_view>
#include <variant>

#include "common/base/bytes.h"
#include "common/base/endpoint.h"
#include "stun/core/arrival.h"

namespace noom::stun {

// Why a message is not answered. RFC 8489 §6.3: "If any errors are detected, the message is silently discarded."
enum class Drop : uint8_t {
  kNotStun,          // the first byte says something else
  kMalformed,        // header, cookie or an attribute does not hold
  kUnknownMethod,    // §6.3: the method must be a supported one
  kUnexpectedClass,  // an indication (NAT keepalive, §6.3.2) or a response: neither is ever answered
  kBadFingerprint,   // there and wrong, or not last
  kCount,
};
std::string_view to_string(Drop drop);

using Outcome = std::variant<Answer, Drop>;

// Whether an answer fits over its request in the room that respond() describes, so that it needs no room of its own.
inline bool answers_in_place(const AddressMatrix* matrix, const Policy& policy) {
  return matrix == nullptr && !policy.classic;
}

// `message` is a datagram, or one frame of a stream. The answer is written to `room`, which holds kAnswerMax bytes (for
// a stream kStreamAnswerMax) apart from the message; or, where answers_in_place(), begins at or before `message` and
// reaches 4 bytes past it with at least 48 before it: an answer never outgrows its request by more.
Outcome respond(Bytes message, const Arrival& arrival, const Policy& policy, MutableBytes room);

}  // namespace noom::stun
