// Asks the world for an external address: the DNS for a name, a STUN server for the address it sees us from.
#pragma once

#include <absl/status/statusor.h>

#include <vector>

#include "common/base/endpoint.h"
#include "turn/external_source.h"

namespace noom::turn {

// The addresses of the family of `local` that the source gives: all of a name's, in order; the one that the STUN server
// sees when it is asked from `local`. Never empty. Blocks: for as long as the system's resolver does, and a few seconds
// for STUN.
absl::StatusOr<std::vector<IpAddress>> look_up_external(const ExternalSource& source, const IpAddress& local);

}  // namespace noom::turn
