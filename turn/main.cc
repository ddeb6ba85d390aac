// noom-turn: wiring of configuration, service and life cycle.
#include "common/io/clocks.h"
#include "common/ops/daemon.h"
#include "turn/metrics.h"
#include "turn/setup.h"

namespace noom::turn {
namespace {

class Daemon final : public ops::Service {
 public:
  Daemon(std::unique_ptr<TurnService> service, std::shared_ptr<io::TlsContextSlot> tls, const Config& config,
         const ops::ConfigTable& table)
      : service_(std::move(service)), tls_(std::move(tls)), config_(config), table_(table) {}

  static absl::StatusOr<std::unique_ptr<ops::Service>> start(const Prepared& prepared, const Config& config,
                                                             const ops::ConfigTable& table, LogSink& log) {
    for (const RelayAddress& relay : prepared.options.settings->relay_addresses)
      log.info("relay_address", {{"local", relay.local.to_string()}, {"external", relay.external.to_string()}});
    std::optional<size_t> failed;
    auto service = TurnService::start(prepared.options, log, &failed);
    if (service.ok()) return std::make_unique<Daemon>(std::move(*service), prepared.tls, config, table);
    const std::string message(service.status().message());
    return absl::UnavailableError(failed ? table.fault(prepared.options.listeners[*failed].name, message) : message);
  }

  std::vector<ops::BoundListener> listeners() const override {
    std::vector<ops::BoundListener> bound;
    for (const Listener& listener : service_->listeners())
      bound.push_back({listener.name, std::string(to_string(listener.transport)), listener.local});
    return bound;
  }
  void collect(ops::MetricPage& page) const override { turn::collect(page, *service_, tls_.get()); }
  void drain(std::function<void()> drained) override { service_->begin_drain(std::move(drained)); }
  void heartbeat(std::function<void()> alive) override { service_->heartbeat(std::move(alive)); }
  absl::Status reload() override {
    if (tls_ == nullptr) return ops::Service::reload();
    return reload_certificate(config_, table_, *tls_, io::read_clocks().wall);
  }

 private:
  std::unique_ptr<TurnService> service_;
  std::shared_ptr<io::TlsContextSlot> tls_;
  const Config& config_;
  const ops::ConfigTable& table_;
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
             const auto host = io::local_addresses();
             prepared =
                 prepare(config, table, host.ok() ? *host : std::vector<io::LocalAddress>(), io::read_clocks().wall);
             return prepared.findings;
           },
       .start = [&](LogSink& log) { return Daemon::start(prepared, config, table, log); }});
}

}  // namespace
}  // namespace noom::turn

int main(int argc, char** argv) {
  return noom::turn::run(argc, argv);
}
