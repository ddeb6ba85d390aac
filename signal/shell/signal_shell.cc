// Events of connections go into the hub; its outputs come back through apply().
#include "signal/shell/signal_shell.h"

#include <algorithm>
#include <boost/asio/steady_timer.hpp>
#include <optional>
#include <utility>

#include "common/base/deadline_queue.h"
#include "common/base/handle_table.h"
#include "common/base/token_bucket.h"
#include "common/io/clocks.h"
#include "common/io/socket_address.h"
#include "common/io/stream_front.h"
#include "common/io/system_random.h"
#include "common/wire/proxy_protocol.h"
#include "signal/shell/http_connection.h"
#include "signal/shell/web_socket.h"

namespace noom::signal {
namespace {

constexpr BucketLimit kEventLog{.per_second = 50,
                                .burst = 500};  // joins and leaves are at the clients' will, lines are not

// What the kernel holds for a reader that does not read. The queue above it is bounded too; beyond both, 4408.
constexpr int kKernelSendBytes = 128 * 1024;

struct Connection {
  std::shared_ptr<HttpConnection> http;  // until the upgrade
  std::shared_ptr<WebSocket> socket;     // after it
  IpEndpoint remote;
  SessionId session;
  bool closing = false;  // by the hub; its deadline stands
};

}  // namespace

class SignalShell::Impl final : public HttpEvents, public WebSocketEvents {
 public:
  Impl(io::Shard& shard, std::shared_ptr<const Settings> settings, ShellSettings shell_settings, WebFiles files,
       LogSink& log)
      : settings_(settings),
        shell_settings_(std::move(shell_settings)),
        files_(std::move(files)),
        log_(log),
        shard_(shard),
        hub_(std::move(settings), random_),
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
    if (drained_ && connections_.size() == 0) std::exchange(drained_, nullptr)();
  }

  // ---- HTTP ----

  void on_client(ConnectionId id, const IpEndpoint& remote) override { connections_.find(id)->remote = remote; }

  void on_phase(ConnectionId id, HttpPhase phase) override {
    const Duration patience =
        phase == HttpPhase::kRequest ? shell_settings_.request_deadline : shell_settings_.answer_deadline;
    set_deadline(id, patience);
  }

  std::variant<HttpAnswer, UpgradeAccepted> on_request(ConnectionId id, const HttpRequest& request) override {
    auto answer = answer_request(request, files_, shell_settings_.http);
    const auto* upgrade = std::get_if<UpgradeAccepted>(&answer);
    if (upgrade == nullptr) return answer;
    Connection& connection = *connections_.find(id);
    const Now now = io::read_clocks();
    const auto opened = hub_.on_open(now, {connection.remote.address.unmapped(), upgrade->host}, output_);
    apply(now);
    if (const auto* refused = std::get_if<OpenRefused>(&opened)) {
      const int status = refused->reason == OpenRefusal::kRateLimited ? 429 : 503;
      return refuse_request(status, to_string(refused->reason),
                            "Retry-After: " + std::to_string(refused->retry_after_s) + "\r\n");
    }
    connection.session = std::get<SessionId>(opened);
    return answer;
  }

  void on_answered(const HttpAnswer& answer) override { count_status(answer.status); }

  void on_upgrade(ConnectionId id, io::Stream stream, const UpgradeAccepted& upgrade) override {
    Connection& connection = *connections_.find(id);
    count_status(101);
    if (connection.session.index >= connection_of_session_.size())
      connection_of_session_.resize(connection.session.index + 1);
    connection_of_session_[connection.session.index] = id;
    connection.http = nullptr;
    set_deadline(id, shell_settings_.answer_deadline);
    connection.socket = WebSocket::accept(
        std::move(stream), upgrade.key, id,
        {settings_->frame_bytes_max, shell_settings_.outbound_bytes_max, shell_settings_.coalesce_bytes}, *this,
        stats_);
  }

  void on_handshake_failed(ConnectionId, boost::system::error_code error) override {
    if (const auto refusal = io::refusal_of(error))
      return stats_.proxy_headers_refused[static_cast<wire::ProxyRefusal>(*refusal)].add();
    stats_.handshakes_failed.add();
  }
  void on_http_end(ConnectionId id) override { forget(id); }

  // ---- WebSocket ----

  void on_accepted(ConnectionId id) override {
    if (!connections_.find(id)->closing) deadlines_.clear(id.index);
  }
  void on_text(ConnectionId id, std::string_view text) override {
    call_hub([&](Now now) { hub_.on_message(now, session_of(id), text, output_); });
  }
  void on_binary(ConnectionId id) override {
    call_hub([&](Now now) { hub_.on_binary(now, session_of(id), output_); });
  }
  void on_oversize(ConnectionId id) override {
    call_hub([&](Now now) { hub_.on_oversize(now, session_of(id), output_); });
  }
  void on_alive(ConnectionId id) override { hub_.on_pong(io::read_clocks(), session_of(id)); }
  void on_end(ConnectionId id, size_t label) override {
    stats_.closes[label].add();
    call_hub([&](Now now) { hub_.on_closed(now, session_of(id), output_); });
    forget(id);
  }
  SessionId session_of(ConnectionId id) { return connections_.find(id)->session; }

  // ---- the hub's outputs ----

  template <typename F>
  void call_hub(F&& call) {
    const Now now = io::read_clocks();
    call(now);
    apply(now);
  }

