// What noom-stun can be told.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "common/auth/ip_prefix.h"
#include "common/base/endpoint.h"
#include "common/base/time.h"
#include "common/ops/config_table.h"
#include "common/ops/daemon.h"
#include "common/ops/ops_config.h"
#include "stun/core/arrival.h"

namespace noom::stun {

struct Config {
  std::vector<IpEndpoint> listen_udp;
  std::vector<IpEndpoint> listen_tcp;
  std::vector<IpAddress> alternate_addresses;
  uint16_t alternate_port;
  Policy policy;
  uint32_t shards = 0;  // 0: one per CPU
  uint32_t tcp_connections = 4096;
  std::vector<auth::IpPrefix> proxies;
  Duration tcp_idle_timeout = std::chrono::seconds(30);
  ops::OpsConfig ops;

  Config();  // the defaults
  // The second address and port for a listener; nullopt: no behaviour discovery there.
  std::optional<IpEndpoint> alternate_of(const IpEndpoint& listener) const;
};

// Rows bound to `config`, which outlives the table.
ops::ConfigTable config_table(Config& config);
// What no single row can tell.
ops::Findings check(const Config& config, const ops::ConfigTable& table);

}  // namespace noom::stun
