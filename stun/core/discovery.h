// Answering a Binding request on a socket of a matrix: NAT behaviour discovery, RFC 5780 §6, §7.
#pragma once

#include "common/wire/message.h"
#include "stun/core/arrival.h"

namespace noom::stun {

// `request` is a Binding request whose FINGERPRINT, if any, was verified; `fingerprint`: mirror one. `arrival` has a
// matrix. `room` holds kAnswerMax bytes (over a stream kStreamAnswerMax) and does not overlap the request.
Answer answer_discovery(const wire::MessageView& request, bool fingerprint, const Arrival& arrival,
                        const Policy& policy, MutableBytes room);

// CHANGE-REQUEST's value as an exclusive or of positions, flags recorded in `answer`. RFC 5780 §7.2; RFC 3489 §11.2.4.
uint8_t read_change_flags(uint32_t value, Answer& answer);

}  // namespace noom::stun
