// noom-signal: wiring of configuration, shell and life cycle; --dev and --make-dev-cert.
#include <unistd.h>

#include <array>
#include <cstdio>
#include <optional>
#include <utility>

#include "common/auth/base64url.h"
#include "common/bus/daemon/bus_config.h"
#include "common/bus/daemon/bus_metrics.h"
#include "common/bus/nats_bus.h"
#include "common/io/acceptor.h"
#include "common/io/clocks.h"
#include "common/io/listen_socket.h"
#include "common/io/system_random.h"
#include "common/ops/common_metrics.h"
#include "common/ops/daemon.h"
#include "common/ops/default_listeners.h"
#include "common/ops/line_log.h"
#include "common/usage/usage_metrics.h"
#include "signal/admin_routes.h"
#include "signal/config.h"
#include "signal/file_watch.h"
#include "signal/metrics.h"
#include "signal/shell/dev_certificate.h"
#include "signal/shell/qr_code.h"
#include "signal/state_store.h"

namespace noom::signal {
namespace {

constexpr Duration kWatchInterval = std::chrono::seconds(5);
constexpr Duration kGrace = std::chrono::seconds(1);  // for handlers of closed sockets, once everything is closed

class Daemon final : public ops::Service {
 public:
  Daemon(const Config& config, const ops::ConfigTable& table, LogSink& log)
      : config_(config), table_(table), log_(log), shard_(0, "signal") {}
  ~Daemon() override {
    watch_.reset();
    if (!started_) return;
    shard_.post([this] {
      shell_->stop();
      shard_.release();
    });
    if (!shard_.wait_finished(kGrace)) shard_.stop();
    shard_.join();
    for (PostSender* sender : {webhooks_.get(), relay_orders_.get()}) {
      if (sender != nullptr) sender->flush(kGrace);
    }
  }

  absl::Status start() {
    if (auto status = open_state(); !status.ok()) return status;
    auto shared_key = shared_key_of(config_, table_);
    if (!shared_key.ok()) return shared_key.status();
    ticket_key_ = !shared_key->empty() ? *std::move(shared_key) : state_ ? state_->key() : draw_key();
    auto admission = load_admission(config_.admission, table_, ticket_key_.clone());
    if (!admission.ok()) return admission.status();
    auto settings = settings_of(config_, table_, ticket_key_.clone(), *std::move(admission));
    if (!settings.ok()) return settings.status();
    auto files = load_files();
    if (!files.ok()) return files.status();
    auto token = load_admin_token(config_.admin, table_);
    if (!token.ok()) return token.status();
    if (auto status = start_posts(); !status.ok()) return status;
    auto page = admin_files(*files);
    ShellSettings shell_settings = config_.shell;
    auto usage = start_usage(config_.usage, bus::node_name(config_.cluster), table_, log_);
    if (!usage.ok()) return usage.status();
    usage_ = *std::move(usage);
    if (webhooks_ || usage_) shell_settings.on_notice = [this](const Notice& notice) { tell(notice); };
    if (relay_orders_) shell_settings.on_revocation = [this](const Revocation& revocation) { tell(revocation); };
    if (state_) shell_settings.save_state = [this](Now now, const std::string& state) { save_state(now, state); };
    shell_ =
        std::make_unique<SignalShell>(shard_, *std::move(settings), std::move(shell_settings), *std::move(files), log_);
    if (config_.cluster.enabled()) join_cluster();
    admin_ = std::make_shared<ops::AdminApi>(ops::AdminApi{*std::move(token), admin_routes(*shell_), std::move(page)});
    restore_state();
    if (auto status = listen("listen.http", "http", config_.listen_http, nullptr); !status.ok()) return status;
    if (config_.serves_https()) {
      auto context = load_tls();
      if (!context.ok()) return context.status();
      tls_ = std::make_shared<io::TlsContextSlot>(*std::move(context));
      if (auto status = listen("listen.https", "https", config_.listen_https, tls_); !status.ok()) return status;
    }
    shard_.start();
    started_ = true;
    watch_ = std::make_unique<FileWatch>(config_.admission.files(), kWatchInterval, [this] { on_keys_changed(); });
    if (config_.dev && !ops::is_journal(STDOUT_FILENO)) greet();
    return absl::OkStatus();
  }

