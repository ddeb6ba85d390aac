// noom-turn: wiring of configuration, service and life cycle.
#include <absl/strings/str_join.h>

#include "common/io/clocks.h"
#include "common/ops/daemon.h"
#include "turn/listeners.h"
#include "turn/metrics.h"
#include "turn/reload.h"
#include "turn/setup.h"

namespace noom::turn {
namespace {

std::vector<io::LocalAddress> host_addresses() {
  auto host = io::local_addresses();
  return host.ok() ? *std::move(host) : std::vector<io::LocalAddress>();
}

// Fills a fresh table as the first one was.
using Load = std::function<std::vector<std::string>(ops::ConfigTable&)>;

class Daemon final : public ops::Service {
 public:
  Daemon(std::unique_ptr<TurnService> service, const Prepared& prepared, const Config& config,
         const ops::ConfigTable& table, Load load, LogSink& log)
      : service_(std::move(service)),
        settings_(prepared.options.settings),
        tls_(prepared.tls),
        config_(config),
        table_(table),
        load_(std::move(load)),
        log_(log) {}

  static absl::StatusOr<std::unique_ptr<ops::Service>> start(const Prepared& prepared, const Config& config,
                                                             const ops::ConfigTable& table, Load load, LogSink& log) {
    for (const RelayAddress& relay : prepared.options.settings->relay_addresses)
      log.info("relay_address", {{"local", relay.local.to_string()}, {"external", relay.external.to_string()}});
    std::optional<size_t> failed;
    auto service = TurnService::start(prepared.options, log, &failed);
    if (service.ok())
      return std::make_unique<Daemon>(std::move(*service), prepared, config, table, std::move(load), log);
    const std::string message(service.status().message());
    return absl::UnavailableError(failed ? table.fault(prepared.options.listeners[*failed].name, message) : message);
  }

  std::vector<ops::BoundListener> listeners() const override {
    std::vector<ops::BoundListener> bound;
    for (const Listener& listener : service_->listeners())
      bound.push_back({listener.name, scheme_of(listener), listener.local});
    return bound;
  }
  void collect(ops::MetricPage& page) const override { turn::collect(page, *service_); }
  void drain(std::function<void()> drained) override { service_->begin_drain(std::move(drained)); }
  void heartbeat(std::function<void()> alive) override { service_->heartbeat(std::move(alive)); }
  absl::Status reload() override {
    const Reload fresh = read_again(config_, table_, *settings_, load_, host_addresses(), io::read_clocks().wall);
    if (!fresh.findings.errors.empty()) return absl::InvalidArgumentError(absl::StrJoin(fresh.findings.errors, "; "));
    for (const std::string& warning : fresh.findings.warnings)
      log_.warning("configuration_warning", {{"message", warning}});
    if (!fresh.restart_keys.empty())
      log_.warning("restart_needed", {{"keys", absl::StrJoin(fresh.restart_keys, ", ")}});
    settings_ = fresh.settings;
    service_->change_settings(fresh.settings);
    for (size_t i = 0; i < tls_.size(); ++i)
      if (tls_[i] != nullptr) tls_[i]->set(fresh.certificates[i]);
    return absl::OkStatus();
  }

 private:
  std::unique_ptr<TurnService> service_;
  std::shared_ptr<const Settings> settings_;
  std::vector<std::shared_ptr<io::TlsContextSlot>> tls_;
  const Config& config_;
  const ops::ConfigTable& table_;
  Load load_;
  LogSink& log_;
};

int run(int argc, char** argv) {
  Config config;
  ops::ConfigTable table = config_table(config);
  Prepared prepared;
  return ops::run_daemon(
      argc, argv,
      {.name = "noom-turn",
       .summary = "relays traffic for clients that cannot reach each other (TURN, RFC 8656), and answers STUN",
       .table = &table,
       .ops = &config.ops,
       .check =
           [&] {
             std::vector<std::string> warnings;
             fit_listeners(config, table, warnings);
             prepared = prepare(config, table, host_addresses(), io::read_clocks().wall);
             ops::Findings findings = prepared.findings;
             findings.warnings.insert(findings.warnings.end(), warnings.begin(), warnings.end());
             return findings;
           },
       .start =
           [&](LogSink& log) {
             return Daemon::start(
                 prepared, config, table,
                 [=](ops::ConfigTable& fresh) { return ops::load_configuration(argc, argv, "noom-turn", fresh); }, log);
           }});
}

}  // namespace
}  // namespace noom::turn

int main(int argc, char** argv) {
  return noom::turn::run(argc, argv);
}
