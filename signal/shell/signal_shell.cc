// Connections: accepting them, what they ask for, their deadlines. Sessions are the switchboard's.
#include "signal/shell/signal_shell.h"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <optional>
#include <utility>

#include "common/base/deadline_queue.h"
#include "common/base/handle_table.h"
#include "common/io/clocks.h"
#include "common/io/socket_address.h"
#include "common/io/stream_front.h"
#include "common/io/system_random.h"
#include "common/wire/proxy_protocol.h"
#include "signal/shell/fallback.h"
#include "signal/shell/http_connection.h"
#include "signal/shell/probe_report.h"
#include "signal/shell/switchboard.h"
#include "signal/shell/web_socket.h"

namespace noom::signal {
namespace {

// What the kernel holds for a reader that does not read. The queue above it is bounded too; beyond both, 4408.
constexpr int kKernelSendBytes = 128 * 1024;
constexpr Duration kSeatsCheck = std::chrono::milliseconds(50);  // whether they have gone to other nodes

struct Connection {
  std::shared_ptr<HttpConnection> http;  // nullptr once it is a WebSocket
  IpEndpoint remote;
  CarrierId carrier;     // that the upgrade is for
  bool reports = false;  // its body is a probe report
};

}  // namespace

class SignalShell::Impl final : public HttpEvents, public SwitchboardOwner {
 public:
  Impl(io::Shard& shard, const std::shared_ptr<const Settings>& settings, ShellSettings shell_settings, WebFiles files,
       LogSink& log)
      : shell_settings_(std::move(shell_settings)),
        limits_{settings->frame_bytes_max, shell_settings_.outbound_bytes_max, shell_settings_.coalesce_bytes},
        files_(std::move(files)),
        shard_(shard),
        board_(
            settings,
            {shell_settings_.outbound_bytes_total_max, shell_settings_.answer_deadline, shell_settings_.close_deadline,
             shell_settings_.last_words, shell_settings_.on_notice, shell_settings_.on_revocation},
            random_, log, stats_, *this),
        fallback_(board_, limits_, settings->resume_key, random_, stats_,
                  [this](std::function<void()> run) { boost::asio::post(shard_.context(), std::move(run)); }),
        timer_(shard.context()) {}

  // ---- connections come and go ----

  void serve(std::unique_ptr<io::Acceptor> acceptor, std::shared_ptr<io::TlsContextSlot> tls) {
    acceptor->start([this, tls](io::Stream::Socket socket) { on_socket(std::move(socket), tls.get()); });
    acceptors_.push_back(std::move(acceptor));
  }

  void on_socket(io::Stream::Socket socket, const io::TlsContextSlot* tls) {
    if (connections_.size() >= shell_settings_.connections_max) {
      stats_.connections_refused.add();
      return;  // the socket closes
    }
    boost::system::error_code ignored;
    io::StreamOpening opening;
    if (tls != nullptr) opening.tls = tls->get();
    const IpAddress peer = io::peer_endpoint(socket.native_handle()).address;
    if (peer == IpAddress()) return;  // reset before it was accepted: nobody knows from where it was
    const auto holds_peer = [&](const auth::IpPrefix& proxy) { return proxy.contains(peer); };
    if (std::ranges::any_of(shell_settings_.proxies, holds_peer)) opening.preamble = wire::read_proxy_header;
    io::Stream stream(std::move(socket), std::move(opening));
    stream.socket().set_option(boost::asio::socket_base::send_buffer_size(kKernelSendBytes), ignored);
    const ConnectionId id = connections_.insert({});
    stats_.connections.add();
    connections_.find(id)->http = HttpConnection::serve(std::move(stream), id, *this);
  }

  void forget(ConnectionId id) {
    if (!connections_.erase(id)) return;
    deadlines_.clear(id.index);
    stats_.connections.subtract();
    end_if_drained();
  }

  // ---- HTTP ----

  void on_client(ConnectionId id, const IpEndpoint& remote) override { connections_.find(id)->remote = remote; }

  void on_phase(ConnectionId id, HttpPhase phase) override {
    switch (phase) {
      case HttpPhase::kRequest:
        if (is_draining_) connections_.find(id)->http->abort();
        return set_deadline(id, shell_settings_.request_deadline);
      case HttpPhase::kBody:
        return set_deadline(id, shell_settings_.request_deadline);
      case HttpPhase::kAnswer:
        fallback_.on_answer(id);
        return set_deadline(id, shell_settings_.answer_deadline);
      case HttpPhase::kLater:
        return fallback_.is_streaming(id)
                   ? deadlines_.clear(id.index)
                   : set_deadline(id, fallback_.patience(id, shell_settings_.fallback.poll_wait));
    }
  }

