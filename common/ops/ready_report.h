// What a daemon says once it is ready: to scripts (a JSON file), to people (a log line).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/ops/daemon.h"

namespace noom::ops {

// {"pid":1,"listeners":[{"name":"listen.udp","transport":"udp","address":"127.0.0.1","port":3478}],"metrics":{"address":"127.0.0.1","port":9642}}
std::string ready_json(const std::vector<BoundListener>& listeners, const std::optional<IpEndpoint>& metrics);

struct DaemonStatus {
  std::string_view daemon;
  bool ready = false;
  bool draining = false;
  uint64_t in_progress = 0;  // as Service::in_progress
};
// What GET /v1/status answers: {"daemon":"noom-turn","version":"0.1.0","ready":true,"draining":false,"in_progress":3,
// and the above.
std::string status_json(const DaemonStatus& status, const std::vector<BoundListener>& listeners,
                        const std::optional<IpEndpoint>& metrics);

// listener=udp://127.0.0.1:3478 … metrics=127.0.0.1:9642 version=0.1.0
std::vector<LogField> ready_fields(const std::vector<BoundListener>& listeners,
                                   const std::optional<IpEndpoint>& metrics);

}  // namespace noom::ops