  std::vector<ops::BoundListener> listeners() const override { return listeners_; }
  void collect(ops::MetricPage& page) const override {
    signal::collect(page, shell_->hub_stats(), shell_->stats(), webhooks_ ? webhooks_->stats() : no_posts_,
                    relay_orders_ ? relay_orders_->stats() : no_posts_);
    bus::collect_bus(page, "noom_signal", bus_);
    collect_usage(page, usage_.get());
    ops::collect_loops(page, {&shard_.lag()});
    ops::collect_certificates(page, {tls_.get()});
  }
  bool ready() const override { return shell_->ready(); }
  std::shared_ptr<const ops::AdminApi> admin_api() override { return admin_; }
  void drain(std::function<void()> drained) override { shell_->drain(std::move(drained)); }
  uint64_t in_progress() const override { return shell_->hub_stats().sessions.value(); }
  void heartbeat(std::function<void()> alive) override { shard_.post(std::move(alive)); }

  absl::Status reload() override {
    auto files = load_files();
    if (!files.ok()) return files.status();
    admin_files(*files);  // the public port has none of them
    if (tls_ != nullptr) {
      auto context = load_tls();
      if (!context.ok()) return context.status();
      tls_->set(*std::move(context));
    }
    if (auto status = reload_admission(); !status.ok()) return status;
    shard_.post([this, fresh = *std::move(files)]() mutable { shell_->replace_files(std::move(fresh)); });
    return absl::OkStatus();
  }

 private:
  void join_cluster() {
    ClusterOptions options;
    node_ = bus::node_name(config_.cluster);
    options.self = {node_, make_incarnation(io::read_clocks().wall, random_)};
    options.subject_prefix = config_.cluster.subject_prefix;
    auto nats = bus::connect_nats(
        bus::nats_options(config_.cluster, "noom-signal"),
        [this](absl::AnyInvocable<void()> work) { shard_.post(std::move(work)); }, log_);
    bus_ = nats.get();
    shell_->join_cluster(options, std::move(nats));
  }

  absl::Status listen(std::string_view key, std::string_view transport, const std::vector<IpEndpoint>& endpoints,
                      const std::shared_ptr<io::TlsContextSlot>& tls) {
    for (const IpEndpoint& endpoint : endpoints) {
      auto acceptor = io::Acceptor::open(shard_.context(), endpoint, {});
      if (!acceptor.ok()) return absl::UnavailableError(table_.fault(key, std::string(acceptor.status().message())));
      listeners_.push_back({std::string(key), std::string(transport), (*acceptor)->local()});
      shell_->serve(*std::move(acceptor), tls);
    }
    return absl::OkStatus();
  }

  absl::Status start_posts() {
    if (auto status = start_post("webhooks.ca_file", load_webhooks(config_.admin, table_), webhooks_); !status.ok())
      return status;
    return start_post("turn.admin_ca_file", load_relay_orders(config_.admin, config_.hub.turn_ttl, table_),
                      relay_orders_);
  }
  absl::Status start_post(std::string_view ca_key, absl::StatusOr<PostPlan> plan, std::unique_ptr<PostSender>& sender) {
    if (!plan.ok()) return plan.status();
    if (plan->settings.urls.empty()) return absl::OkStatus();
    auto started = PostSender::start(std::move(plan->kind), std::move(plan->settings), log_);
    if (!started.ok()) return absl::NotFoundError(table_.fault(ca_key, std::string(started.status().message())));
    sender = *std::move(started);
    return absl::OkStatus();
  }
  // On the shard's thread.
  void tell(const Notice& notice) {
    std::array<std::byte, 16> drawn{};
    event_random_.fill(drawn);
    const std::string id = "evt_" + auth::encode_base64url(drawn);
    std::string text = build_notice(id, node_, notice);
    if (usage_) usage_->record_whole(text);
    if (webhooks_) webhooks_->send(notice.room, {id, std::move(text)});
  }
  void tell(const Revocation& revocation) {
    relay_orders_->send(revocation.username, {revocation.username, revocation.to_json()});
  }

