#include "common/ops/life_routes.h"

#include <utility>

#include "common/ops/daemon.h"

namespace noom::ops {

std::vector<AdminRoute> life_routes(LifeOrders orders) {
  const auto status = [tell = std::move(orders.status)](const AdminRequest&, const AdminAnswer& answer) {
    answer({200, tell()});
  };
  const auto reload = [order = std::move(orders.reload)](const AdminRequest&, const AdminAnswer& answer) {
    const absl::Status done = order();
    answer(done.ok() ? AdminReply{204} : admin_error(409, "reload_refused", std::string(done.message())));
  };
  const auto drain = [](const AdminRequest&, const AdminAnswer& answer) {
    answer({202});
    request_stop();
  };
  return {{"GET", "/v1/status", status}, {"POST", "/v1/reload", reload}, {"POST", "/v1/drain", drain}};
}

}  // namespace noom::ops
