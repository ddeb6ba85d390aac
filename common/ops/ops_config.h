// The configuration that all daemons share: log.*, metrics.*, daemon.*.
#pragma once

#include <string>
#include <vector>

#include "common/base/endpoint.h"
#include "common/base/log.h"
#include "common/base/time.h"
#include "common/ops/config_table.h"
#include "common/ops/line_log.h"
#include "common/ops/log_redaction.h"

namespace noom::ops {

// In the runtime directory that systemd gives a unit ($RUNTIME_DIRECTORY); empty without one.
std::string default_admin_socket();

struct OpsConfig {
  LogLevel log_level = LogLevel::kInfo;
  LogFormat log_format = LogFormat::kText;
  LogAddresses log_addresses = LogAddresses::kFull;
  std::vector<IpEndpoint> metrics_listen;             // empty: no admin port
  std::string admin_socket = default_admin_socket();  // empty: none
  std::string ready_file;
  Duration drain_timeout = std::chrono::seconds(5);
  bool core_dumps = false;
};

// Adds the rows; call it last, so that they end the sample file. `config.metrics_listen` holds the daemon's default by
// then.
void add_ops_rows(ConfigTable& table, OpsConfig& config);

}  // namespace noom::ops
