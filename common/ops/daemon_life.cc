#include "common/ops/daemon_life.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <numeric>
#include <tuple>

#include "common/io/inherited_sockets.h"
#include "common/ops/admin_http.h"
#include "common/ops/descriptor_store.h"
#include "common/ops/life_routes.h"
#include "common/ops/ready_report.h"
#include "common/ops/text_file.h"

namespace noom::ops {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

#if defined(__SANITIZE_ADDRESS__)
constexpr bool kLeakCheckTraces = true;  // LeakSanitizer attaches to its own process, which an undumpable one forbids
#else
constexpr bool kLeakCheckTraces = false;
#endif

constexpr auto kProgressInterval = std::chrono::seconds(10);  // of a drain, in the log

void prepare_process(bool core_dumps) {
  ::signal(SIGPIPE, SIG_IGN);
  if (!core_dumps && !kLeakCheckTraces) ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
  rlimit files{};
  if (::getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur < files.rlim_max) {
    files.rlim_cur = files.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &files);
  }
}

// Blocked while threads are started, so that only the control thread ever takes these signals.
void mask_signals(int how) {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int number : {SIGTERM, SIGINT, SIGHUP, SIGUSR1}) sigaddset(&signals, number);
  ::pthread_sigmask(how, &signals, nullptr);
}

// The control thread: signals, admin port, watchdog. The service's own threads do the work.
class Life {
 public:
  Life(const DaemonSpec& spec, LineLog& log)
      : spec_(spec),
        log_(log),
        stop_signals_(io_),
        reload_signal_(io_),
        drain_signal_(io_),
        deadline_(io_),
        progress_(io_),
        watchdog_(io_) {}

  int run() {
    if (const absl::Status status = start(); !status.ok()) {
      complain(spec_.name, std::string(status.message()));
      return 1;
    }
    announce();
    io_.run();
    if (!spec_.ops->ready_file.empty()) ::unlink(spec_.ops->ready_file.c_str());
    service_.reset();
    log_.info("stopped");
    return 0;
  }

