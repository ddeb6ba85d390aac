#include "stun/shell/stun_shard.h"

#include <utility>

namespace noom::stun {

static_assert(io::kHeadroom >= 48 && io::kTailroom >= 4, "respond() answers inside the room of the request");

namespace {

// Each direction of a listener. Rides out a burst while the thread waits for its CPU; the kernel cuts it to
// net.core.{r,w}mem_max.
constexpr int kUdpBufferBytes = 4 * 1024 * 1024;

}  // namespace

StunShard::StunShard(io::Shard& shard, const ShardLimits& limits, std::atomic<uint32_t>& tcp_connections)
    : shard_(shard),
      limits_(limits),
      tcp_connections_(tcp_connections),
      pump_(shard.context(), *this),
      idle_timer_(shard.context()) {}

StunShard::~StunShard() = default;

absl::StatusOr<IpEndpoint> StunShard::listen(Transport transport, const IpEndpoint& local) {
  if (transport == Transport::kUdp) {
    auto socket = io::UdpSocket::open(
        local, {.reuse_port = true, .receive_buffer_bytes = kUdpBufferBytes, .send_buffer_bytes = kUdpBufferBytes});
    if (!socket.ok()) return socket.status();
    const IpEndpoint bound = socket->local();
    if (!pump_.add(std::move(*socket), io::PollClass::kShared, 0).valid())
      return absl::ResourceExhaustedError("the kernel refuses to watch the socket; raise fs.epoll.max_user_watches");
    return bound;
  }
  auto acceptor = io::Acceptor::open(shard_.context(), local, {.reuse_port = true});
  if (!acceptor.ok()) return acceptor.status();
  (*acceptor)->start([this](io::Stream::Socket socket) { on_accepted(std::move(socket)); });
  acceptors_.push_back(std::move(*acceptor));
  return acceptors_.back()->local();
}

void StunShard::stop_accepting() {
  for (const auto& acceptor : acceptors_) acceptor->stop();
}

void StunShard::stop() {
  stop_accepting();
  connections_.for_each([this](ConnectionTable::Id, std::shared_ptr<TcpConnection>& connection) {
    connection->close();
    tcp_connections_.fetch_sub(1, std::memory_order_relaxed);
  });
  connections_ = {};
  stats_.tcp_open.set(0);
  idle_timer_.cancel();
  pump_.stop();
}

// The answer is written over its request: the room around it is enough (see respond), and the cache line is warm.
void StunShard::on_datagrams(Now, io::UdpSocketId socket, uint64_t, std::span<const io::Datagram> batch) {
  for (const io::Datagram& datagram : batch) {
    const Bytes message = datagram.payload();
    const auto outcome = respond(message, datagram.source, datagram.room);
    stats_.udp.count(message, outcome);
    if (const auto* answer = std::get_if<wire::BindingAnswer>(&outcome))
      pump_.send(socket, datagram.source, datagram.destination.address, answer->bytes);
  }
}

void StunShard::on_accepted(io::Stream::Socket socket) {
  stats_.tcp_accepted.add();
  if (tcp_connections_.fetch_add(1, std::memory_order_relaxed) >= limits_.tcp_connections_max) {
    tcp_connections_.fetch_sub(1, std::memory_order_relaxed);
    stats_.tcp_refused.add();
    return;  // closes it
  }
  const ConnectionTable::Id id = connections_.insert(nullptr);
  auto connection = std::make_shared<TcpConnection>(io::Stream(std::move(socket)), stats_.tcp,
                                                    [this, id](CloseReason reason) { on_closed(id, reason); });
  *connections_.find(id) = connection;
  stats_.tcp_open.add();
  idle_deadlines_.set(id.index, connection->last_active() + limits_.tcp_idle_timeout);
  if (!idle_timer_set_) schedule_idle();
  connection->start();
}

void StunShard::on_closed(ConnectionTable::Id id, CloseReason reason) {
  connections_.erase(id);
  idle_deadlines_.clear(id.index);
  tcp_connections_.fetch_sub(1, std::memory_order_relaxed);
  stats_.tcp_open.subtract();
  stats_.tcp_closed[reason].add();
}

void StunShard::close_idle() {
  const Mono now = io::read_clocks().mono;
  while (const auto index = idle_deadlines_.pop_due(now)) {
    const ConnectionTable::Id id = connections_.at_index(*index);
    const std::shared_ptr<TcpConnection> connection = *connections_.find(id);
    const Mono deadline = connection->last_active() + limits_.tcp_idle_timeout;
    if (deadline > now) {
      idle_deadlines_.set(*index, deadline);
    } else {
      on_closed(id, CloseReason::kIdle);
      connection->close();
    }
  }
}

void StunShard::schedule_idle() {
  const auto next = idle_deadlines_.next();
  idle_timer_set_ = next.has_value();
  if (!next) return;
  idle_timer_.expires_at(std::chrono::steady_clock::time_point(next->time_since_epoch()));
  idle_timer_.async_wait([this](boost::system::error_code error) {
    if (error) return;
    close_idle();
    schedule_idle();
  });
}

}  // namespace noom::stun
