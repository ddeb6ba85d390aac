// The routes of the admin API that every daemon has: how it is, and the orders that its signals give too.
#pragma once

#include <absl/status/status.h>

#include <functional>
#include <string>
#include <vector>

#include "common/base/time.h"
#include "common/ops/admin_api.h"

namespace noom::ops {

struct LifeOrders {
  std::function<std::string()> status;   // JSON
  std::function<absl::Status()> reload;  // as SIGHUP; an error says why nothing changed
  std::function<void(Duration)> drain;   // as SIGUSR1, and to end then; kForever: when all has ended
};
constexpr Duration kForever = Duration::max();
constexpr Duration kDrainDeadlineMax = std::chrono::hours(24 * 7);
std::vector<AdminRoute> life_routes(LifeOrders orders);

}  // namespace noom::ops
