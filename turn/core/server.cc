// The door: what a datagram is, and where it is accounted for.
#include "turn/core/server.h"

#include <cstdlib>

#include "common/wire/channel_data.h"
#include "common/wire/integrity.h"
#include "turn/core/connection.h"
#include "turn/core/core.h"

namespace noom::turn {

Core::Core(uint32_t shard, std::shared_ptr<const Settings> settings, std::shared_ptr<Shared> shared, Random& random)
    : shard_(shard), settings_(std::move(settings)), shared_(std::move(shared)), random_(random), challenges_(random) {
  for (const RelayAddress& address : settings_->relay_addresses) {
    pools_.emplace_back(address.local, settings_->port_min, settings_->port_max, shard_, settings_->shard_count);
    stats_.relay_ports.add(pools_.back().free());
    stats_.relay_ports_free.add(pools_.back().free());
  }
  random_.fill(indication_id_);
}

void Core::on_client(Now now, const FiveTuple& client, MutableBytes message, const IpFields& ip, Output& output) {
  stats_.received_from_clients.add();
  if (settings_->client_policy != nullptr && turn_away(client, output)) return;
  if (!forward(client, message, ip, output)) take(now, client, kThisShard, message, ip, output);
}

void Core::take(Now now, const FiveTuple& client, uint32_t shard, MutableBytes message, const IpFields& ip,
                Output& output) {
  if (message.empty()) return drop(Drop::kNotTurn);
  switch (wire::classify(message.front())) {
    case wire::FirstByte::kChannelData:
      return channel_data(now, client, message, ip, output);
    case wire::FirstByte::kStun:
      return on_stun(now, client, shard, message, ip, output);
    case wire::FirstByte::kDtls:
    case wire::FirstByte::kOther:
      break;
  }
  drop(Drop::kNotTurn);
}

// Silence for who is denied: no byte is read, nothing answered.
bool Core::turn_away(const FiveTuple& client, Output& output) {
  const std::string_view rule = denial(client.client.address);
  if (rule.empty()) return false;
  drop(Drop::kClientDenied);
  output.events.push_back(Ignored{.client = client, .reason = Drop::kClientDenied, .rule = rule});
  if (is_connection(client.transport)) output.commands.emplace_back(CloseClient{client});
  return true;
}

// RFC 8489 §6.3: what is not a valid message is silently discarded.
void Core::on_stun(Now now, const FiveTuple& client, uint32_t shard, MutableBytes bytes, const IpFields& ip,
                   Output& output) {
  const auto message = wire::MessageView::parse(bytes);
  if (!message) return drop(Drop::kMalformedStun);
  const wire::Check fingerprint = wire::check_fingerprint(*message);
  if (fingerprint == wire::Check::kInvalid) return drop(Drop::kBadFingerprint);
  switch (message->message_class()) {
    case wire::Class::kRequest: {
      if (shard == kThisShard && forward_refresh(client, *message, output)) return;
      Request request{.now = now,
                      .message = *message,
                      .output = output,
                      .from = {.client = client,
                               .method = message->method(),
                               .transaction_id = message->transaction_id(),
                               .fingerprint = fingerprint == wire::Check::kValid,
                               .shard = shard}};
      return on_request(request);
    }
    case wire::Class::kIndication:
      if (message->method() == wire::Method::kSend) return send(now, client, *message, bytes, ip, output);
      // RFC 8489 §6.3.2: a keep-alive, which asks for nothing.
      if (message->method() == wire::Method::kBinding) return stats_.consumed.add();
      return drop(Drop::kUnexpectedClass);
    case wire::Class::kSuccess:
    case wire::Class::kError:
      return drop(Drop::kUnexpectedClass);
  }
}

void Core::on_request(Request& request) {
  // What is over by now must not be found by a request that precedes the shell's timer.
  on_tick(request.now, request.output);
  switch (request.message.method()) {
    case wire::Method::kBinding:
      binding(request);
      break;
    case wire::Method::kAllocate:
    case wire::Method::kRefresh:
    case wire::Method::kCreatePermission:
    case wire::Method::kChannelBind:
    case wire::Method::kConnect:
    case wire::Method::kConnectionBind: {
      const Authentication outcome = authenticate(request);
      if (outcome == Authentication::kDropped) return;
      if (outcome == Authentication::kProved) serve(request);
      break;
    }
    default:
      return drop(Drop::kUnknownMethod);  // RFC 8489 §6.3: discarded
  }
  stats_.consumed.add();
}

void Core::serve(Request& request) {
  // RFC 8489 §6.3.1: unknown attributes come after authentication and before everything that is the method's.
  if (refuse_unknown_attributes(request)) return;
  switch (request.message.method()) {
    case wire::Method::kAllocate:
      return allocate(request);
    case wire::Method::kRefresh:
      return refresh(request);
    case wire::Method::kCreatePermission:
      return create_permission(request);
    case wire::Method::kChannelBind:
      return channel_bind(request);
    case wire::Method::kConnect:
      return connect(request);
    case wire::Method::kConnectionBind:
      return connection_bind(request);
    default:
      std::abort();  // on_request lets no other through
  }
}

Server::Server(uint32_t shard, std::shared_ptr<const Settings> settings, std::shared_ptr<Shared> shared, Random& random)
    : core_(std::make_unique<Core>(shard, std::move(settings), std::move(shared), random)) {}
Server::~Server() = default;

void Server::on_client(Now now, const FiveTuple& client, MutableBytes message, const IpFields& ip, Output& output) {
  core_->on_client(now, client, message, ip, output);
}
void Server::on_client_closed(Now now, const FiveTuple& client, Output& output) {
  core_->on_client_closed(now, client, output);
}
void Server::on_forwarded(Now now, const FiveTuple& client, uint32_t shard, MutableBytes message, const IpFields& ip,
                          Output& output) {
  core_->on_forwarded(now, client, shard, message, ip, output);
}
void Server::on_peer(Now now, RelayId relay, const IpEndpoint& peer, MutableBytes room, const IpFields& ip,
                     Output& output) {
  core_->on_peer(now, relay, peer, room, ip, output);
}
void Server::on_peer_icmp(Now now, RelayId relay, const IpEndpoint& peer, const PeerIcmp& icmp, Output& output) {
  core_->on_peer_icmp(now, relay, peer, icmp, output);
}
void Server::on_handover(Now now, const IpEndpoint& to, const IpEndpoint& from, MutableBytes room, const IpFields& ip,
                         Output& output) {
  core_->on_handover(now, to, from, room, ip, output);
}
void Server::on_shard_message(Now now, const ShardMessage& message, Output& output) {
  core_->on_shard_message(now, message, output);
}
void Server::on_relay_opened(Now now, RelayId relay, Output& output) {
  core_->on_relay_opened(now, relay, output);
}
void Server::on_relay_open_failed(Now now, RelayId relay, Output& output) {
  core_->on_relay_open_failed(now, relay, output);
}
void Server::on_peer_connected(Now now, PeerConnectionId connection, Output& output) {
  core_->on_peer_connected(now, connection, output);
}
void Server::on_peer_connect_failed(Now now, PeerConnectionId connection, Output& output) {
  core_->on_peer_connect_failed(now, connection, output);
}
std::optional<PeerConnectionId> Server::on_peer_accepted(Now now, RelayId relay, const IpEndpoint& peer,
                                                         Output& output) {
  return core_->on_peer_accepted(now, relay, peer, output);
}
void Server::on_peer_closed(Now now, PeerConnectionId connection, Output& output) {
  core_->on_peer_closed(now, connection, output);
}
Duration Server::on_stream_relayed(Now now, PeerConnectionId connection, Towards towards, size_t bytes) {
  return core_->on_stream_relayed(now, connection, towards, bytes);
}
void Server::on_tick(Now now, Output& output) {
  core_->on_tick(now, output);
}
void Server::on_settings(Now now, std::shared_ptr<const Settings> settings, Output& output) {
  core_->on_settings(now, std::move(settings), output);
}
size_t Server::on_revoke(Now now, const Revocation& revocation, Output& output) {
  return core_->on_revoke(now, revocation, output);
}
void Server::on_drain() {
  core_->on_drain();
}
size_t Server::begin_save(Now now, Output& output) {
  return core_->begin_save(now, output);
}
SavedShard Server::save(Mono now) {
  return core_->save(now);
}
Restored Server::restore(Now now, SavedShard saved) {
  return core_->restore(now, std::move(saved));
}
std::optional<Mono> Server::next_deadline() const {
  return core_->next_deadline();
}
std::optional<AllocationTraffic> Server::traffic(AllocationId allocation) const {
  return core_->traffic(allocation);
}

bool Server::has_allocation(const FiveTuple& client) const {
  return core_->has_allocation(client);
}
std::string_view Server::denial(const IpAddress& client) const {
  return core_->denial(client);
}
const Stats& Server::stats() const {
  return core_->stats();
}

}  // namespace noom::turn
