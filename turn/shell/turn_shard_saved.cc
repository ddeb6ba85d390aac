// A shard that leaves its clients to the next process, and one that takes them over.
#include <absl/container/flat_hash_map.h>

#include "common/io/clocks.h"
#include "common/io/inherited_sockets.h"
#include "turn/shell/turn_shard.h"

namespace noom::turn {

size_t TurnShard::pause() {
  const Now now = io::read_clocks();
  for (const auto& acceptor : acceptors_) acceptor->pause();
  const size_t ended = server_.begin_save(now, output_);
  settle(now);
  pump_.flush();
  streams_.pause();
  dtls_.stop(now);
  peers_.stop();
  settle(now);
  pump_.flush();
  return ended;
}

SavedShardWhole TurnShard::save(std::vector<int>& fds) {
  const Now now = io::read_clocks();
  pump_.freeze();
  stopped_ = true;
  tick_.cancel();
  usage_.stop(now, to_string(EndReason::kRestart));
  SavedShardWhole saved{.core = server_.save(now.mono), .relays = {}, .streams = {}, .listeners = {}};
  for (const SavedAllocation& allocation : saved.core.allocations)
    for (const RelayOfFamily& relay : allocation.value.relays) {
      const int fd = pump_.fd(socket_of(relay.id));
      if (fd < 0) continue;
      const auto& saved_relay = allocation.relays[&relay - allocation.value.relays.data()];
      saved.relays.push_back({.local = saved_relay->local, .fd = static_cast<uint32_t>(fds.size())});
      fds.push_back(fd);
    }
  saved.streams = streams_.save(fds);
  const auto keep = [&](Transport transport, const IpEndpoint& local, int fd) {
    if (fd < 0 || io::is_inherited(transport, local)) return;
    saved.listeners.push_back(static_cast<uint32_t>(fds.size()));
    fds.push_back(fd);
  };
  for (size_t i = 0; i < udp_listeners_.size(); ++i)
    if (udp_listeners_[i].valid()) keep(Transport::kUdp, options_.listeners[i].local, pump_.fd(udp_listeners_[i]));
  for (const auto& acceptor : acceptors_) keep(Transport::kTcp, acceptor->local(), acceptor->fd());
  return saved;
}

Restored TurnShard::restore(SavedShardWhole saved, std::vector<io::Fd>& fds) {
  const Now now = io::read_clocks();
  std::vector<FiveTuple> by_tcp;
  for (const SavedAllocation& each : saved.core.allocations)
    if (each.value.client.transport == Transport::kTcp && each.value.client_shard == kThisShard)
      by_tcp.push_back(each.value.client);
  Restored restored = server_.restore(now, std::move(saved.core));
  for (const AllocationCreated& each : restored.allocations)
    usage_.resume(now, each, server_.traffic(each.allocation).value_or(AllocationTraffic{}));
  absl::flat_hash_map<IpEndpoint, uint32_t> sockets;
  for (const SavedSocket& socket : saved.relays) sockets.emplace(socket.local, socket.fd);
  for (const RestoredRelay& relay : restored.relays) {
    io::UdpSocket socket = io::UdpSocket::adopt(std::move(fds[sockets.at(relay.local)]), relay_socket_options());
    if (add_relay(relay.relay, std::move(socket))) continue;
    server_.on_relay_open_failed(now, relay.relay, output_);
  }
  for (SavedStream& stream : saved.streams) {
    const uint32_t fd = stream.fd;
    streams_.restore(std::move(stream), std::move(fds[fd]));
  }
  for (const FiveTuple& client : by_tcp)
    if (!streams_.contains(client)) server_.on_client_closed(now, client, output_);
  // Users, peers and clients as the configuration has them now.
  server_.on_settings(now, options_.settings, output_);
  settle(now);
  return restored;
}

}  // namespace noom::turn
