// Orders to take credentials back, however they arrive: JSON {"username": "room.peer", "until": 1700003600}, as
// docs/cluster.md has it.
#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <functional>
#include <string_view>

#include "common/base/counter_table.h"
#include "common/base/log.h"
#include "common/base/log_limit.h"
#include "common/base/time.h"
#include "common/ops/metrics.h"
#include "turn/core/revocations.h"

namespace noom::turn {

constexpr size_t kOrderBytesMax = 8192;
// When the order does not say up to which expiry credentials are meant.
constexpr Duration kRevokedForByDefault = std::chrono::hours(24);
// Later than credentials are ever minted for.
constexpr Duration kRevokedForMax = std::chrono::hours(24 * 30);

// Members that it does not know are ignored. An error says what is wrong with the order.
absl::StatusOr<Revocation> parse_revocation(std::string_view json, Wall now);

enum class OrderResult : uint8_t { kObeyed, kMalformed, kCount };
std::string_view to_string(OrderResult result);

// One way by which orders come; used by one thread. The counters may be read by any.
class RevocationOrders {
 public:
  using Revoke = std::function<void(Revocation)>;
  // `source`: a literal, for the log.
  RevocationOrders(std::string_view source, Revoke revoke, LogSink& log)
      : source_(source), revoke_(std::move(revoke)), log_(log) {}

  absl::Status obey(Now now, std::string_view json);
  const CounterTable<OrderResult>& counts() const { return counts_; }

 private:
  std::string_view source_;
  Revoke revoke_;
  LogSink& log_;
  LogLimit obeyed_, malformed_;
  CounterTable<OrderResult> counts_;
};

// noom_turn_revocation_orders_total.
void collect_orders(ops::MetricPage& page, const CounterTable<OrderResult>& bus, const CounterTable<OrderResult>& http);

}  // namespace noom::turn
