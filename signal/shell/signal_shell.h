// The shell around the hub: listeners, connections and one timer; switchboard.* has the hub and carries its outputs
// out. Everything runs on one shard; what bytes mean is decided in signal/core, http_answer.* and fallback_request.*.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <vector>

#include "common/auth/ip_prefix.h"
#include "common/base/log.h"
#include "common/io/acceptor.h"
#include "common/io/shard.h"
#include "common/io/tls_context.h"
#include "signal/core/hub.h"
#include "signal/core/operator.h"
#include "signal/shell/fallback_request.h"
#include "signal/shell/http_answer.h"
#include "signal/shell/hub_bus.h"
#include "signal/shell/shell_stats.h"
#include "signal/shell/web_files.h"

namespace noom::signal {

struct ShellSettings {
  HttpSettings http;
  FallbackSettings fallback;
  std::vector<auth::IpPrefix> proxies;      // their connections begin with a PROXY header; nobody else's may
  bool count_probes = true;                 // what the doctor page found, when browsers tell it
  size_t connections_max = 21'000;          // of any kind; further ones are closed at once
  size_t outbound_bytes_max = 1024 * 1024;  // queued for one client, then 4408
  size_t coalesce_bytes = 256 * 1024;       // queued for one client; then pointless presence and updates are dropped
  size_t outbound_bytes_total_max =
      256 * 1024 * 1024;            // queued for all; beyond it, whoever is to be sent more is closed with 4408
  bool permessage_deflate = false;  // for clients that offer it
  Duration request_deadline =
      std::chrono::seconds(15);  // from the connection or the last answer to the end of the next request's header
  Duration answer_deadline = std::chrono::seconds(60);   // to take a whole answer
  std::function<void(Now, std::string)> save_state;      // what Hub::save gave after a drain; empty: not wanted
  std::function<void(const Notice&)> on_notice;          // on the shard's thread; empty: nobody wants to know
  std::function<void(const Revocation&)> on_revocation;  // the same; beside the bus
  Duration close_deadline = std::chrono::seconds(3);     // to take what is queued and answer the close frame
  Duration last_words = std::chrono::seconds(1);         // for POSTs, once the event stream has been lost
  Duration seats_deadline = std::chrono::seconds(4);  // for clients to take their sessions to another node, at a drain
};

// Built before the shard starts, destroyed after it has ended. Methods are called on the shard's thread, unless they
// say otherwise.
class SignalShell {
 public:
  SignalShell(io::Shard& shard, const std::shared_ptr<const Settings>& settings, ShellSettings shell_settings,
              WebFiles files, LogSink& log);
  ~SignalShell();

  // Also before the shard starts. TLS when `tls` is given.
  void serve(std::unique_ptr<io::Acceptor> acceptor, std::shared_ptr<io::TlsContextSlot> tls);
  void replace_files(WebFiles files);
  void replace_admission(std::shared_ptr<const Admission> admission);
  // This process is one node of several. Before the shard starts; the bus posts to it and lives until stop().
  void join_cluster(const ClusterOptions& options, std::unique_ptr<bus::Bus> bus);
  // False while another process has this node's name. Any thread.
  bool ready() const;
  // What an earlier process saved; before the shard starts. False: it could not be read.
  bool restore(std::string_view saved);
  // Stops listening, closes sessions with 1001 and the rest at once; `drained` follows when the last connection is
  // gone. Any thread.
  void drain(std::function<void()> drained);
  // What an operator asks, on the shard's thread, later. Any thread.
  void ask(std::function<void(Operator&)> question);
  // The same, in the whole cluster; `answer` is called there too.
  void ask(OperatorQuestion question, std::function<void(const OperatorAnswer&)> answer);
  // Drops everything, so that the shard can end.
  void stop();

  // Readable from any thread.
  const Stats& hub_stats() const;
  const ShellStats& stats() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace noom::signal
