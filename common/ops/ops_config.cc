#include "common/ops/ops_config.h"

namespace noom::ops {

void add_ops_rows(ConfigTable& table, OpsConfig& config) {
  table
      .endpoints(
          "metrics.listen", &config.metrics_listen,
          "Where /metrics, /healthz and /readyz are served over plain HTTP; keep it on loopback. Empty: not at all.")
      .choice<LogLevel>("log.level", &config.log_level,
                        {{"debug", LogLevel::kDebug},
                         {"info", LogLevel::kInfo},
                         {"warning", LogLevel::kWarning},
                         {"error", LogLevel::kError}},
                        "The least important log lines to write.")
      .choice<LogFormat>("log.format", &config.log_format, {{"text", LogFormat::kText}, {"json", LogFormat::kJson}},
                         "How log lines look on standard error: text for people and the journal, json for collectors.")
      .path("daemon.ready_file", &config.ready_file,
            "A file to write once ready: JSON with every bound address and port. Empty: none.")
      .seconds("daemon.drain_timeout_s", &config.drain_timeout, {.min = 0, .max = 86400},
               "How long SIGTERM waits for what is in progress before the process exits.")
      .boolean("daemon.core_dumps", &config.core_dumps,
               "Allow core dumps and debuggers. Off, because the process holds secrets.");
}

}  // namespace noom::ops
