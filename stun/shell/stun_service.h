// noom-stun's listeners over all its shards: one SO_REUSEPORT socket per shard per listener.
#pragma once

#include <absl/status/statusor.h>

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "common/base/endpoint.h"
#include "common/io/shard.h"
#include "stun/shell/stun_shard.h"

namespace noom::stun {

// Built, started and destroyed by the control thread. Destroying it closes everything and joins the threads.
class StunService {
 public:
  // shards >= 1.
  StunService(uint32_t shards, const ShardLimits& limits);
  ~StunService();

  // Binds on every shard, before start(); returns where (port 0 becomes one port for all). `transport` is kUdp or kTcp.
  // Error messages read "udp 192.0.2.1:3479: <reason>; <remedy>".
  absl::StatusOr<IpEndpoint> listen(Transport transport, const IpEndpoint& local);
  // The same for the sockets of a matrix, position by position; for ports of 0 see choose_ports().
  struct Failure {
    uint8_t position;  // that could not be bound
    absl::Status status;
  };
  std::optional<Failure> listen(Transport transport, const AddressMatrix& matrix);
  void start();
  // Every shard goes over to these soon.
  void change_limits(const ShardLimits& limits);
  // Calls `alive` from a shard's thread once every shard has come round.
  void heartbeat(std::function<void()> alive);

  const std::vector<std::unique_ptr<StunShard>>& shards() const { return shards_; }  // for their stats
  const LatencyHistogram& lag(size_t shard) const { return threads_[static_cast<uint32_t>(shard)].lag(); }

 private:
  std::atomic<uint32_t> tcp_connections_{0};
  std::vector<std::unique_ptr<const AddressMatrix>> matrices_;
  io::ShardGroup threads_;
  std::vector<std::unique_ptr<StunShard>> shards_;
  bool started_ = false;
};

}  // namespace noom::stun
