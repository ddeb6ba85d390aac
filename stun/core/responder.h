// What noom-stun decides: one STUN message in, at most one answer out. A pure function. RFC 8489 §6.3, §7.3.
#pragma once

#include <cstdint>
#include <string_view>
#include <variant>

#include "common/base/bytes.h"
#include "common/base/endpoint.h"
#include "common/wire/binding.h"

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

// `message` is a datagram, or one frame of a stream; `client` the source it came from. The answer is written to `room`,
// which holds wire::kBindingAnswerMax bytes or begins at or before `message` and reaches 4 bytes past it with at least
// 48 before it: an answer never outgrows its request by more. It may overlap the message.
std::variant<wire::BindingAnswer, Drop> respond(Bytes message, const IpEndpoint& client, MutableBytes room);

}  // namespace noom::stun
