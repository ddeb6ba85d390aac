#include "stun/shell/stun_service.h"

#include <utility>

namespace noom::stun {

StunService::StunService(uint32_t shards, const ShardLimits& limits) : threads_(shards, "stun") {
  for (uint32_t i = 0; i < shards; ++i)
    shards_.push_back(std::make_unique<StunShard>(threads_[i], limits, tcp_connections_));
}

StunService::~StunService() {
  if (!started_) return;
  threads_.run_on_all([this](io::Shard& shard) { shards_[shard.index()]->stop(); });
  threads_.stop(std::chrono::seconds(1));
}

absl::StatusOr<IpEndpoint> StunService::listen(Transport transport, const IpEndpoint& local) {
  if (const absl::Status free = io::check_port_free(transport, local); !free.ok()) return free;
  IpEndpoint bound = local;
  for (const auto& shard : shards_) {
    const auto at = shard->listen(transport, bound);
    if (!at.ok()) return at.status();
    bound = *at;
  }
  return bound;
}

std::optional<StunService::Failure> StunService::listen(Transport transport, const AddressMatrix& wanted) {
  const AddressMatrix& matrix = *matrices_.emplace_back(std::make_unique<const AddressMatrix>(wanted));
  for (uint8_t position = 0; position < matrix.size(); ++position) {
    if (absl::Status free = io::check_port_free(transport, matrix.at[position]); !free.ok())
      return Failure{position, std::move(free)};
    for (const auto& shard : shards_)
      if (absl::Status bound = shard->listen(transport, matrix, position); !bound.ok())
        return Failure{position, std::move(bound)};
  }
  return std::nullopt;
}

void StunService::start() {
  threads_.start();
  started_ = true;
}

void StunService::change_limits(const ShardLimits& limits) {
  for (uint32_t i = 0; i < threads_.size(); ++i)
    threads_[i].post([shard = shards_[i].get(), limits] { shard->change_limits(limits); });
}

void StunService::heartbeat(std::function<void()> alive) {
  const auto waiting = std::make_shared<std::atomic<size_t>>(shards_.size());
  for (uint32_t i = 0; i < threads_.size(); ++i)
    threads_[i].post([waiting, alive] {
      if (waiting->fetch_sub(1) == 1) alive();
    });
}

}  // namespace noom::stun
