#include "common/ops/life_routes.h"

#include <absl/strings/numbers.h>

#include <utility>

namespace noom::ops {
namespace {

// Nothing: it is not a number of seconds that a drain may take.
std::optional<Duration> deadline_of(const AdminRequest& request) {
  const auto text = request.parameter("deadline_s");
  if (!text) return request.query.empty() ? std::optional(kForever) : std::nullopt;
  int64_t seconds = 0;
  const int64_t most = std::chrono::duration_cast<std::chrono::seconds>(kDrainDeadlineMax).count();
  if (!absl::SimpleAtoi(*text, &seconds) || seconds < 0 || seconds > most) return std::nullopt;
  return std::chrono::seconds(seconds);
}

}  // namespace

std::vector<AdminRoute> life_routes(LifeOrders orders) {
  const auto status = [tell = std::move(orders.status)](const AdminRequest&, const AdminAnswer& answer) {
    answer({200, tell()});
  };
  const auto reload = [order = std::move(orders.reload)](const AdminRequest&, const AdminAnswer& answer) {
    const absl::Status done = order();
    answer(done.ok() ? AdminReply{204} : admin_error(409, "reload_refused", std::string(done.message())));
  };
  const auto drain = [order = std::move(orders.drain)](const AdminRequest& request, const AdminAnswer& answer) {
    const auto deadline = deadline_of(request);
    if (!deadline) return answer(admin_error(400, "malformed", "deadline_s is a number of seconds, 0 to 604800"));
    answer({202});
    order(*deadline);
  };
  return {{"GET", "/v1/status", status}, {"POST", "/v1/reload", reload}, {"POST", "/v1/drain", drain}};
}

}  // namespace noom::ops