 private:
  absl::Status start() {
    if (absl::Status status = inherit(); !status.ok()) return status;
    auto service = spec_.start(log_);
    if (!service.ok()) return service.status();
    service_ = std::move(*service);
    if (absl::Status status = io::check_all_taken(); !status.ok()) return status;
    const std::shared_ptr<const AdminApi> own = service_->admin_api();
    for (const IpEndpoint& at : spec_.ops->metrics_listen) {
      const bool has_token = own != nullptr && !own->token.empty();
      auto admin = AdminHttp::listen(io_, at, pages(has_token ? api_with(own.get()) : nullptr));
      if (!admin.ok()) return cannot("metrics.listen", at.to_string(), std::string(admin.status().message()));
      admin_.push_back(std::move(*admin));
    }
    if (const std::string& path = spec_.ops->admin_socket; !path.empty()) {
      auto socket = AdminHttp::listen(io_, path, pages(api_with(own.get())));
      if (!socket.ok()) return cannot("daemon.admin_socket", path, std::string(socket.status().message()));
      admin_socket_ = std::move(*socket);
    }
    return absl::OkStatus();
  }
  AdminPages pages(std::shared_ptr<const AdminApi> api) {
    return {[this] { return metrics_page(); }, [this] { return ready_ && service_->ready(); }, std::move(api)};
  }
  // What every daemon can be asked, and then its own; null: it has none.
  std::shared_ptr<const AdminApi> api_with(const AdminApi* own) {
    auto api = std::make_shared<AdminApi>();
    api->routes = life_routes({.status = [this] { return status(); },
                               .reload = [this] { return reload(); },
                               .drain = [this](Duration deadline) { drain("order", deadline); }});
    if (own == nullptr) return api;
    api->token = own->token.clone();
    api->routes.insert(api->routes.end(), own->routes.begin(), own->routes.end());
    api->files = own->files;
    return api;
  }
  std::optional<IpEndpoint> metrics_endpoint() const {
    return admin_.empty() ? std::nullopt : std::optional(admin_.front()->local());
  }
  std::string status() const {
    return status_json({.daemon = spec_.name,
                        .ready = ready_ && service_->ready(),
                        .draining = draining_,
                        .in_progress = service_->in_progress()},
                       service_->listeners(), metrics_endpoint());
  }
  // What the daemon's .socket unit opened, if it has one, and what the process before left.
  absl::Status inherit() {
    char** given = nullptr;
    std::vector<int> fds(static_cast<size_t>(std::max(0, ::sd_listen_fds_with_names(/*unset_environment=*/1, &given))));
    std::iota(fds.begin(), fds.end(), SD_LISTEN_FDS_START);
    std::vector<std::string> names;
    for (char** name = given; name != nullptr && *name != nullptr; ++name) {
      names.emplace_back(*name);
      std::free(*name);
    }
    std::free(given);
    std::vector<io::Fd> left = take_left_behind(fds, names);
    const absl::Status status = io::inherit_sockets(fds);
    if (status.ok() && spec_.take_over != nullptr && !left.empty()) take_over(std::move(left));
    return status;
  }
  // Of several the one that is whole: a process that was killed at its start leaves an empty one.
  void take_over(std::vector<io::Fd> left) {
    absl::StatusOr<io::FdParcel> whole = absl::UnavailableError("");
    for (io::Fd& each : left)
      if (!whole.ok()) whole = io::unpack_fds(std::move(each));
    spec_.take_over(std::move(whole));
  }
  absl::Status cannot(std::string_view key, const std::string& what, const std::string& why) const {
    return absl::UnavailableError(
        spec_.table->fault(key, "cannot use " + what + ": " + why, "choose another, or free this one"));
  }
  void announce() {
    const auto listeners = service_->listeners();
    const auto metrics = metrics_endpoint();
    stop_signals_.add(SIGTERM);
    stop_signals_.add(SIGINT);
    reload_signal_.add(SIGHUP);
    drain_signal_.add(SIGUSR1);
    wait_for_stop();
    wait_for_reload();
    wait_for_drain();
    mask_signals(SIG_UNBLOCK);
    feed_watchdog();
    ready_ = true;
    if (const std::string& file = spec_.ops->ready_file; !file.empty()) {
      const absl::Status written = write_text_file_atomically(file, ready_json(listeners, metrics));
      if (!written.ok()) log_.error("ready_file_failed", {{"file", file}, {"reason", std::string(written.message())}});
    }
    log_.log(LogLevel::kInfo, "ready", ready_fields(listeners, metrics));
    ::sd_notify(0, "READY=1");
  }
  std::string metrics_page() const {
    MetricPage page;
    collect_process(page, spec_.name, version());
    service_->collect(page);
    return page.text();
  }

