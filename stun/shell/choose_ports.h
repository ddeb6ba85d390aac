// Ports of 0 in a matrix: one that is free on both addresses takes the place of each.
#pragma once

#include <absl/status/statusor.h>

#include "stun/core/arrival.h"

namespace noom::stun {

// Two ports of 0 become two different ports. Errors are those of listen_error() in common/io/listen_socket.h.
absl::StatusOr<AddressMatrix> choose_ports(Transport transport, const IpEndpoint& primary, const IpEndpoint& alternate);

}  // namespace noom::stun
