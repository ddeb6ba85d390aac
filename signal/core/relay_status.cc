#include "signal/core/relay_status.h"

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

namespace noom::signal {

std::optional<RelayStatus> parse_relay_status(std::string_view json) {
  boost::system::error_code error;
  const auto value = boost::json::parse({json.data(), json.size()}, error);
  if (error || !value.is_object()) return std::nullopt;
  const auto& object = value.get_object();
  const auto* node = object.if_contains("node");
  const auto* urls = object.if_contains("urls");
  const auto* load = object.if_contains("load");
  const auto* draining = object.if_contains("draining");
  const auto* health = object.if_contains("health");
  const bool has_all = node != nullptr && node->is_string() && urls != nullptr && urls->is_array() && load != nullptr &&
                       load->is_number() && draining != nullptr && draining->is_bool() && health != nullptr &&
                       health->is_string();
  if (!has_all) return std::nullopt;
  RelayStatus status{.node = std::string(node->get_string()),
                     .urls = {},
                     .load = load->to_number<double>(),
                     .draining = draining->get_bool(),
                     .healthy = health->get_string() == "ok"};
  for (const auto& url : urls->get_array()) {
    if (!url.is_string()) return std::nullopt;
    status.urls.emplace_back(url.get_string());
  }
  return status;
}

}  // namespace noom::signal
