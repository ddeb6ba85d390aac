// noom-turn: wiring of configuration, service and life cycle.
#include <absl/strings/str_join.h>

#include "common/bus/daemon/bus_metrics.h"
#include "common/io/clocks.h"
#include "common/ops/daemon.h"
#include "common/usage/usage_metrics.h"
#include "turn/bus_node.h"
#include "turn/external_lookup.h"
#include "turn/listeners.h"
#include "turn/live_settings.h"
#include "turn/metrics.h"
#include "turn/reload.h"
#include "turn/setup.h"
#include "turn/usage_records.h"

namespace noom::turn {
namespace {

std::vector<io::LocalAddress> host_addresses() {
  auto host = io::local_addresses();
  return host.ok() ? *std::move(host) : std::vector<io::LocalAddress>();
}

// Fills a fresh table as the first one was.
using Load = std::function<std::vector<std::string>(ops::ConfigTable&)>;

// What the process before left, or why it is lost.
using Left = std::optional<absl::StatusOr<io::FdParcel>>;

// How long a start waits for external addresses before it goes on without.
constexpr Duration kExternalAtStart = std::chrono::seconds(3);

class Daemon final : public ops::Service {
 public:
  Daemon(std::unique_ptr<UsageRecorder> usage, std::unique_ptr<TurnService> service,
         std::unique_ptr<LiveSettings> settings, const Prepared& prepared, const Config& config,
         const ops::ConfigTable& table, Load load, LogSink& log)
      : http_orders_(
            "http", [this](Revocation revocation) { service_->revoke(std::move(revocation)); }, log),
        usage_(std::move(usage)),
        service_(std::move(service)),
        settings_(std::move(settings)),
        tls_(prepared.tls),
        config_(config),
        table_(table),
        load_(std::move(load)),
        log_(log) {
    settings_->follow(
        [this](std::shared_ptr<const Settings> changed) { service_->change_settings(std::move(changed)); });
    admin_ = std::make_shared<ops::AdminApi>(ops::AdminApi{
        prepared.admin_token.clone(),
        {{"POST", "/v1/revocations", [this](const ops::AdminRequest& request, const ops::AdminAnswer& answer) {
            const absl::Status status = http_orders_.obey(io::read_clocks(), request.body);
            answer(status.ok() ? ops::AdminReply{204}
                               : ops::admin_error(400, "malformed", std::string(status.message())));
          }}}});
    if (config.cluster.enabled()) bus_node_ = BusNode::start(bus_node_options(config), log);
  }

  static absl::StatusOr<std::unique_ptr<ops::Service>> start(const Prepared& prepared, const Config& config,
                                                             const ops::ConfigTable& table, Load load, Left left,
                                                             LogSink& log) {
    auto settings = std::make_unique<LiveSettings>(look_up_external, host_addresses, log);
    settings->change(prepared.options.settings, prepared.external_uses, config.external_refresh, kExternalAtStart);
    TurnServiceOptions options = prepared.options;
    options.settings = settings->current();
    if (left) take_over(*std::move(left), config, options, log);
    for (const RelayAddress& relay : options.settings->relay_addresses)
      log.info("relay_address", {{"local", relay.local.to_string()},
                                 {"external", relay.is_known() ? relay.external.to_string() : "unknown"}});
    auto usage = start_usage(config.usage, bus::node_name(config.cluster), table, log);
    if (!usage.ok()) return usage.status();
    if (*usage != nullptr)
      options.usage = [recorder = usage->get()](const UsageRecord& record) {
        recorder->record(usage_type(record.kind), record.at, usage_members(record));
      };
    std::optional<size_t> failed;
    auto service = TurnService::start(options, log, &failed);
    if (service.ok())
      return std::make_unique<Daemon>(*std::move(usage), std::move(*service), std::move(settings), prepared, config,
                                      table, std::move(load), log);
    const std::string message(service.status().message());
    return absl::UnavailableError(failed ? table.fault(options.listeners[*failed].name, message) : message);
  }

  // What cannot be taken over is as if it had never been: its descriptors are closed.
  static void take_over(absl::StatusOr<io::FdParcel> parcel, const Config& config, TurnServiceOptions& options,
                        LogSink& log) {
    auto left = parcel.ok() ? open_left(*std::move(parcel), options.settings->shard_count)
                            : absl::StatusOr<std::shared_ptr<LeftService>>(parcel.status());
    if (!left.ok()) return log.warning("state_not_restored", {{"reason", std::string(left.status().message())}});
    options.left = *std::move(left);
    options.shared = std::make_shared<Shared>(Secret(options.left->saved.nonce_key), config.nonce_lifetime);
  }

