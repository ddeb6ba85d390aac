// Classic STUN, RFC 3489: Binding requests without the magic cookie, whose transaction id has 128 bits. RFC 5389 §12.2.
// Not here: shared secrets, integrity, and RESPONSE-ADDRESS, which would send answers to any host.
#pragma once

#include "stun/core/arrival.h"

namespace noom::stun {

// Looks at type and cookie only: a Binding request of RFC 3489?
bool is_classic_request(Bytes message);
// nullopt when header or attributes do not hold. `room` holds kAnswerMax bytes and does not overlap the message.
std::optional<Answer> answer_classic(Bytes message, const Arrival& arrival, MutableBytes room);

}  // namespace noom::stun
