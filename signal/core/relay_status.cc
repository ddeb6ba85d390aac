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
  const auto number_of = [&](const char* name) {
    const auto* number = object.if_contains(name);
    return number != nullptr && number->is_int64() ? static_cast<uint64_t>(number->get_int64()) : uint64_t{0};
  };
  status.incarnation = number_of("incarnation");
  status.connects = number_of("connects");
  for (const auto& url : urls->get_array()) {
    if (!url.is_string()) return std::nullopt;
    status.urls.emplace_back(url.get_string());
  }
  return status;
}

std::optional<Revocation> parse_revocation_order(std::string_view json) {
  boost::system::error_code error;
  const auto value = boost::json::parse({json.data(), json.size()}, error);
  if (error || !value.is_object()) return std::nullopt;
  const auto* username = value.get_object().if_contains("username");
  const auto* until = value.get_object().if_contains("until");
  if (username == nullptr || !username->is_string() || until == nullptr || !until->is_int64()) return std::nullopt;
  // As noom-turn has it.
  constexpr size_t kNameBytesMax = 512;
  constexpr int64_t kUntilMax = int64_t{1} << 40;
  if (username->get_string().size() > kNameBytesMax || until->get_int64() < 0 || until->get_int64() > kUntilMax)
    return std::nullopt;
  return Revocation{std::string(username->get_string()), Wall(std::chrono::seconds(until->get_int64()))};
}

}  // namespace noom::signal
