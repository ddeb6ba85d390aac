#include "stun/shell/stun_shard.h"

#include <algorithm>
#include <utility>

#include "common/io/socket_address.h"
#include "common/wire/proxy_protocol.h"

namespace noom::stun {

static_assert(io::kHeadroom >= 48 && io::kTailroom >= 4, "respond() answers inside the room of the request");

namespace {

// Each direction of a listener. Rides out a burst while the thread waits for its CPU; the kernel cuts it to
// net.core.{r,w}mem_max.
constexpr int kUdpBufferBytes = 4 * 1024 * 1024;

// A UDP socket's tag: none, or the index of its matrix and its position there.
constexpr uint64_t kNoMatrix = 0;
constexpr uint64_t tag_of(size_t matrix, uint8_t position) {
  return (matrix + 1) << 2 | position;
}
constexpr size_t matrix_of(uint64_t tag) {
  return (tag >> 2) - 1;
}
constexpr uint8_t position_of(uint64_t tag) {
  return tag & 3;
}

}  // namespace

StunShard::StunShard(io::Shard& shard, const ShardLimits& limits, std::atomic<uint32_t>& tcp_connections)
    : shard_(shard),
      limits_(limits),
      tcp_connections_(tcp_connections),
      pump_(shard.context(), *this),
      idle_timer_(shard.context()) {}

StunShard::~StunShard() = default;

absl::StatusOr<IpEndpoint> StunShard::listen(Transport transport, const IpEndpoint& local) {
  io::UdpSocketId id;
  return transport == Transport::kUdp ? add_udp(local, kNoMatrix, id) : add_tcp(local, nullptr, 0);
}

absl::Status StunShard::listen(Transport transport, const AddressMatrix& matrix, uint8_t position) {
  if (transport != Transport::kUdp) return add_tcp(matrix.at[position], &matrix, position).status();
  if (position == 0) socket_matrices_.push_back({&matrix, {}});
  const uint64_t tag = tag_of(socket_matrices_.size() - 1, position);
  return add_udp(matrix.at[position], tag, socket_matrices_.back().sockets[position]).status();
}

absl::StatusOr<IpEndpoint> StunShard::add_udp(const IpEndpoint& local, uint64_t tag, io::UdpSocketId& id) {
  auto socket = io::UdpSocket::open(
      local, {.reuse_port = true, .receive_buffer_bytes = kUdpBufferBytes, .send_buffer_bytes = kUdpBufferBytes});
  if (!socket.ok()) return socket.status();
  const IpEndpoint bound = socket->local();
  id = pump_.add(std::move(*socket), io::PollClass::kShared, tag);
  if (!id.valid())
    return absl::ResourceExhaustedError("the kernel refuses to watch the socket; raise fs.epoll.max_user_watches");
  return bound;
}

absl::StatusOr<IpEndpoint> StunShard::add_tcp(const IpEndpoint& local, const AddressMatrix* matrix, uint8_t position) {
  auto acceptor = io::Acceptor::open(shard_.context(), local, {.reuse_port = true});
  if (!acceptor.ok()) return acceptor.status();
  (*acceptor)->start(
      [this, matrix, position](io::Stream::Socket socket) { on_accepted(std::move(socket), matrix, position); });
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

// Where it fits the answer is written over its request (see respond): the cache line is warm. It leaves by the socket
// that the core chose, which is the shard's own: every shard has the whole matrix.
void StunShard::on_datagrams(Now, io::UdpSocketId socket, uint64_t tag, std::span<const io::Datagram> batch) {
  const SocketMatrix* sockets = tag == kNoMatrix ? nullptr : &socket_matrices_[matrix_of(tag)];
  Arrival arrival{.transport = Transport::kUdp, .position = position_of(tag)};
  if (sockets != nullptr) arrival.matrix = sockets->matrix;
  const bool in_place = answers_in_place(arrival.matrix, limits_.policy);
  for (const io::Datagram& datagram : batch) {
    arrival.client = datagram.source;
    arrival.local = datagram.destination;
    const Bytes message = datagram.payload();
    const auto outcome =
        respond(message, arrival, limits_.policy, in_place ? datagram.room : MutableBytes(rooms_.next()));
    stats_.udp.count(message, outcome);
    const auto* answer = std::get_if<Answer>(&outcome);
    if (answer == nullptr) continue;
    if (!in_place) rooms_.keep();
    pump_.send(sockets == nullptr ? socket : sockets->sockets[answer->from], answer->to, datagram.destination.address,
               answer->bytes);
  }
}

void StunShard::on_accepted(io::Stream::Socket socket, const AddressMatrix* matrix, uint8_t position) {
  const IpAddress peer = io::peer_endpoint(socket.native_handle()).address;
  if (peer == IpAddress()) return;  // reset before it was accepted: nobody knows from where it was
  stats_.tcp_accepted.add();
  if (tcp_connections_.fetch_add(1, std::memory_order_relaxed) >= limits_.tcp_connections_max) {
    tcp_connections_.fetch_sub(1, std::memory_order_relaxed);
    stats_.tcp_refused.add();
    return;  // closes it
  }
  io::StreamOpening opening;
  const auto holds_peer = [&](const auth::IpPrefix& proxy) { return proxy.contains(peer); };
  if (std::ranges::any_of(limits_.proxies, holds_peer)) opening.preamble = wire::read_proxy_header;
  const ConnectionTable::Id id = connections_.insert(nullptr);
  auto connection = std::make_shared<TcpConnection>(io::Stream(std::move(socket), std::move(opening)), matrix, position,
                                                    limits_.policy, stats_.tcp,
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
