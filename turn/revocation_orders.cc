#include "turn/revocation_orders.h"

#include <boost/json.hpp>

namespace noom::turn {
namespace {

namespace json = boost::json;

absl::Status wrong(const char* what) {
  return absl::InvalidArgumentError(what);
}

}  // namespace

absl::StatusOr<Revocation> parse_revocation(std::string_view text, Wall now) {
  if (text.size() > kOrderBytesMax) return wrong("the order is too long");
  json::error_code error;
  const json::value order = json::parse(json::string_view(text.data(), text.size()), error);
  if (error || !order.is_object()) return wrong("the order is no JSON object");
  const json::value* username = order.as_object().if_contains("username");
  if (username == nullptr || !username->is_string()) return wrong("\"username\" is missing or no string");
  Revocation revocation{.name = std::string(username->as_string()), .until = now + kRevokedForByDefault};
  if (!is_revocable(revocation.name)) return wrong("\"username\" is empty, a dot alone or too long");
  if (const json::value* until = order.as_object().if_contains("until"); until != nullptr) {
    const auto seconds = until->to_number<int64_t>(error);
    if (error) return wrong("\"until\" is no time in Unix seconds");
    if (seconds < 0 || seconds > unix_seconds(now + kRevokedForMax))
      return wrong("\"until\" is more than 30 days ahead");
    revocation.until = Wall(std::chrono::seconds(seconds));
  }
  return revocation;
}

std::string_view to_string(OrderResult result) {
  return result == OrderResult::kObeyed ? "obeyed" : "malformed";
}

absl::Status RevocationOrders::obey(Now now, std::string_view text) {
  absl::StatusOr<Revocation> revocation = parse_revocation(text, now.wall);
  if (!revocation.ok()) {
    counts_[OrderResult::kMalformed].add();
    if (const auto suppressed = malformed_.admit(now.mono))
      log_.warning(
          "revocation_malformed",
          {{"source", source_}, {"reason", std::string(revocation.status().message())}, {"suppressed", *suppressed}});
    return revocation.status();
  }
  counts_[OrderResult::kObeyed].add();
  if (const auto suppressed = obeyed_.admit(now.mono))
    log_.info("revocation_obeyed", {{"source", source_},
                                    {"username", revocation->name},
                                    {"until", unix_seconds(*revocation->until)},
                                    {"suppressed", *suppressed}});
  revoke_(*std::move(revocation));
  return absl::OkStatus();
}

void collect_orders(ops::MetricPage& page, const CounterTable<OrderResult>& bus,
                    const CounterTable<OrderResult>& http) {
  auto family = page.counter("noom_turn_revocation_orders_total",
                             "Orders to take credentials back, by how they came and what became of them.");
  for (size_t i = 0; i < count_of<OrderResult>(); ++i) {
    const auto result = static_cast<OrderResult>(i);
    family.sample(bus[result].value(), {{"source", "bus"}, {"result", to_string(result)}});
    family.sample(http[result].value(), {{"source", "http"}, {"result", to_string(result)}});
  }
}

}  // namespace noom::turn