  void wait_for_stop() {
    stop_signals_.async_wait([this](error_code error, int number) {
      if (error) return;
      if (stopping_) {
        log_.warning("stopped_undrained", {{"signal", ::sigabbrev_np(number)}});
        std::_Exit(1);
      }
      stop(::sigabbrev_np(number));
      wait_for_stop();
    });
  }
  // The service manager waits: what cannot be left to the next process has daemon.drain_timeout_s.
  void stop(std::string_view by) {
    stopping_ = true;
    ready_ = false;
    ::sd_notify(0, "STOPPING=1");
    if (leave() || spec_.ops->drain_timeout == Duration::zero()) return io_.stop();
    drain(by, spec_.ops->drain_timeout);
  }
  void wait_for_drain() {
    drain_signal_.async_wait([this](error_code error, int) {
      if (error) return;
      drain("USR1", kForever);
      wait_for_drain();
    });
  }
  // Again: the same drain, with another deadline.
  void drain(std::string_view by, Duration deadline) {
    const bool is_first = !std::exchange(draining_, true);
    ready_ = false;
    const auto timeout_s = std::chrono::duration_cast<std::chrono::seconds>(deadline).count();
    log_.info("draining", {{"by", by},
                           {"in_progress", service_->in_progress()},
                           {"timeout_s", deadline == kForever ? "none" : std::to_string(timeout_s)}});
    end_after(deadline);
    if (!is_first) return;
    report_progress();
    service_->drain([this] {
      asio::post(io_, [this] {
        log_.info("drained");
        io_.stop();
      });
    });
  }
  void end_after(Duration deadline) {
    deadline_.cancel();
    if (deadline == kForever) return;
    deadline_.expires_after(deadline);
    deadline_.async_wait([this](error_code error) {
      if (error) return;
      log_.warning("drain_timed_out", {{"in_progress", service_->in_progress()}});
      io_.stop();
    });
  }
  void report_progress() {
    progress_.expires_after(kProgressInterval);
    progress_.async_wait([this](error_code error) {
      if (error) return;
      log_.info("drain_progress", {{"in_progress", service_->in_progress()}});
      report_progress();
    });
  }
  bool leave() {
    if (!has_descriptor_store()) return false;
    const auto leaving = service_->leave();
    if (!leaving) return false;
    const absl::Status status = leave_behind(leaving->bytes, leaving->fds);
    if (status.ok())
      log_.info("state_left", {{"bytes", leaving->bytes.size()}, {"descriptors", leaving->fds.size()}});
    else
      log_.error("state_not_left", {{"reason", std::string(status.message())}});
    return true;
  }
  void wait_for_reload() {
    reload_signal_.async_wait([this](error_code error, int) {
      if (error) return;
      std::ignore = reload();
      wait_for_reload();
    });
  }
  absl::Status reload() {
    absl::Status status = service_->reload();
    if (status.ok()) {
      log_.info("reloaded");
    } else {
      log_.warning("reload_refused", {{"reason", std::string(status.message())}});
    }
    return status;
  }
  // sd_watchdog_enabled(3): twice in each interval, and only while every event loop comes round.
  void feed_watchdog() {
    uint64_t interval_us = 0;
    if (::sd_watchdog_enabled(0, &interval_us) <= 0) return;
    service_->heartbeat([this] { asio::post(io_, [] { ::sd_notify(0, "WATCHDOG=1"); }); });
    watchdog_.expires_after(std::chrono::microseconds(interval_us / 2));
    watchdog_.async_wait([this](error_code error) {
      if (!error) feed_watchdog();
    });
  }

  const DaemonSpec& spec_;
  LineLog& log_;
  asio::io_context io_{1};
  asio::signal_set stop_signals_;
  asio::signal_set reload_signal_;
  asio::signal_set drain_signal_;
  asio::steady_timer deadline_;  // of the drain
  asio::steady_timer progress_;
  asio::steady_timer watchdog_;
  std::vector<std::unique_ptr<AdminHttp>> admin_;
  std::unique_ptr<AdminHttp> admin_socket_;
  std::unique_ptr<Service> service_;  // last: its threads may post to io_ until it is gone
  bool ready_ = false;
  bool draining_ = false;
  bool stopping_ = false;  // SIGTERM or SIGINT has come
};

}  // namespace

void complain(std::string_view daemon, std::string_view line) {
  const std::string text =
      (is_journal(STDERR_FILENO) ? "<3>" : "") + std::string(daemon) + ": " + std::string(line) + "\n";
  std::fwrite(text.data(), 1, text.size(), stderr);
}

int live(const DaemonSpec& spec, const std::vector<std::string>& warnings) {
  const OpsConfig& ops = *spec.ops;
  prepare_process(ops.core_dumps);
  mask_signals(SIG_BLOCK);
  LineLog log(std::string(spec.name), ops.log_format, ops.log_level, STDERR_FILENO);
  log.set_addresses(ops.log_addresses);
  for (const std::string& warning : warnings) log.warning("configuration_warning", {{"message", warning}});
  return Life(spec, log).run();
}

}  // namespace noom::ops