  std::vector<ops::BoundListener> listeners() const override {
    std::vector<ops::BoundListener> bound;
    for (const Listener& listener : service_->listeners())
      bound.push_back({listener.name, scheme_of(listener), listener.local});
    return bound;
  }
  void collect(ops::MetricPage& page) const override {
    turn::collect(page, *service_);
    collect_usage(page, usage_.get());
    collect_externals(page, *settings_->current(), settings_->stats());
    static const CounterTable<OrderResult> none;
    collect_orders(page, bus_node_ == nullptr ? none : bus_node_->orders(), http_orders_.counts());
    bus::collect_bus(page, "noom_turn", bus_node_ == nullptr ? nullptr : &bus_node_->bus());
  }
  std::shared_ptr<const ops::AdminApi> admin_api() override { return admin_; }
  bool ready() const override { return settings_->is_complete(); }
  void drain(std::function<void()> drained) override {
    if (bus_node_ != nullptr) bus_node_->begin_drain();
    service_->begin_drain(std::move(drained));
  }
  uint64_t in_progress() const override { return figures_of(*service_).allocations; }
  std::optional<Leaving> leave() override {
    TurnService::Leaving leaving = service_->leave();
    log_.info("leaving",
              {{"allocations", leaving.allocations}, {"ended", leaving.ended}, {"connections", leaving.connections}});
    return Leaving{std::move(leaving.bytes), std::move(leaving.fds)};
  }
  void heartbeat(std::function<void()> alive) override { service_->heartbeat(std::move(alive)); }
  absl::Status reload() override {
    const Reload fresh =
        read_again(config_, table_, *settings_->current(), load_, host_addresses(), io::read_clocks().wall);
    if (!fresh.findings.errors.empty()) return absl::InvalidArgumentError(absl::StrJoin(fresh.findings.errors, "; "));
    for (const std::string& warning : fresh.findings.warnings)
      log_.warning("configuration_warning", {{"message", warning}});
    if (!fresh.restart_keys.empty())
      log_.warning("restart_needed", {{"keys", absl::StrJoin(fresh.restart_keys, ", ")}});
    settings_->change(fresh.settings, fresh.external_uses, fresh.external_refresh, Duration::zero());
    for (size_t i = 0; i < tls_.size(); ++i)
      if (tls_[i] != nullptr) tls_[i]->set(fresh.certificates[i]);
    return absl::OkStatus();
  }

 private:
  BusNodeOptions bus_node_options(const Config& config) {
    const uint64_t ports = figures_of(*service_).ports_free;  // nothing has been allocated yet
    return {.nats = bus::nats_options(config.cluster, "noom-turn"),
            .node = bus::node_name(config.cluster),
            .subject_prefix = config.cluster.subject_prefix,
            .urls = config.cluster_urls,
            .capacity_bits_per_second = config.cluster_capacity_bits_per_second,
            .threads = service_->shard_count(),
            .figures =
                [this, ports] {
                  NodeFigures figures = figures_of(*service_);
                  figures.ports = ports;
                  return figures;
                },
            .healthy = [this] { return settings_->is_complete(); },
            .revoke = [this](Revocation revocation) { service_->revoke(std::move(revocation)); }};
  }

  RevocationOrders http_orders_;
  std::unique_ptr<UsageRecorder> usage_;  // before the service, whose shards record until they have ended
  std::unique_ptr<TurnService> service_;
  std::unique_ptr<LiveSettings> settings_;  // after the service, which it tells of changes
  std::vector<std::shared_ptr<io::TlsContextSlot>> tls_;
  const Config& config_;
  const ops::ConfigTable& table_;
  Load load_;
  LogSink& log_;
  std::shared_ptr<const ops::AdminApi> admin_;
  std::unique_ptr<BusNode> bus_node_;  // last: its thread uses service and settings
};

int run(int argc, char** argv) {
  Config config;
  ops::ConfigTable table = config_table(config);
  Prepared prepared;
  Left left;
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
       .take_over = [&](absl::StatusOr<io::FdParcel> parcel) { left = std::move(parcel); },
       .start =
           [&](LogSink& log) {
             return Daemon::start(
                 prepared, config, table,
                 [=](ops::ConfigTable& fresh) { return ops::load_configuration(argc, argv, "noom-turn", fresh); },
                 std::exchange(left, std::nullopt), log);
           }});
}

}  // namespace
}  // namespace noom::turn

int main(int argc, char** argv) {
  return noom::turn::run(argc, argv);
}
