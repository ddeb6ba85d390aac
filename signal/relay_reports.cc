#include "signal/relay_reports.h"

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

namespace noom::signal {

std::optional<RelayStatus> parse_relay_report(std::string_view json) try {
  const boost::json::value report = boost::json::parse({json.data(), json.size()});
  RelayStatus status;
  status.node = std::string(report.at("node").as_string());
  for (const boost::json::value& url : report.at("urls").as_array()) status.urls.emplace_back(url.as_string());
  status.load = report.at("load").to_number<double>();
  status.draining = report.at("draining").as_bool();
  status.healthy = report.at("health").as_string() == "ok";
  return status;
} catch (const std::exception&) {
  return std::nullopt;
}

}  // namespace noom::signal
