#include "turn/shell/turn_shard.h"

#include <algorithm>
#include <cstring>

#include "common/io/socket_address.h"
#include "common/wire/proxy_protocol.h"
#include "turn/core/connection.h"

namespace noom::turn {

namespace {

// A pump tag is a listener's index or a relay's handle; the top bit tells which.
constexpr uint64_t kListenerTag = uint64_t{1} << 63;
uint64_t to_tag(RelayId relay) {
  return uint64_t{relay.index} << 32 | relay.generation;
}
RelayId to_relay(uint64_t tag) {
  return {static_cast<uint32_t>(tag >> 32), static_cast<uint32_t>(tag)};
}

std::chrono::steady_clock::time_point to_steady(Mono mono) {
  return std::chrono::steady_clock::time_point(mono.time_since_epoch());
}

}  // namespace

TurnShard::TurnShard(io::Shard& shard, const TurnServiceOptions& options, StreamPlaces& places,
                     StreamPlaces& dtls_places, LogSink& log)
    : shard_(shard),
      options_(options),
      log_(log, shard.index()),
      server_(shard.index(), options.settings, options.shared, random_),
      usage_(shard.context(), shard.index(), options.usage, options.usage_interval,
             [this](AllocationId allocation) { return server_.traffic(allocation); }),
      pump_(shard.context(), *this),
      streams_(shard.context(), *this, {}, places, stats_, log_),
      dtls_(*this, random_, {}, dtls_places, stats_.dtls, log_),
      peers_(shard.context(), *this),
      outbox_(options.settings->shard_count),
      udp_listeners_(options.listeners.size()),
      tick_(shard.context()) {}

TurnShard::~TurnShard() = default;

absl::StatusOr<IpEndpoint> TurnShard::open_listener(size_t index, const IpEndpoint& local) {
  const Transport transport = options_.listeners[index].transport;
  if (is_stream(transport)) {
    auto acceptor = io::Acceptor::open(shard_.context(), local, {.reuse_port = true});
    if (!acceptor.ok()) return acceptor.status();
    acceptors_.push_back(*std::move(acceptor));
    acceptor_listeners_.push_back(static_cast<uint8_t>(index));
    return acceptors_.back()->local();
  }
  auto socket = io::UdpSocket::open(local, {.reuse_port = true,
                                            .receive_buffer_bytes = options_.listener_buffer_bytes,
                                            .send_buffer_bytes = options_.listener_buffer_bytes,
                                            .report_ip_fields = options_.carry_ip_fields});
  if (!socket.ok()) return socket.status();
  const IpEndpoint bound = socket->local();
  udp_listeners_[index] = pump_.add(*std::move(socket), io::PollClass::kShared, kListenerTag | index);
  return bound;
}

void TurnShard::start(std::vector<TurnShard*> shards) {
  shards_ = std::move(shards);
  for (size_t i = 0; i < acceptors_.size(); ++i) {
    const uint8_t listener = acceptor_listeners_[i];
    acceptors_[i]->start([this, listener](io::Stream::Socket socket) {
      const IpAddress peer = io::peer_endpoint(socket.native_handle()).address;
      if (peer == IpAddress()) return;  // reset before it was accepted: nobody knows from where it was
      streams_.accept(std::move(socket), listener, opening_of(options_.listeners[listener], peer));
    });
  }
}

io::StreamOpening TurnShard::opening_of(const Listener& listener, const IpAddress& peer) const {
  io::StreamOpening opening;
  if (listener.tls != nullptr) opening.tls = listener.tls->get();
  opening.or_plain = listener.or_tls;
  const auto holds_peer = [&](const auth::IpPrefix& proxy) { return proxy.contains(peer); };
  if (std::ranges::any_of(options_.proxies, holds_peer)) opening.preamble = wire::read_proxy_header;
  return opening;
}

void TurnShard::on_datagrams(Now now, io::UdpSocketId, uint64_t tag, std::span<const io::Datagram> batch) {
  if ((tag & kListenerTag) != 0) {
    const auto listener = static_cast<uint8_t>(tag);
    for (const io::Datagram& datagram : batch) on_client_datagram(now, listener, datagram);
  } else {
    const RelayId relay = to_relay(tag);
    for (const io::Datagram& datagram : batch) {
      server_.on_peer(now, relay, datagram.source, datagram.room, datagram.ip, output_);
    }
  }
  settle(now);
}

void TurnShard::on_icmp(Now now, io::UdpSocketId, uint64_t tag, const io::IcmpError& error) {
  server_.on_peer_icmp(now, to_relay(tag), error.peer, {.type = error.type, .code = error.code, .mtu = error.mtu},
                       output_);
  settle(now);
}

// The core frames in place, and what it puts out is borrowed until the flush: a stream's frame moves into the arena.
void TurnShard::on_stream_frame(Now now, const FiveTuple& client, Bytes frame) {
  if (arena_bytes_ > kArenaBytesPerFlush) pump_.flush();
  arena_bytes_ += frame.size();
  const MutableBytes copy = output_.arena.take(frame.size());
  std::memcpy(copy.data(), frame.data(), frame.size());
  server_.on_client(now, client, copy, {}, output_);
  settle(now);
}

void TurnShard::on_stream_closed(Now now, const FiveTuple& client) {
  server_.on_client_closed(now, client, output_);
  settle(now);
}

// Obeys the commands in order, then queues the transmits. The arena stays: what is queued borrows from it.
void TurnShard::settle(Now now) {
  if (!output_.empty()) pump_.flush_soon();
  for (size_t i = 0; i < output_.commands.size(); ++i) {
    const Command command = output_.commands[i];  // obeying may append
    std::visit([&](const auto& each) { obey(now, each); }, command);
  }
  for (const ToClient& transmit : output_.to_clients) {
    if (transmit.shard == kThisShard)
      send(transmit);
    else if (!outbox_.add(transmit.shard, HandoverBatch::ToClient{transmit.client, transmit.ip}, transmit.bytes))
      stats_.drops[ShellDrop::kHandoverFull].add();
  }
  for (const ToPeer& transmit : output_.to_peers)
    pump_.send(socket_of(transmit.relay), transmit.peer, {}, transmit.bytes,
               {.whole = transmit.dont_fragment, .ip = transmit.ip});
  for (const FiveTuple& leaver : leavers_)
    leaver.transport == Transport::kDtls ? dtls_.close(now, leaver) : streams_.close(leaver);
  leavers_.clear();
  if (!output_.events.empty()) observe_allocations(now);
  log_.write(now, output_.events);
  usage_.on_events(now, output_.events);
  output_.commands.clear();
  output_.to_clients.clear();
  output_.to_peers.clear();
  output_.events.clear();
  // These may come back here.
  for (Leaver& leaver : std::exchange(departures_, {})) streams_.depart(leaver.client, std::move(leaver.departure));
  arm_tick();
  check_drained();
}

void TurnShard::observe_allocations(Now now) {
  for (const Event& event : output_.events)
    if (std::holds_alternative<AllocationCreated>(event)) stats_.allocations.observe(io::read_clocks().mono - now.mono);
}

void TurnShard::on_flushed() {
  streams_.flush();
  dtls_.on_flushed();
  outbox_.flush([this](uint32_t to, std::unique_ptr<HandoverBatch> batch) {
    TurnShard* const shard = shards_[to];
    shard->shard_.post([shard, from = shard_.index(), batch = std::move(batch)]() mutable {
      shard->on_handover(from, std::move(batch));
    });
  });
  handed_over_.clear();
  output_.arena.clear();
  arena_bytes_ = 0;
}

void TurnShard::obey(Now now, const OpenRelay& command) {
  if (command.tcp) {
    const absl::Status status = peers_.open(command.relay, command.local);
    if (!status.ok()) {
      log_.relay_open_failed(now, status);
      return server_.on_relay_open_failed(now, command.relay, output_);
    }
    stats_.relays_open.add();
    return server_.on_relay_opened(now, command.relay, output_);
  }
  auto socket = io::UdpSocket::open(command.local, relay_socket_options());
  if (!socket.ok()) {
    log_.relay_open_failed(now, socket.status());
    return server_.on_relay_open_failed(now, command.relay, output_);
  }
  if (!add_relay(command.relay, *std::move(socket))) {
    log_.relay_open_failed(
        now, absl::ResourceExhaustedError("the kernel watches no further socket; raise fs.epoll.max_user_watches"));
    return server_.on_relay_open_failed(now, command.relay, output_);
  }
  server_.on_relay_opened(now, command.relay, output_);
}

io::UdpSocketOptions TurnShard::relay_socket_options() const {
  return {.receive_buffer_bytes = options_.relay_buffer_bytes,
          .send_buffer_bytes = options_.relay_buffer_bytes,
          .report_icmp = true,
          .report_ip_fields = options_.carry_ip_fields};
}

bool TurnShard::add_relay(RelayId relay, io::UdpSocket socket) {
  const io::UdpSocketId id = pump_.add(std::move(socket), io::PollClass::kPrivate, to_tag(relay));
  if (!id.valid()) return false;
  if (relay.index >= relays_.size()) relays_.resize(relay.index + 1);
  relays_[relay.index] = {relay.generation, id};
  stats_.relays_open.add();
  return true;
}

void TurnShard::obey(Now, const CloseRelay& command) {
  if (peers_.close(command.relay)) return stats_.relays_open.subtract();
  const io::UdpSocketId id = socket_of(command.relay);
  if (!id.valid()) return;  // it never opened
  relays_[command.relay.index].socket = {};
  pump_.remove(id);
  stats_.relays_open.subtract();
}

void TurnShard::obey(Now, const CloseClient& command) {
  if (is_connection(command.client.transport)) leavers_.push_back(command.client);
}

io::UdpSocketId TurnShard::socket_of(RelayId relay) const {
  if (relay.index >= relays_.size() || relays_[relay.index].generation != relay.generation) return {};
  return relays_[relay.index].socket;
}

void TurnShard::arm_tick() {
  const auto core = server_.next_deadline();
  const auto dtls = dtls_.next_deadline();
  const auto next = core && dtls ? std::min(core, dtls) : std::max(core, dtls);
  if (!next || stopped_ || (tick_at_ && *tick_at_ <= *next)) return;
  tick_at_ = next;
  tick_.expires_at(to_steady(*next));
  tick_.async_wait([this](boost::system::error_code error) {
    if (!error) on_tick();
  });
}

void TurnShard::on_tick() {
  tick_at_.reset();
  const Now now = io::read_clocks();
  dtls_.on_tick(now);
  server_.on_tick(now, output_);
  settle(now);
}

void TurnShard::on_settings(std::shared_ptr<const Settings> settings) {
  if (stopped_) return;
  const Now now = io::read_clocks();
  server_.on_settings(now, std::move(settings), output_);
  settle(now);
}

void TurnShard::on_revoke(const Revocation& revocation) {
  if (stopped_) return;
  const Now now = io::read_clocks();
  server_.on_revoke(now, revocation, output_);
  settle(now);
}

void TurnShard::begin_drain(std::function<void()> drained) {
  for (const auto& acceptor : acceptors_) acceptor->stop();
  server_.on_drain();
  drained_ = std::move(drained);
  check_drained();
}

void TurnShard::check_drained() {
  if (!drained_) return;
  uint64_t live = 0;
  for (const Transport transport : kTransports) {
    for (const Family family : kFamilies) live += server_.stats().allocations_of(transport, family).live.value();
  }
  if (live > 0) return;
  std::exchange(drained_, nullptr)();
}

void TurnShard::stop() {
  stopped_ = true;
  for (const auto& acceptor : acceptors_) acceptor->stop();
  streams_.stop();
  dtls_.stop(io::read_clocks());
  peers_.stop();
  tick_.cancel();
  usage_.stop(io::read_clocks(), kUsageStopped);
  pump_.stop();
}

}  // namespace noom::turn
