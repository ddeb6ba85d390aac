// What noom-turn nodes publish about themselves, and what they are told, out of JSON. docs/cluster.md.
#pragma once

#include <optional>
#include <string_view>

#include "signal/core/ice_ranking.h"
#include "signal/core/output.h"

namespace noom::signal {

// Any bytes are legal input; nullopt for what is no status. Members that are not known are passed over.
std::optional<RelayStatus> parse_relay_status(std::string_view json);
// What relays are told to take back; nullopt also without `until`.
std::optional<Revocation> parse_revocation_order(std::string_view json);

}  // namespace noom::signal