  // Deliveries may find a reader too slow; what the hub then says to the others is carried out in turn.
  void apply(Now now) {
    while (!output_.empty()) {
      std::swap(output_, doing_);
      for (const Delivery& delivery : doing_.deliveries) deliver(delivery);
      for (const SessionId session : doing_.pings) {
        if (WebSocket* socket = to_socket(session)) socket->ping();
      }
      for (const Close& close : doing_.closes) close_socket(close, WebSocket::Queue::kFlush);
      for (const Event& event : doing_.events) log_event(now, event);
      doing_.clear();
      for (const SessionId session : std::exchange(slow_, {})) {
        close_socket({session, CloseCode::kSlowReader, "reads too slowly"}, WebSocket::Queue::kDrop);
        hub_.on_closed(now, session, output_);
      }
    }
    arm();
  }

  void deliver(const Delivery& delivery) {
    for (const SessionId receiver : delivery.receivers) {
      WebSocket* socket = to_socket(receiver);
      if (socket == nullptr) continue;
      const bool fits = socket->send(delivery) || delivery.replay;
      if (!fits || stats_.queued_bytes.value() > shell_settings_.outbound_bytes_total_max) slow_.push_back(receiver);
    }
  }

  void close_socket(const Close& close, WebSocket::Queue queue) {
    WebSocket* socket = to_socket(close.session);
    if (socket == nullptr) return;
    const ConnectionId id = connection_of_session_[close.session.index];
    connections_.find(id)->closing = true;
    set_deadline(id, shell_settings_.close_deadline);
    socket->close(close.code, close.reason, queue);
  }

  void log_event(Now now, const Event& event) {
    if (!log_.enabled(event.level) || !event_log_.take(kEventLog, now.mono)) return;
    if (event.room.empty()) {
      log_.log(event.level, event.name, {{"session", event.session}, event.detail});
    } else {
      log_.log(event.level, event.name,
               {{"room", event.room}, {"peer", event.peer}, {"session", event.session}, event.detail});
    }
  }

  // nullptr when the session has no WebSocket yet, or none any more.
  WebSocket* to_socket(SessionId session) {
    if (session.index >= connection_of_session_.size()) return nullptr;
    Connection* connection = connections_.find(connection_of_session_[session.index]);
    return connection != nullptr && connection->session == session ? connection->socket.get() : nullptr;
  }

  // ---- time ----

  void set_deadline(ConnectionId id, Duration patience) {
    deadlines_.set(id.index, io::read_clocks().mono + patience);
    arm();
  }

  void arm() {
    std::optional<Mono> next = hub_.next_deadline();
    if (const auto other = deadlines_.next(); other && (!next || *other < *next)) next = other;
    if (!next || (armed_ && *armed_ <= *next)) return;
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
      Connection& connection = *connections_.find(connections_.at_index(*index));
      if (connection.http) {
        stats_.deadlines_missed.add();
        connection.http->abort();
      } else if (connection.socket) {
        connection.socket->abort();
      }
    }
    hub_.on_tick(now, output_);
    apply(now);
  }

  // ---- the end ----

  void drain(std::function<void()> drained) {
    for (auto& acceptor : acceptors_) acceptor->stop();
    drained_ = std::move(drained);
    call_hub([&](Now now) { hub_.on_drain(now, output_); });
    if (shell_settings_.save_state) {
      const Now now = io::read_clocks();
      shell_settings_.save_state(now, hub_.save(now));
    }
    connections_.for_each([](ConnectionId, Connection& connection) {
      if (connection.http) connection.http->abort();
    });
    if (connections_.size() == 0) std::exchange(drained_, nullptr)();
  }

  void stop() {
    drained_ = nullptr;
    acceptors_.clear();
    timer_.cancel();
    connections_.for_each([](ConnectionId, Connection& connection) {
      if (connection.http) connection.http->abort();
      if (connection.socket) connection.socket->abort();
    });
  }

  void count_status(int status) { stats_.http_answers[static_cast<size_t>(status / 100 - 1)].add(); }

  const std::shared_ptr<const Settings> settings_;
  const ShellSettings shell_settings_;
  WebFiles files_;
  LogSink& log_;
  io::Shard& shard_;
  io::SystemRandom random_;
  Hub hub_;
  ShellStats stats_;

  std::vector<std::unique_ptr<io::Acceptor>> acceptors_;
  HandleTable<ConnectionTag, Connection> connections_;
  std::vector<ConnectionId> connection_of_session_;  // by session index; may be stale: check Connection::session
  DeadlineQueue deadlines_;                          // by connection index
  boost::asio::steady_timer timer_;
  std::optional<Mono> armed_;
  Output output_;  // what the hub says
  Output doing_;   // what is being carried out
  std::vector<SessionId> slow_;
  TokenBucket event_log_;
  std::function<void()> drained_;
};

SignalShell::SignalShell(io::Shard& shard, std::shared_ptr<const Settings> settings, ShellSettings shell_settings,
                         WebFiles files, LogSink& log)
    : impl_(std::make_unique<Impl>(shard, std::move(settings), std::move(shell_settings), std::move(files), log)) {}
SignalShell::~SignalShell() = default;

void SignalShell::serve(std::unique_ptr<io::Acceptor> acceptor, std::shared_ptr<io::TlsContextSlot> tls) {
  impl_->serve(std::move(acceptor), std::move(tls));
}
void SignalShell::replace_files(WebFiles files) {
  impl_->files_ = std::move(files);
}
bool SignalShell::restore(std::string_view saved) {
  const bool restored = impl_->hub_.restore(io::read_clocks(), saved);
  impl_->arm();
  return restored;
}
void SignalShell::drain(std::function<void()> drained) {
  impl_->shard_.post([impl = impl_.get(), drained = std::move(drained)]() mutable { impl->drain(std::move(drained)); });
}
void SignalShell::stop() {
  impl_->stop();
}
const Stats& SignalShell::hub_stats() const {
  return impl_->hub_.stats();
}
const ShellStats& SignalShell::stats() const {
  return impl_->stats_;
}

}  // namespace noom::signal