  // Any thread.
  absl::Status reload_admission() {
    auto admission = load_admission(config_.admission, table_, ticket_key_.clone());
    if (!admission.ok()) return admission.status();
    shard_.post([this, fresh = *std::move(admission)] { shell_->replace_admission(fresh); });
    return absl::OkStatus();
  }
  void on_keys_changed() {
    if (const auto status = reload_admission(); status.ok()) {
      log_.log(LogLevel::kInfo, "admission_reloaded", {});
    } else {
      log_.log(LogLevel::kError, "admission_not_reloaded", {{"error", std::string(status.message())}});
    }
  }
  // Without a state directory tickets die with the process.
  Secret draw_key() {
    std::array<std::byte, 32> drawn{};
    random_.fill(drawn);
    Secret key{Bytes(drawn)};
    secure_zero(drawn);
    return key;
  }

  absl::Status open_state() {
    if (config_.state_directory.empty()) return absl::OkStatus();
    auto store = StateStore::open(config_.state_directory, random_);
    if (!store.ok()) {
      return absl::UnavailableError(table_.fault("state.directory", std::string(store.status().message()),
                                                 "name a folder that this daemon may write, or \"\""));
    }
    state_ = *std::move(store);
    return absl::OkStatus();
  }
  void restore_state() {
    const auto saved = state_ ? state_->take(io::read_clocks()) : std::nullopt;
    if (!saved) return;
    const bool restored = shell_->restore(*saved);
    log_.log(restored ? LogLevel::kInfo : LogLevel::kWarning, "sessions_restored",
             {{"away", shell_->hub_stats().away.value()}});
  }
  // On the shard's thread, once.
  void save_state(Now now, const std::string& state) {
    if (const auto status = state_->save(now, random_, state); !status.ok())
      log_.log(LogLevel::kError, "sessions_not_saved", {{"error", std::string(status.message())}});
  }

  absl::StatusOr<WebFiles> load_files() {
    WebFiles files;
    std::error_code error;
    if (!config_.web_root.empty() && !is_missing_default()) {
      auto loaded = WebFiles::load(config_.web_root);
      if (!loaded.ok()) {
        return absl::NotFoundError(table_.fault("web.root", std::string(loaded.status().message()),
                                                "name a folder that this daemon may read"));
      }
      files = *std::move(loaded);
    }
    if (config_.dev) {
      auto made = dev_certificate();
      if (!made.ok()) return made.status();
      auto ca = WebFiles::read(made->ca_file);
      if (!ca.ok()) return ca.status();
      files.add("/dev-ca.pem", "application/x-x509-ca-cert", *std::move(ca));
    }
    return files;
  }
  // check() has warned about it.
  bool is_missing_default() const {
    return config_.web_root == Config().web_root && !WebFiles::is_folder(config_.web_root);
  }

  absl::StatusOr<std::shared_ptr<const io::TlsContext>> load_tls() {
    io::TlsOptions options{config_.tls_certificate, config_.tls_key, {"http/1.1"}};
    if (config_.dev) {
      auto made = dev_certificate();
      if (!made.ok()) return made.status();
      options.certificate_file = made->certificate_file;
      options.key_file = made->key_file;
    }
    auto context = io::TlsContext::load(options, io::read_clocks().wall);
    if (!context.ok())
      return absl::NotFoundError(table_.fault("tls.certificate", std::string(context.status().message())));
    return context;
  }

  absl::StatusOr<DevCertificate> dev_certificate() {
    const auto names = local_dev_names();
    if (!names.ok()) return names.status();
    auto made = ensure_dev_certificate(config_.dev_directory, *names, io::read_clocks().wall);
    if (!made.ok()) {
      return absl::NotFoundError(table_.fault("dev.directory", std::string(made.status().message()),
                                              "name a folder that this daemon may write"));
    }
    return made;
  }

