// What noom-signal can be told.
#pragma once

#include <absl/status/statusor.h>

#include <memory>
#include <string>
#include <vector>

#include "common/base/endpoint.h"
#include "common/base/secret.h"
#include "common/bus/daemon/bus_config.h"
#include "common/ops/config_table.h"
#include "common/ops/daemon.h"
#include "common/ops/ops_config.h"
#include "common/usage/usage_config.h"
#include "signal/admin_config.h"
#include "signal/admission_config.h"
#include "signal/core/settings.h"
#include "signal/shell/signal_shell.h"

namespace noom::signal {

struct Config {
  std::vector<IpEndpoint> listen_http;
  std::vector<IpEndpoint> listen_https;
  std::string tls_certificate;
  std::string tls_key;
  std::string web_root;
  std::string turn_secret_file;
  bus::BusConfig cluster;
  std::string session_key_file;
  std::string state_directory;  // empty: nothing is kept
  uint32_t messages_per_s = 20;
  uint32_t messages_burst = 60;
  uint32_t sends_per_s = 50;
  uint32_t sends_burst = 200;
  uint32_t joins_per_s = 1;
  uint32_t joins_burst = 10;
  uint32_t acks_per_s = 20;
  uint32_t acks_burst = 100;
  uint32_t moderation_per_s = 5;
  uint32_t moderation_burst = 40;
  uint32_t room_events_per_s = 100;
  uint32_t room_events_burst = 400;
  uint32_t openings_per_minute = 20;
  uint32_t openings_burst = 40;
  AdmissionConfig admission;
  AdminConfig admin;
  UsageConfig usage;
  bool dev = false;
  std::string dev_directory;
  Settings hub;  // rows write into it; the buckets are filled by settings_of
  ShellSettings shell;
  ops::OpsConfig ops;

  Config();  // the defaults
  bool serves_https() const { return dev || !tls_certificate.empty(); }
};

// Rows bound to `config`, which outlives the table.
ops::ConfigTable config_table(Config& config);
// What no single row can tell, and whether the files named can be used.
ops::Findings check(const Config& config, const ops::ConfigTable& table);

// What seals session tickets and invitations on all nodes of a cluster alike; empty without one.
absl::StatusOr<Secret> shared_key_of(const Config& config, const ops::ConfigTable& table);
// What the hub is built with; reads the secret's file. The error is a line from ConfigTable::fault.
// `resume_key` seals tickets; empty: they die with the process.
absl::StatusOr<std::shared_ptr<const Settings>> settings_of(const Config& config, const ops::ConfigTable& table,
                                                            Secret resume_key = {},
                                                            std::shared_ptr<const Admission> admission = nullptr);

}  // namespace noom::signal
