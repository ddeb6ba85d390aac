// Which of this host's addresses the rest of the world is reached from.
#pragma once

#include <optional>

#include "common/base/endpoint.h"

namespace noom::turn {

// The source address of the default route of that family; nullopt without such a route. Sends nothing.
std::optional<IpAddress> default_route_source(Family family);

}  // namespace noom::turn
