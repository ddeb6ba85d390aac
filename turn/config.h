// What noom-turn can be told, as it stands in the file. What becomes of it is setup.h.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "common/auth/peer_policy.h"
#include "common/base/endpoint.h"
#include "common/base/secret.h"
#include "common/base/time.h"
#include "common/bus/daemon/bus_config.h"
#include "common/ops/config_table.h"
#include "common/ops/ops_config.h"
#include "common/usage/usage_config.h"
#include "turn/core/settings.h"
#include "turn/external_source.h"
#include "turn/shell/turn_service.h"

namespace noom::turn {

struct Config {
  uint32_t shards = 0;  // 0: one per CPU
  std::vector<IpEndpoint> listen_udp;
  std::vector<IpEndpoint> listen_tcp;
  std::vector<IpEndpoint> listen_tls;
  std::vector<IpEndpoint> listen_tcp_or_tls;
  std::vector<IpEndpoint> listen_dtls;
  std::vector<IpEndpoint> listen_udp_or_dtls;
  std::string tls_certificate;
  std::string tls_key;
  std::vector<std::string> further_certificates;   // "/etc/noom/a.pem:/etc/noom/a.key"
  std::vector<std::string> listener_certificates;  // "tls://0.0.0.0:5349=/etc/noom/a.pem:/etc/noom/a.key"

  std::vector<IpAddress> relay_addresses;  // empty: those of the default routes
  std::vector<ExternalSource> external_addresses;
  Duration external_refresh = std::chrono::seconds(60);
  std::vector<std::string> listener_addresses;  // "tls://0.0.0.0:5349=10.0.0.7 203.0.113.7"
  std::vector<std::string> mobility_key_files;
  std::vector<std::string> listener_realms;  // "tls://0.0.0.0:5349=example.org"

  std::vector<Secret> users;  // "name:password"
  std::string user_file;
  std::vector<Secret> rest_secrets;
  std::vector<std::string> rest_secret_files;
  std::string token_server_name;
  std::vector<Secret> token_keys;  // "id:base64"
  Duration nonce_lifetime = std::chrono::hours(1);

  std::vector<auth::IpPrefix> peers_allow;
  std::vector<auth::IpPrefix> peers_deny;
  std::vector<auth::IpPrefix> clients_allow;
  std::vector<auth::IpPrefix> clients_deny;

  bus::BusConfig cluster;
  std::vector<std::string> cluster_urls;
  uint64_t cluster_capacity_bits_per_second = 0;
  std::string admin_token_file;

  uint32_t challenges_per_second = 50;
  uint32_t burst_ms = 1000;
  Settings settings;           // what goes straight into the core
  TurnServiceOptions service;  // what goes straight into the shell
  UsageConfig usage;
  ops::OpsConfig ops;

  Config();  // the defaults
};

// Rows bound to `config`, which outlives the table.
ops::ConfigTable config_table(Config& config);

}  // namespace noom::turn
