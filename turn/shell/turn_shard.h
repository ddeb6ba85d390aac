// One shard of the TURN server: its sockets on one side, its core on the other. Hops 2 and 4½ of a datagram's life:
// what arrives becomes a call of the core, and what the core puts out is obeyed and queued.
#pragma once

#include <absl/status/statusor.h>

#include <boost/asio/basic_waitable_timer.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "common/base/log.h"
#include "common/io/acceptor.h"
#include "common/io/shard.h"
#include "common/io/system_random.h"
#include "common/io/udp_pump.h"
#include "turn/core/server.h"
#include "turn/shell/dtls_clients.h"
#include "turn/shell/event_log.h"
#include "turn/shell/handover.h"
#include "turn/shell/peer_links.h"
#include "turn/shell/saved_service.h"
#include "turn/shell/stream_clients.h"
#include "turn/shell/turn_service.h"
#include "turn/shell/usage_feed.h"

namespace noom::turn {

// Built and given its listeners before its thread runs; then everything but stats() is that thread's.
class TurnShard final : io::UdpReceiver, StreamHost, DtlsHost, PeerHost {
 public:
  TurnShard(io::Shard& shard, const TurnServiceOptions& options, StreamPlaces& places, StreamPlaces& dtls_places,
            LogSink& log);
  ~TurnShard();
  TurnShard(const TurnShard&) = delete;
  TurnShard& operator=(const TurnShard&) = delete;

  // Opens this shard's socket of options.listeners[index] on `local`; returns the endpoint bound.
  absl::StatusOr<IpEndpoint> open_listener(size_t index, const IpEndpoint& local);
  // All shards of the service, this one included; they outlive its thread.
  void start(std::vector<TurnShard*> shards);

  // Accepts no connection any more; calls `drained` once no allocation is left, at once or later.
  void begin_drain(std::function<void()> drained);
  void on_settings(std::shared_ptr<const Settings> settings);
  void on_revoke(const Revocation& revocation);
  // The last that a shard does, in this order, other shards' work and its own in between; then the sockets stay open
  // until it is destroyed, unread. save() appends to `fds`.
  size_t pause();  // how many allocations it ended
  SavedShardWhole save(std::vector<int>& fds);
  // The first, after its listeners are open and other shards are known.
  Restored restore(SavedShardWhole saved, std::vector<io::Fd>& fds);
  void stop();

  io::Shard& thread() { return shard_; }
  ShardStatsView stats() const { return {server_.stats(), pump_.stats(), stats_, shard_.lag()}; }

 private:
  using Timer =
      boost::asio::basic_waitable_timer<std::chrono::steady_clock, boost::asio::wait_traits<std::chrono::steady_clock>,
                                        boost::asio::io_context::executor_type>;
  struct RelaySocket {
    uint32_t generation = 0;
    io::UdpSocketId socket;
  };
  struct Leaver {
    FiveTuple client;
    Departure departure;
  };

  io::StreamOpening opening_of(const Listener& listener, const IpAddress& peer) const;
  void on_datagrams(Now now, io::UdpSocketId socket, uint64_t tag, std::span<const io::Datagram> batch) override;
  void on_icmp(Now now, io::UdpSocketId socket, uint64_t tag, const io::IcmpError& error) override;
  void on_flushed() override;
  void on_stream_frame(Now now, const FiveTuple& client, Bytes frame) override;
  void on_stream_closed(Now now, const FiveTuple& client) override;
  void on_dtls_message(Now now, const FiveTuple& client, MutableBytes message, const IpFields& ip) override;
  void on_dtls_closed(Now now, const FiveTuple& client) override;
  void send_dtls(const FiveTuple& client, Bytes datagram, const IpFields& ip) override;
  bool has_allocation(const FiveTuple& client) const override { return server_.has_allocation(client); }
  std::string_view denial(const IpAddress& client) const override { return server_.denial(client); }
  void on_handover(uint32_t from, std::unique_ptr<HandoverBatch> batch);
  void on_peer_connected(PeerConnectionId connection) override;
  void on_peer_connect_failed(PeerConnectionId connection, std::string_view reason) override;
  std::optional<PeerConnectionId> on_peer_accepted(RelayId relay, const IpEndpoint& peer) override;
  void on_peer_closed(PeerConnectionId connection, std::string_view reason) override;
  Duration on_stream_relayed(PeerConnectionId connection, Towards towards, size_t bytes) override;
  void on_shard_message(const ShardMessage& message);

  void on_client_datagram(Now now, uint8_t listener, const io::Datagram& datagram);
  void settle(Now now);
  void observe_allocations(Now now);
  void send(const ToClient& transmit);
  void obey(Now now, const OpenRelay& command);
  void obey(Now now, const CloseRelay& command);
  void obey(Now now, const CloseClient& command);
  void obey(Now now, const HandOver& command);
  void obey(Now now, const TellShard& command);
  void obey(Now now, const Forward& command);
  void obey(Now now, const WatchClient& command);
  void obey(Now now, const ConnectPeer& command);
  void obey(Now now, const ClosePeer& command);
  void obey(Now now, const BindPeer& command);
  void obey(Now now, const MoveClient& command);
  io::UdpSocketOptions relay_socket_options() const;
  bool add_relay(RelayId relay, io::UdpSocket socket);  // false: the kernel watches no further socket
  io::UdpSocketId socket_of(RelayId relay) const;
  void arm_tick();
  void on_tick();
  void check_drained();

  io::Shard& shard_;
  const TurnServiceOptions& options_;
  io::SystemRandom random_;
  ShellStats stats_;
  EventLog log_;
  Server server_;
  UsageFeed usage_;
  Output output_;  // its transmits are queued by settle(), its arena lives until the flush
  io::UdpPump pump_;
  StreamClients streams_;
  DtlsClients dtls_;
  PeerLinks peers_;
  HandoverOutbox outbox_;
  std::vector<std::unique_ptr<HandoverBatch>> handed_over_;  // borrowed from until the flush

  std::vector<TurnShard*> shards_;
  std::vector<io::UdpSocketId> udp_listeners_;  // UDP and DTLS, by listener index; invalid for streams
  std::vector<std::unique_ptr<io::Acceptor>> acceptors_;
  std::vector<uint8_t> acceptor_listeners_;  // the listener index of each acceptor
  std::vector<FiveTuple> leavers_;           // CloseClient waits until the transmits beside it are queued
  std::vector<Leaver> departures_;           // BindPeer and MoveClient, likewise
  std::vector<RelaySocket> relays_;          // by RelayId index, which is dense

  Timer tick_;
  std::optional<Mono> tick_at_;  // what tick_ waits for
  size_t arena_bytes_ = 0;       // copied from streams since the last flush
  std::function<void()> drained_;
  bool stopped_ = false;
};

}  // namespace noom::turn