  HttpReply on_request(ConnectionId id, const HttpRequest& request) override {
    if (is_fallback_path(request.target)) return on_fallback(id, request);
    Connection& connection = *connections_.find(id);
    connection.reports = ProbeReports::is_at(request.target);
    if (connection.reports)
      return probes_.on_request(io::read_clocks().mono, connection.remote.address, request, shell_settings_.http);
    auto answer = answer_request(request, files_, shell_settings_.http);
    auto* upgrade = std::get_if<UpgradeAccepted>(&answer);
    if (upgrade == nullptr) return std::get<HttpAnswer>(std::move(answer));
    const auto opened = board_.open(io::read_clocks(), {connection.remote.address.unmapped(), upgrade->host}, id);
    if (const auto* refused = std::get_if<OpenRefused>(&opened)) {
      const int status = refused->reason == OpenRefusal::kRateLimited ? 429 : 503;
      return refuse_request(status, to_string(refused->reason),
                            "Retry-After: " + std::to_string(refused->retry_after_s) + "\r\n");
    }
    connection.carrier = std::get<CarrierId>(opened);
    return std::move(*upgrade);
  }

  HttpReply on_fallback(ConnectionId id, const HttpRequest& request) {
    auto asked = read_fallback_request(request, shell_settings_.http, shell_settings_.fallback);
    if (auto* answer = std::get_if<HttpAnswer>(&asked)) return std::move(*answer);
    const Connection& connection = *connections_.find(id);
    return fallback_.on_request(id, connection.http, connection.remote.address.unmapped(),
                                std::get<FallbackRequest>(asked));
  }

  HttpReply on_body(ConnectionId id, std::string body) override {
    if (std::exchange(connections_.find(id)->reports, false)) return probes_.on_body(body);
    return fallback_.on_body(id, std::move(body));
  }
  HttpAnswer on_body_too_big(ConnectionId id) override {
    if (std::exchange(connections_.find(id)->reports, false)) return ProbeReports::on_body_too_big();
    return fallback_.on_body_too_big(id);
  }
  void on_stream_ready(ConnectionId id) override { fallback_.on_stream_ready(id); }

  void on_answered(const HttpAnswer& answer) override { count_status(answer.status); }

  void on_upgrade(ConnectionId id, io::Stream stream, const UpgradeAccepted& upgrade) override {
    Connection& connection = *connections_.find(id);
    count_status(101);
    connection.http = nullptr;
    deadlines_.clear(id.index);
    board_.attach(connection.carrier, accept_web_socket(std::move(stream), upgrade, shell_settings_.permessage_deflate,
                                                        connection.carrier, limits_, board_, stats_));
  }

  void on_tls_handshake(Duration took) override { stats_.tls_handshakes.observe(took); }
  void on_handshake_failed(ConnectionId, boost::system::error_code error) override {
    if (const auto refusal = io::refusal_of(error))
      return stats_.proxy_headers_refused[static_cast<wire::ProxyRefusal>(*refusal)].add();
    stats_.handshakes_failed.add();
  }
  void on_http_end(ConnectionId id) override {
    fallback_.on_http_end(id);
    forget(id);
  }

  void on_carrier_end(ConnectionId id) override { forget(id); }
  void on_passed(std::string_view bytes) override { fallback_.on_passed(bytes); }
  void on_nodes_changed() override { fallback_.on_nodes_changed(); }

  // ---- time ----

  void set_deadline(ConnectionId id, Duration patience) {
    deadlines_.set(id.index, io::read_clocks().mono + patience);
    on_deadlines_changed();
  }

  void on_deadlines_changed() override {
    std::optional<Mono> next = board_.next_deadline();
    for (const auto other : {deadlines_.next(), seats_check_at()}) {
      if (other && (!next || *other < *next)) next = other;
    }
    if (is_stopped_ || !next || (armed_ && *armed_ <= *next)) return;
    armed_ = next;
    timer_.expires_at(std::chrono::steady_clock::time_point(next->time_since_epoch()));
    timer_.async_wait([this](boost::system::error_code error) {
      if (error) return;
      armed_.reset();
      on_timer();
    });
  }

  void on_timer() {
    const Now now = io::read_clocks();
    while (const auto index = deadlines_.pop_due(now.mono)) {
      const ConnectionId id = connections_.at_index(*index);
      if (fallback_.on_wait_over(id)) continue;
      stats_.deadlines_missed.add();
      connections_.find(id)->http->abort();
    }
    board_.on_tick(now);
    end_if_drained();
  }

  std::optional<Mono> seats_check_at() const {
    return drained_ && seats_wait_until_ ? std::optional(io::read_clocks().mono + kSeatsCheck) : std::nullopt;
  }

  // ---- the end ----

  void drain(std::function<void()> drained) {
    for (auto& acceptor : acceptors_) acceptor->stop();
    drained_ = std::move(drained);
    is_draining_ = true;
    const Now now = io::read_clocks();
    board_.drain(now);
    // Alone, this is all that will ever be known; otherwise clients take their sessions along first.
    if (board_.hub().has_company()) {
      seats_wait_until_ = now.mono + shell_settings_.seats_deadline;
    } else if (shell_settings_.save_state) {
      shell_settings_.save_state(now, board_.hub().save(now));
    }
    boost::asio::post(shard_.context(), [this] { end_idle(); });
  }

