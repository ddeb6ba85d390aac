// What a daemon can be told of its usage records: the rows of [usage] that noom-turn and noom-signal share.
#pragma once

#include <absl/status/statusor.h>

#include <optional>
#include <string>

#include "common/ops/config_table.h"
#include "common/ops/daemon.h"
#include "common/usage/usage_recorder.h"

namespace noom {

struct UsageConfig {
  std::string directory;  // empty: nothing is recorded
  uint64_t spool_bytes = 256 << 20;
  std::string url;
  std::string secret_file;
  std::string ca_file;
  Duration timeout = std::chrono::seconds(10);

  bool enabled() const { return !directory.empty(); }
};

// All of [usage] that both daemons have. `config` outlives the table.
void add_usage_rows(ops::ConfigTable& table, UsageConfig& config);
void check_usage(const UsageConfig& config, const ops::ConfigTable& table, ops::Findings& findings);

// Null when it is not enabled. An error is a line from ConfigTable::fault.
absl::StatusOr<std::unique_ptr<UsageRecorder>> start_usage(const UsageConfig& config, std::string node,
                                                           const ops::ConfigTable& table, LogSink& log);

}  // namespace noom
