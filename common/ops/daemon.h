// A daemon's life: command line, configuration, log, ready, signals, drain, exit. Each daemon's main.cc fills in a
// DaemonSpec.
//
//   parse → check → start → READY=1, ready file, event=ready → … SIGTERM/SIGINT → STOPPING=1, drain ≤
//   daemon.drain_timeout_s → stop → exit 0
//
// A second SIGTERM or SIGINT exits at once. SIGUSR1 drains without a deadline, then exits. SIGHUP calls
// Service::reload. SIGPIPE is ignored. The soft RLIMIT_NOFILE is raised to the hard one.
#pragma once

#include <absl/status/statusor.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/endpoint.h"
#include "common/base/log.h"
#include "common/io/fd_parcel.h"
#include "common/ops/admin_http.h"
#include "common/ops/config_table.h"
#include "common/ops/metrics.h"
#include "common/ops/ops_config.h"

namespace noom::ops {

// A listener as bound: port 0 has become a real one.
struct BoundListener {
  std::string name;       // the key it comes from: "listen.udp"
  std::string transport;  // "udp", "tcp", "tls", "http", "https"
  IpEndpoint local;
};

// What runs between start and stop. Called on the control thread; its own threads are its own business.
class Service {
 public:
  virtual ~Service() = default;  // closes everything and joins its threads
  virtual std::vector<BoundListener> listeners() const = 0;
  virtual void collect(MetricPage& page) const = 0;
  // What the operator may ask and order over the admin port; asked for once, after the start.
  virtual std::shared_ptr<const AdminApi> admin_api() { return nullptr; }
  // Whether clients may be sent here: for /readyz, after the start and before the drain.
  virtual bool ready() const { return true; }
  // Take no new work; call `drained` from any thread, at most once, when none is left. The process exits then, or at
  // the drain's deadline.
  virtual void drain(std::function<void()> drained) { drained(); }
  // What a drain waits for, counted as an operator would.
  virtual uint64_t in_progress() const { return 0; }
  // What the next process needs to go on where this one ends: asked for on SIGTERM in place of drain() where the
  // service manager has a descriptor store. Nothing: drain() follows. After it the service does no more.
  struct Leaving {
    std::vector<std::byte> bytes;
    std::vector<int> fds;  // open as long as the service lives
  };
  virtual std::optional<Leaving> leave() { return std::nullopt; }
  // Call `alive` from any thread once every event loop has come round; the watchdog is fed only then.
  virtual void heartbeat(std::function<void()> alive) { alive(); }
  // SIGHUP: read again the files that can change while running. The default does nothing; the log says whether anything
  // was done.
  virtual absl::Status reload() { return absl::UnimplementedError("configuration changes need a restart"); }
};

// What DaemonSpec::check found; every entry is a line from ConfigTable::fault.
struct Findings {
  std::vector<std::string> errors;
  std::vector<std::string> warnings;  // the daemon starts all the same, and says them in the log
};

struct DaemonSpec {
  std::string_view name;           // "noom-stun"
  std::string_view summary;        // one sentence for --help
  ConfigTable* table = nullptr;    // with the rows of add_ops_rows
  const OpsConfig* ops = nullptr;  // filled through the table
  // Checks across keys and of the files that keys name; binds nothing. Run by --check-config too.
  std::function<Findings()> check;
  // What leave() gave in the process before this one, or why it is lost. Called before start.
  std::function<void(absl::StatusOr<io::FdParcel>)> take_over = nullptr;
  // Binds and starts. A status message is a line from ConfigTable::fault.
  std::function<absl::StatusOr<std::unique_ptr<Service>>(LogSink&)> start;
};

std::string_view version();  // of the suite: "0.1.0"

// Fills a table as run_daemon does: from the file that the command line names, or the default one, and then --set.
// Returns every error. For Service::reload, with a fresh table.
std::vector<std::string> load_configuration(int argc, char** argv, std::string_view daemon, ConfigTable& table);

// The whole life. Returns the exit code: 0 after a drain, 64 wrong usage, 78 bad configuration (EX_USAGE, EX_CONFIG of
// sysexits.h), 1 when start failed for another reason.
int run_daemon(int argc, char** argv, const DaemonSpec& spec);

}  // namespace noom::ops
