#include "common/ops/ops_config.h"

#include <cstdlib>

namespace noom::ops {

// systemd.exec(5): several are separated by colons.
std::string default_admin_socket() {
  const char* folder = std::getenv("RUNTIME_DIRECTORY");
  if (folder == nullptr || *folder == '\0') return {};
  const std::string_view folders(folder);
  return std::string(folders.substr(0, folders.find(':'))) + "/admin.sock";
}

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
      .choice<LogAddresses>(
          "log.addresses", &config.log_addresses,
          {{"full", LogAddresses::kFull}, {"network", LogAddresses::kNetwork}, {"none", LogAddresses::kNone}},
          "How much of clients' and peers' addresses the log shows: all, the network (/24 of IPv4, /48 of IPv6), or "
          "the "
          "family alone.")
      .path("daemon.admin_socket", &config.admin_socket,
            "Where noom-ctl asks: a Unix socket for root and the members of this daemon's group, who need no token. "
            "Empty: none, unless systemd gives a runtime directory: admin.sock there.")
      .path("daemon.ready_file", &config.ready_file,
            "A file to write once ready: JSON with every bound address and port. Empty: none.")
      .seconds("daemon.drain_timeout_s", &config.drain_timeout, {.min = 0, .max = 86400},
               "How long SIGTERM waits for what is in progress before the process exits.")
      .boolean("daemon.core_dumps", &config.core_dumps,
               "Allow core dumps and debuggers. Off, because the process holds secrets.");
}

}  // namespace noom::ops
