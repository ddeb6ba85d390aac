// One shard of noom-stun: its UDP sockets, its TCP clients, its counters. Listeners and threads of all shards are
// stun_service.cc.
#pragma once

#include <absl/status/statusor.h>

#include <array>
#include <atomic>
#include <boost/asio/steady_timer.hpp>
#include <memory>
#include <vector>

#include "common/auth/ip_prefix.h"
#include "common/base/deadline_queue.h"
#include "common/base/handle_table.h"
#include "common/io/acceptor.h"
#include "common/io/shard.h"
#include "common/io/udp_pump.h"
#include "stun/shell/answer_rooms.h"
#include "stun/shell/tcp_connection.h"

namespace noom::stun {

// What the operator decides, common to all shards.
struct ShardLimits {
  uint32_t tcp_connections_max = 0;  // over all shards
  Duration tcp_idle_timeout{};       // without a complete request
  Policy policy{};
  std::vector<auth::IpPrefix> proxies = {};  // their TCP connections begin with a PROXY header; nobody else's may
};

struct ShardStats {
  Stats udp;
  Stats tcp;
  Counter tcp_open;
  Counter tcp_accepted;
  Counter tcp_refused;  // at tcp_connections_max
  CounterTable<CloseReason> tcp_closed;
};

// Built and given its listeners before the shard starts; afterwards only on the shard's thread, except for stats().
class StunShard final : private io::UdpReceiver {
 public:
  // `tcp_connections` counts those of all shards, which share it. Both references outlive this object.
  StunShard(io::Shard& shard, const ShardLimits& limits, std::atomic<uint32_t>& tcp_connections);
  ~StunShard();

  // Binds one listener of this shard; returns where. Errors are those of UdpSocket::open and Acceptor::open.
  absl::StatusOr<IpEndpoint> listen(Transport transport, const IpEndpoint& local);
  // Binds one position of a matrix, which outlives the shard. A matrix is bound position by position, in order.
  absl::Status listen(Transport transport, const AddressMatrix& matrix, uint8_t position);
  // Holds from now on: connections already open keep the policy they began with.
  void change_limits(const ShardLimits& limits) { limits_ = limits; }
  // Takes no new connection.
  void stop_accepting();
  // Closes everything.
  void stop();

  const ShardStats& stats() const { return stats_; }
  const io::UdpPumpStats& udp_pump_stats() const { return pump_.stats(); }

 private:
  struct ConnectionTag;
  using ConnectionTable = HandleTable<ConnectionTag, std::shared_ptr<TcpConnection>>;

  // The UDP sockets of one matrix.
  struct SocketMatrix {
    const AddressMatrix* matrix;
    std::array<io::UdpSocketId, 4> sockets;
  };

  absl::StatusOr<IpEndpoint> add_udp(const IpEndpoint& local, uint64_t tag, io::UdpSocketId& id);
  absl::StatusOr<IpEndpoint> add_tcp(const IpEndpoint& local, const AddressMatrix* matrix, uint8_t position);
  void on_datagrams(Now now, io::UdpSocketId socket, uint64_t tag, std::span<const io::Datagram> batch) override;
  void on_flushed() override { rooms_.clear(); }
  void on_accepted(io::Stream::Socket socket, const AddressMatrix* matrix, uint8_t position);
  void on_closed(ConnectionTable::Id id, CloseReason reason);
  void close_idle();
  void schedule_idle();

  io::Shard& shard_;
  ShardLimits limits_;
  std::atomic<uint32_t>& tcp_connections_;
  ShardStats stats_;
  AnswerRooms rooms_;  // of the answers that the pump holds
  io::UdpPump pump_;
  std::vector<SocketMatrix> socket_matrices_;
  std::vector<std::unique_ptr<io::Acceptor>> acceptors_;
  ConnectionTable connections_;
  DeadlineQueue idle_deadlines_;  // by connection index; a deadline may be stale: last_active() decides when it is due
  boost::asio::steady_timer idle_timer_;
  bool idle_timer_set_ = false;
};

}  // namespace noom::stun