  // For people: on stdout, apart from the log.
  void greet() {
    const auto names = local_dev_names();
    std::string host = "localhost";
    for (const IpAddress& address : names.ok() ? names->addresses : std::vector<IpAddress>()) {
      if (address.is_v4() && std::to_integer<int>(address.bytes()[0]) != 127) host = address.to_string();
    }
    for (const ops::BoundListener& listener : listeners_) {
      if (listener.transport != "https") continue;
      const std::string url = "https://" + host + ":" + std::to_string(listener.local.port) + "/";
      std::printf("\n%s\nNoom is ready: %s\nPhones trust it once they have installed %sdev-ca.pem\n\n",
                  qr_half_blocks(url).c_str(), url.c_str(), url.c_str());
      std::fflush(stdout);
      return;
    }
  }

  const Config& config_;
  const ops::ConfigTable& table_;
  LogSink& log_;
  std::shared_ptr<io::TlsContextSlot> tls_;
  std::vector<ops::BoundListener> listeners_;
  io::SystemRandom random_;
  std::optional<StateStore> state_;
  Secret ticket_key_;
  std::unique_ptr<FileWatch> watch_;
  io::Shard shard_;  // before shell_, whose timers and acceptors live in its context
  std::unique_ptr<SignalShell> shell_;
  const bus::Bus* bus_ = nullptr;             // the shell's, as long as it lives; null: on its own
  std::unique_ptr<UsageRecorder> usage_;      // null: nobody records
  std::unique_ptr<PostSender> webhooks_;      // null: nobody wants to know
  std::unique_ptr<PostSender> relay_orders_;  // null: relays are told by the bus, or not
  PostStats no_posts_;
  io::SystemRandom event_random_;  // the shard's
  std::string node_;               // of a cluster; empty: the only one
  std::shared_ptr<const ops::AdminApi> admin_;
  bool started_ = false;
};

int make_dev_certificate(const std::string& directory) {
  const auto names = local_dev_names();
  const auto made = names.ok() ? ensure_dev_certificate(directory, *names, io::read_clocks().wall) : names.status();
  if (!made.ok()) {
    std::fprintf(stderr, "noom-signal: --make-dev-cert: %s\n", std::string(made.status().message()).c_str());
    return 1;
  }
  std::printf("certificate %s\nkey %s\nca %s\n%s\n", made->certificate_file.c_str(), made->key_file.c_str(),
              made->ca_file.c_str(), made->renewed ? "made anew" : "still good");
  return 0;
}

int run(int argc, char** argv) {
  // What only noom-signal has is turned into what all daemons have.
  std::vector<std::string> arguments;
  for (int i = 0; i < argc; ++i) {
    const std::string argument = argv[i];
    if (argument == "--dev") {
      arguments.push_back("--set=dev.enabled=true");
    } else if (argument == "--make-dev-cert" && i + 1 < argc) {
      return make_dev_certificate(argv[i + 1]);
    } else {
      arguments.push_back(argument);
    }
  }
  std::vector<char*> pointers;
  for (std::string& argument : arguments) pointers.push_back(argument.data());
  pointers.push_back(nullptr);

  Config config;
  ops::ConfigTable table = config_table(config);
  return ops::run_daemon(
      static_cast<int>(arguments.size()), pointers.data(),
      {.name = "noom-signal",
       .summary = "rooms over WebSocket for WebRTC calls (docs/protocol/noom-v1.md), TURN credentials, the web client\n"
                  "  --dev                 as --set dev.enabled=true\n"
                  "  --make-dev-cert DIR   make or renew --dev's authority and certificate in DIR, then exit",
       .table = &table,
       .ops = &config.ops,
       .check =
           [&] {
             ops::Findings findings = check(config, table);
             ops::leave_out_ipv6(table, {{"listen.http", &config.listen_http}, {"listen.https", &config.listen_https}},
                                 io::has_family(Family::kV6), findings.warnings);
             return findings;
           },
       .start = [&](LogSink& log) -> absl::StatusOr<std::unique_ptr<ops::Service>> {
         auto daemon = std::make_unique<Daemon>(config, table, log);
         if (auto status = daemon->start(); !status.ok()) return status;
         return daemon;
       }});
}

}  // namespace
}  // namespace noom::signal

int main(int argc, char** argv) {
  return noom::signal::run(argc, argv);
}