  // Everything is closed, and clients have taken their sessions to other nodes, or have had the time to. What is left
  // is kept for the next process.
  void end_if_drained() {
    if (!drained_ || connections_.size() > 0) return;
    const Now now = io::read_clocks();
    if (seats_wait_until_ && board_.hub().stats().away.value() > 0 && now.mono < *seats_wait_until_)
      return on_deadlines_changed();
    if (seats_wait_until_ && shell_settings_.save_state) shell_settings_.save_state(now, board_.hub().save(now));
    board_.leave_cluster();
    std::exchange(drained_, nullptr)();
  }

  // Those that answer or stream end when they have done so; polls have begun to answer by now.
  void end_idle() {
    connections_.for_each([&](ConnectionId id, Connection& connection) {
      if (connection.http && !fallback_.is_streaming(id) && !connection.http->is_answering()) connection.http->abort();
    });
    end_if_drained();
  }

  void stop() {
    is_stopped_ = true;
    drained_ = nullptr;
    acceptors_.clear();
    timer_.cancel();
    board_.abort_all();
    board_.drop_bus();
    connections_.for_each([](ConnectionId, Connection& connection) {
      if (connection.http) connection.http->abort();
    });
  }

  void count_status(int status) { stats_.http_answers[static_cast<size_t>(status / 100 - 1)].add(); }

  const ShellSettings shell_settings_;
  const CarrierLimits limits_;
  WebFiles files_;
  io::Shard& shard_;
  io::SystemRandom random_;
  const std::shared_ptr<ShellStats> stats_owner_ = std::make_shared<ShellStats>();
  ShellStats& stats_ = *stats_owner_;
  Switchboard board_;
  Fallback fallback_;
  ProbeReports probes_{shell_settings_.count_probes, stats_.probes};

  std::vector<std::unique_ptr<io::Acceptor>> acceptors_;
  HandleTable<ConnectionTag, Connection> connections_;
  DeadlineQueue deadlines_;  // by connection index
  boost::asio::steady_timer timer_;
  std::optional<Mono> armed_;
  std::function<void()> drained_;
  std::optional<Mono> seats_wait_until_;
  bool is_draining_ = false;
  bool is_stopped_ = false;
};

SignalShell::SignalShell(io::Shard& shard, const std::shared_ptr<const Settings>& settings,
                         ShellSettings shell_settings, WebFiles files, LogSink& log)
    : impl_(std::make_unique<Impl>(shard, settings, std::move(shell_settings), std::move(files), log)) {}
SignalShell::~SignalShell() = default;

void SignalShell::serve(std::unique_ptr<io::Acceptor> acceptor, std::shared_ptr<io::TlsContextSlot> tls) {
  impl_->serve(std::move(acceptor), std::move(tls));
}
void SignalShell::replace_files(WebFiles files) {
  impl_->files_ = std::move(files);
}
void SignalShell::replace_admission(std::shared_ptr<const Admission> admission) {
  impl_->board_.hub().replace_admission(std::move(admission));
}
bool SignalShell::restore(std::string_view saved) {
  const bool restored = impl_->board_.hub().restore(io::read_clocks(), saved);
  impl_->on_deadlines_changed();
  return restored;
}
void SignalShell::join_cluster(const ClusterOptions& options, std::unique_ptr<bus::Bus> bus) {
  impl_->board_.join_cluster(options);
  impl_->fallback_.join_cluster(options.self);
  impl_->shard_.post(
      [impl = impl_.get(), options, bus = std::move(bus)]() mutable { impl->board_.use_bus(std::move(bus), options); });
}
bool SignalShell::ready() const {
  return impl_->board_.hub().stats().name_taken.value() == 0;
}
void SignalShell::drain(std::function<void()> drained) {
  impl_->shard_.post([impl = impl_.get(), drained = std::move(drained)]() mutable { impl->drain(std::move(drained)); });
}
void SignalShell::ask(std::function<void(Operator&)> question) {
  impl_->shard_.post([impl = impl_.get(), question = std::move(question)] { impl->board_.ask(question); });
}
void SignalShell::ask(OperatorQuestion question, std::function<void(const OperatorAnswer&)> answer) {
  impl_->shard_.post([impl = impl_.get(), question = std::move(question), answer = std::move(answer)]() mutable {
    impl->board_.ask(question, std::move(answer));
  });
}
void SignalShell::stop() {
  impl_->stop();
}
const Stats& SignalShell::hub_stats() const {
  return impl_->board_.hub().stats();
}
const ShellStats& SignalShell::stats() const {
  return impl_->stats_;
}

}  // namespace noom::signal
