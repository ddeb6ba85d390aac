// What noom-turn nodes publish about themselves, out of JSON. docs/cluster.md.
#pragma once

#include <optional>
#include <string_view>

#include "signal/core/ice_ranking.h"

namespace noom::signal {

// Any bytes are legal input; nullopt for what is no status. Members that are not known are passed over.
std::optional<RelayStatus> parse_relay_status(std::string_view json);

}  // namespace noom::signal
