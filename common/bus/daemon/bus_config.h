// What a daemon can be told of its bus: the rows of [cluster] that noom-turn and noom-signal share.
#pragma once

#include <string>
#include <vector>

#include "common/bus/nats_bus.h"
#include "common/ops/config_table.h"
#include "common/ops/daemon.h"

namespace noom::bus {

struct BusConfig {
  std::vector<std::string> servers;  // empty: no bus
  std::string node;                  // empty: the host name
  std::string subject_prefix = "noom";
  std::string user_file;
  std::string token_file;
  std::string credentials_file;
  std::string nkey;
  std::string nkey_file;
  NatsTls tls;

  bool enabled() const { return !servers.empty(); }
};

// All of [cluster] that both daemons have. `config` outlives the table.
void add_bus_rows(ops::ConfigTable& table, BusConfig& config);
void check_bus(const BusConfig& config, const ops::ConfigTable& table, ops::Findings& findings);

std::string node_name(const BusConfig& config);
// Copies what it needs. `daemon`: "noom-turn".
NatsOptions nats_options(const BusConfig& config, std::string_view daemon);

}  // namespace noom::bus
