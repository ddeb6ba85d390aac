// noom-stun: wiring of configuration, service and life cycle.
#include <absl/strings/str_join.h>

#include <algorithm>
#include <functional>
#include <optional>
#include <thread>

#include "common/io/listen_socket.h"
#include "common/ops/config_changes.h"
#include "common/ops/daemon.h"
#include "common/ops/default_listeners.h"
#include "stun/config.h"
#include "stun/metrics.h"
#include "stun/shell/choose_ports.h"
#include "stun/shell/stun_service.h"

namespace noom::stun {
namespace {

constexpr std::string_view kAlternateKey = "listen.alternate_addresses";

// Fills a fresh table as the first one was.
using Load = std::function<std::vector<std::string>(ops::ConfigTable&)>;

ShardLimits limits_of(const Config& config) {
  return {.tcp_connections_max = config.tcp_connections,
          .tcp_idle_timeout = config.tcp_idle_timeout,
          .policy = config.policy,
          .proxies = config.proxies};
}

// A host without IPv6 has no need of the listeners on it.
void fit_listeners(Config& config, const ops::ConfigTable& table, std::vector<std::string>& warnings) {
  ops::leave_out_ipv6(table, {{"listen.udp", &config.listen_udp}, {"listen.tcp", &config.listen_tcp}},
                      io::has_family(Family::kV6), warnings);
}

class Daemon final : public ops::Service {
 public:
  Daemon(const Config& config, const ops::ConfigTable& table, Load load, LogSink& log)
      : service_(config.shards > 0 ? config.shards : std::max(1u, std::thread::hardware_concurrency()),
                 limits_of(config)),
        config_(config),
        table_(table),
        load_(std::move(load)),
        log_(log) {}

  absl::Status start(const Config& config, const ops::ConfigTable& table) {
    if (auto status = listen("listen.udp", Transport::kUdp, config.listen_udp, config, table); !status.ok())
      return status;
    if (auto status = listen("listen.tcp", Transport::kTcp, config.listen_tcp, config, table); !status.ok())
      return status;
    service_.start();
    return absl::OkStatus();
  }
  std::vector<ops::BoundListener> listeners() const override { return listeners_; }
  void collect(ops::MetricPage& page) const override { stun::collect(page, service_); }
  void heartbeat(std::function<void()> alive) override { service_.heartbeat(std::move(alive)); }
  absl::Status reload() override {
    Config fresh;
    ops::ConfigTable table = config_table(fresh);
    std::vector<std::string> errors = load_(table);
    if (errors.empty()) errors = check(fresh, table).errors;
    if (!errors.empty()) return absl::InvalidArgumentError(absl::StrJoin(errors, "; "));
    std::vector<std::string> said_at_start;
    fit_listeners(fresh, table, said_at_start);
    const auto waiting = ops::keys_for_restart(
        table_, table, [](std::string_view key) { return key.starts_with("limits.") || key.starts_with("binding."); });
    if (!waiting.empty()) log_.warning("restart_needed", {{"keys", absl::StrJoin(waiting, ", ")}});
    ShardLimits limits = limits_of(fresh);
    limits.proxies = config_.proxies;  // of listen.*, as the listeners are
    service_.change_limits(limits);
    return absl::OkStatus();
  }

 private:
  absl::Status listen(std::string_view key, Transport transport, const std::vector<IpEndpoint>& endpoints,
                      const Config& config, const ops::ConfigTable& table) {
    for (const IpEndpoint& endpoint : endpoints) {
      const std::optional<IpEndpoint> alternate = config.alternate_of(endpoint);
      const absl::Status status = alternate ? listen_matrix(key, transport, endpoint, *alternate, table)
                                            : listen_at(key, transport, endpoint, table);
      if (!status.ok()) return status;
    }
    return absl::OkStatus();
  }

  absl::Status listen_at(std::string_view key, Transport transport, const IpEndpoint& endpoint,
                         const ops::ConfigTable& table) {
    const auto bound = service_.listen(transport, endpoint);
    if (!bound.ok()) return absl::UnavailableError(table.fault(key, std::string(bound.status().message())));
    listeners_.push_back({std::string(key), std::string(to_string(transport)), *bound});
    return absl::OkStatus();
  }

  absl::Status listen_matrix(std::string_view key, Transport transport, const IpEndpoint& endpoint,
                             const IpEndpoint& alternate, const ops::ConfigTable& table) {
    const std::string_view keys[] = {key, "listen.alternate_port", kAlternateKey, kAlternateKey};
    const auto matrix = choose_ports(transport, endpoint, alternate);
    if (!matrix.ok()) return absl::UnavailableError(table.fault(kAlternateKey, std::string(matrix.status().message())));
    if (const auto failure = service_.listen(transport, *matrix))
      return absl::UnavailableError(table.fault(keys[failure->position], std::string(failure->status.message())));
    for (uint8_t position = 0; position < matrix->size(); ++position)
      listeners_.push_back({std::string(keys[position]), std::string(to_string(transport)), matrix->at[position]});
    return absl::OkStatus();
  }

  StunService service_;
  const Config& config_;
  const ops::ConfigTable& table_;
  Load load_;
  LogSink& log_;
  std::vector<ops::BoundListener> listeners_;
};

int run(int argc, char** argv) {
  Config config;
  ops::ConfigTable table = config_table(config);
  return ops::run_daemon(
      argc, argv,
      {.name = "noom-stun",
       .summary = "tells clients the address they are seen from (STUN Binding, RFC 8489), and how "
                  "their NAT behaves (RFC 5780)",
       .table = &table,
       .ops = &config.ops,
       .check =
           [&] {
             ops::Findings findings = check(config, table);
             fit_listeners(config, table, findings.warnings);
             return findings;
           },
       .start = [&](LogSink& log) -> absl::StatusOr<std::unique_ptr<ops::Service>> {
         auto daemon = std::make_unique<Daemon>(
             config, table,
             [=](ops::ConfigTable& fresh) { return ops::load_configuration(argc, argv, "noom-stun", fresh); }, log);
         if (auto status = daemon->start(config, table); !status.ok()) return status;
         return daemon;
       }});
}

}  // namespace
}  // namespace noom::stun

int main(int argc, char** argv) {
  return noom::stun::run(argc, argv);
}
