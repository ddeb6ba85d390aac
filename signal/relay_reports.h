// What noom-turn nodes say of themselves on the bus: docs/cluster.md.
#pragma once

#include <optional>
#include <string_view>

#include "signal/core/ice_ranking.h"

namespace noom::signal {

// nullopt: that is no report. Unknown members are passed over.
std::optional<RelayStatus> parse_relay_report(std::string_view json);

}  // namespace noom::signal
