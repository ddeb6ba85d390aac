// Which of its transports a client comes by as a connection.
#pragma once

#include "common/base/endpoint.h"

namespace noom::turn {

// What has a beginning and an end, and a client whose address is proved: a stream, or a DTLS session.
constexpr bool is_connection(Transport transport) {
  return transport != Transport::kUdp;
}

}  // namespace noom::turn
