#include "common/ops/ready_report.h"

#include <unistd.h>

namespace noom::ops {
namespace {

// Addresses and our own listener names hold nothing that JSON would have to escape.
std::string address_and_port(const IpEndpoint& endpoint) {
  return "\"address\":\"" + endpoint.address.to_string() + "\",\"port\":" + std::to_string(endpoint.port);
}

}  // namespace

std::string ready_json(const std::vector<BoundListener>& listeners, const std::optional<IpEndpoint>& metrics) {
  std::string json = "{\"pid\":" + std::to_string(::getpid()) + ",\"listeners\":[";
  for (const BoundListener& listener : listeners) {
    if (json.back() == '}') json += ',';
    json += "{\"name\":\"" + listener.name + "\",\"transport\":\"" + listener.transport + "\"," +
            address_and_port(listener.local) + "}";
  }
  json += "]";
  if (metrics) json += ",\"metrics\":{" + address_and_port(*metrics) + "}";
  return json + "}\n";
}

std::string status_json(const DaemonStatus& status, const std::vector<BoundListener>& listeners,
                        const std::optional<IpEndpoint>& metrics) {
  const auto flag = [](bool value) { return value ? "true" : "false"; };
  return "{\"daemon\":\"" + std::string(status.daemon) + "\",\"version\":\"" + std::string(version()) +
         "\",\"ready\":" + flag(status.ready) + ",\"draining\":" + flag(status.draining) +
         ",\"in_progress\":" + std::to_string(status.in_progress) + "," + ready_json(listeners, metrics).substr(1);
}

std::vector<LogField> ready_fields(const std::vector<BoundListener>& listeners,
                                   const std::optional<IpEndpoint>& metrics) {
  std::vector<LogField> fields;
  for (const BoundListener& listener : listeners)
    fields.emplace_back("listener", listener.transport + "://" + listener.local.to_string());
  if (metrics) fields.emplace_back("metrics", metrics->to_string());
  fields.emplace_back("version", version());
  return fields;
}

}  // namespace noom::ops
