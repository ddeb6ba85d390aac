// The state of a TURN shard and the verbs that act on it: one verb, one file. Private to turn/core; everybody else sees
// server.h.
#pragma once
//   server.cc             accounting at the door: first byte, class, method
//   authenticate.cc       RFC 8489 §9.2.4                 respond.cc       success, refusal, challenge
//   access_token.cc       RFC 7635 §9                     mobility.cc      RFC 8016 §3.2, forward.cc between shards
//   binding.cc            RFC 8489 §7.3.1                 allocate.cc      RFC 8656 §7.2, relay_open.cc its second half
//   reserve.cc            its reservations                create_permission.cc §10.2     channel_bind.cc §12.2
//   refresh.cc            §8.2                            send.cc §11.2    channel_data.cc §12.5    peer_icmp.cc §11.5
//   routes.cc             the two directions of data      relay_to_relay.cc  between relays of this suite
//   connect.cc            RFC 6062 §5.2
//   connection_bind.cc    §5.4                            connection_attempt.cc  §5.3
//   peer_connections.cc   their life
//   lifetime.cc           how allocations end             revoke.cc        new settings, revoked users
//   rates.cc              how fast they may go
//   saved_core.cc         what the next process takes over

#include <absl/container/flat_hash_map.h>

#include <memory>
#include <optional>
#include <vector>

#include "common/base/deadline_queue.h"
#include "common/base/handle_table.h"
#include "common/wire/message_builder.h"
#include "turn/core/allocation.h"
#include "turn/core/challenge_limit.h"
#include "turn/core/peer_connection.h"
#include "turn/core/port_pool.h"
#include "turn/core/request.h"
#include "turn/core/reservations.h"
#include "turn/core/revocations.h"
#include "turn/core/saved_state.h"
#include "turn/core/settings.h"
#include "turn/core/stats.h"

namespace noom::turn {

// A relayed transport address. Invariant: its port is held under its own id in its pool, or in Core::borrowed_ when the
// pool is another shard's.
struct Relay {
  AllocationId owner = {};
  uint16_t port = 0;
  uint8_t pool = 0;        // index into Core::pools_
  bool tcp = false;        // RFC 6062
  bool open = false;       // its socket is bound
  uint8_t tries = 0;       // ports the shell was asked to open
  bool even_port = false;  // EVEN-PORT was asked for
  bool reserving = false;  // EVEN-PORT's R bit: the port after this one is held too, until the relay is open
  bool reserved = false;   // a RESERVATION-TOKEN chose the port, possibly another shard's; 0 until that shard answers

  IpAddress external = {};                      // what clients and peers know it by, for its whole life
  std::shared_ptr<const void> lease = nullptr;  // RelayAddress::lease

  RelayPort place() const { return {pool, port}; }
};

// A payload inside bytes that may be rewritten around it: what stands before and after it in `room` is free for
// framing.
struct Framable {
  MutableBytes room;
  size_t offset = 0;  // of the payload in `room`
  size_t size = 0;    // of the payload
  IpFields ip = {};   // as received
  bool dont_fragment = false;

  Bytes payload() const { return room.subspan(offset, size); }
  size_t head() const { return offset; }
  size_t tail() const { return room.size() - offset - size; }
};

class Core {
 public:
  Core(uint32_t shard, std::shared_ptr<const Settings> settings, std::shared_ptr<Shared> shared, Random& random);

  // As declared and explained in server.h.
  void on_client(Now now, const FiveTuple& client, MutableBytes message, const IpFields& ip, Output& output);
  void on_client_closed(Now now, const FiveTuple& client, Output& output);
  void on_forwarded(Now now, const FiveTuple& client, uint32_t shard, MutableBytes message, const IpFields& ip,
                    Output& output);
  void on_peer(Now now, RelayId relay, const IpEndpoint& peer, MutableBytes room, const IpFields& ip, Output& output);
  void on_peer_icmp(Now now, RelayId relay, const IpEndpoint& peer, const PeerIcmp& icmp, Output& output);
  void on_handover(Now now, const IpEndpoint& to, const IpEndpoint& from, MutableBytes room, const IpFields& ip,
                   Output& output);
  void on_shard_message(Now now, const ShardMessage& message, Output& output);
  void on_relay_opened(Now now, RelayId relay, Output& output);
  void on_relay_open_failed(Now now, RelayId relay, Output& output);
  void on_peer_connected(Now now, PeerConnectionId connection, Output& output);
  void on_peer_connect_failed(Now now, PeerConnectionId connection, Output& output);
  std::optional<PeerConnectionId> on_peer_accepted(Now now, RelayId relay, const IpEndpoint& peer, Output& output);
  void on_peer_closed(Now now, PeerConnectionId connection, Output& output);
  Duration on_stream_relayed(Now now, PeerConnectionId connection, Towards towards, size_t bytes);
  void on_tick(Now now, Output& output);
  void on_settings(Now now, std::shared_ptr<const Settings> settings, Output& output);
  size_t on_revoke(Now now, const Revocation& revocation, Output& output);
  void on_drain() { draining_ = true; }
  size_t begin_save(Now now, Output& output);
  SavedShard save(Mono now);
  Restored restore(Now now, SavedShard saved);
  std::optional<Mono> next_deadline() const;
  std::optional<AllocationTraffic> traffic(AllocationId id) const {
    const Allocation* const allocation = allocations_.find(id);
    if (allocation == nullptr || !allocation->open) return std::nullopt;
    return allocation->traffic;
  }
  bool has_allocation(const FiveTuple& client) const {
    return by_client_.contains(client) || forwarded_.contains(client);
  }
  std::string_view denial(const IpAddress& client) const {
    return settings_->client_policy == nullptr ? std::string_view() : settings_->client_policy->denial(client);
  }
  const Stats& stats() const { return stats_; }

 private:
  // server.cc
  bool turn_away(const FiveTuple& client, Output& output);
  void take(Now now, const FiveTuple& client, uint32_t shard, MutableBytes message, const IpFields& ip, Output& output);
  void on_stun(Now now, const FiveTuple& client, uint32_t shard, MutableBytes bytes, const IpFields& ip,
               Output& output);
  void on_request(Request& request);
  void serve(Request& request);
  void drop(Drop reason) { stats_.drops[reason].add(); }

  // authenticate.cc. Anything but kProved has been answered or dropped.
  enum class Authentication : uint8_t { kProved, kRefused, kDropped };
  Authentication authenticate(Request& request);
  void read_name(Request& request) const;
  bool prove(Request& request, Bytes key, const Proof& proof);
  Authentication prove_by_allocation(Request& request, const Allocation& allocation, const Proof& proof);
  Authentication prove_by_store(Request& request, const Proof& proof);
  auth::SecurityFeatures features() const;

  // access_token.cc
  bool brings_token(const Request& request) const;
  Authentication prove_by_token(Request& request, const Proof& proof);
  void renew_token(const Request& request);
  Authentication challenge(Request& request, Reason reason);

  // respond.h, respond.cc
  template <typename Fill>
  size_t respond(const Requester& to, wire::Class message_class, Output& output, Fill&& fill);
  void succeed(const Requester& to, Output& output);
  void succeed(const Requester& to, Output& output, uint32_t lifetime_s);
  void succeed_allocate(const Requester& to, Output& output, const Allocation& allocation);
  void refuse(const Requester& to, Output& output, Reason reason, const RefusalDetail& detail = {});
  void refuse(const Request& request, Reason reason, const RefusalDetail& detail = {}) {
    refuse(request.from, request.output, reason, detail);
  }
  void count_refusal(const Requester& to, Output& output, Reason reason, const RefusalDetail& detail);
  bool refuse_unknown_attributes(const Request& request);
  size_t deliver_response(const Requester& to, wire::MessageBuilder& builder, MutableBytes room, Output& output);

  // The verbs. Each answers exactly once, Allocate possibly later.
  void binding(Request& request);
  void allocate(Request& request);
  void refresh(Request& request);
  void succeed_refresh(const Request& request, AllocationId id, bool moves, uint32_t lifetime_s);
  void create_permission(Request& request);
  void channel_bind(Request& request);
  void connect(Request& request);
  void connection_bind(Request& request);
  void send(Now now, const FiveTuple& client, const wire::MessageView& message, MutableBytes bytes, const IpFields& ip,
            Output& output);
  void channel_data(Now now, const FiveTuple& client, MutableBytes bytes, const IpFields& ip, Output& output);

  // allocate.cc, relay_open.cc
  const IpEndpoint* alternate_for(const FiveTuple& client);
  bool send_elsewhere(Request& request);
  std::optional<Family> requested_family(const Request& request);
  std::optional<Allocation> new_allocation(Request& request);  // else the quota has been answered for
  void begin_allocation(Request& request, std::span<const Family> families, const Relay& wish);
  bool has_pool(Family family, const FiveTuple& client) const;
  Reason no_port_reason(Family family, const Request& request, const Relay& wish) const;
  AllocationId adopt(Allocation fresh);
  void conclude(AllocationId id, Now now, Output& output);
  bool choose_port(Relay& relay, RelayId id, Family family, const FiveTuple& client);
  const RelayAddress* address_for(size_t pool, const FiveTuple& client) const;
  void name_relay(Relay& relay, const FiveTuple& client) const;
  std::optional<uint16_t> take_port(PortPool& pool, const Relay& relay, RelayId id);
  void open_relay(RelayId id, Output& output);
  static Requester requester_of(const Allocation& allocation);

  // reserve.cc
  void allocate_reserved(Request& request, uint64_t token);
  void reserve_next_port(Relay& relay, Allocation& allocation, Mono now);
  void expire_reservations(Mono now);
  void on_message(Now now, const ClaimReservation& claim, Output& output);
  void on_message(Now now, const ReservationAnswer& answer, Output& output);
  void on_message(Now now, const ReturnPort& returned, Output& output);
  void give_back_port(const Relay& relay, Output& output);
  void free_port(const RelayPort& port);
  bool is_own_port(uint16_t port) const { return shard_of_port(port, settings_->shard_count) == shard_; }
  Family family_of(const RelayPort& port) const { return pools_[port.pool].local().family(); }
  static uint32_t key_of(const RelayPort& port) { return uint32_t{port.pool} << 16 | port.port; }

  // connect.cc, connection_attempt.cc, peer_connections.cc
  std::optional<RelayPort> tcp_relay(const IpEndpoint& to) const;
  IpEndpoint as_clients_know(const IpEndpoint& peer) const;
  void connect_to_relay(PeerConnectionId id, const std::optional<RelayPort>& port, Output& output);
  void on_message(Now now, const FindTcpRelay& wanted, Output& output);
  void on_message(Now now, const TcpRelayAnswer& answer, Output& output);
  PeerConnectionId add_connection(Allocation& allocation, PeerConnection fresh, Mono deadline);
  void offer_connection(PeerConnectionId id, Now now, Output& output);
  void expire_connections(Now now, Output& output);
  void refuse_connect(PeerConnectionId id, Reason reason, Output& output);
  void stop_connect(PeerConnectionId id, Reason reason, PeerOpening result, Output& output);
  void end_connection(PeerConnectionId id, PeerEnd reason, Now now, Output& output);
  void end_connections(const Allocation& allocation, Family family, Now now, Output& output);
  void abandon_connects(const Allocation& allocation, Output& output);
  void end_denied_connections(Now now, Output& output);
  void forget_connection(PeerConnectionId id);
  Requester requester_of(const PeerConnection& connection, const Allocation& allocation) const;

  // rates.cc
  void set_rates(Allocation& allocation, Now now);
  // Whether a datagram is beyond a limit; it is dropped and counted then. One branch where there are none.
  bool is_held_back(Allocation& allocation, Direction direction, size_t payload_bytes, Now now, Output& output) {
    return allocation.rates != nullptr && hold_back(allocation, direction, payload_bytes, now, output);
  }
  bool hold_back(Allocation& allocation, Direction direction, size_t payload_bytes, Now now, Output& output);
  std::optional<Reason> check_new_peers(Allocation& allocation, size_t count, Mono now, RefusalDetail& detail);

  // create_permission.cc
  void install_permission(Allocation& allocation, const IpAddress& peer, Mono now);

  // peer.cc: whether the request's allocation may reach a peer; if not, the reason, with its detail.
  std::optional<Reason> check_peer(const Allocation& allocation, const IpEndpoint& peer, bool port_counts,
                                   RefusalDetail& detail) const;
  bool is_own_address(const IpAddress& address) const;
  bool is_external_of(size_t pool, const IpAddress& address) const;
  bool is_own_relay(const IpEndpoint& peer) const;

  // lifetime.cc
  struct Found {
    AllocationId id;
    Allocation* allocation = nullptr;  // until the next insert or erase
  };
  Found find(const FiveTuple& client);
  Found find(const auth::MobilityTicket& ticket);
  Allocation* own_allocation(const Request& request, AllocationId& id);  // else 437 or 441 has been answered
  uint32_t granted_lifetime_s(const Request& request) const;
  void reschedule(AllocationId id, const Allocation& allocation);
  void end_relay(AllocationId id, Family family, Now now, Output& output);
  void end_allocation(AllocationId id, EndReason reason, Now now, Output& output);
  void release(AllocationId id);

  // mobility.cc
  const auth::TicketKeys& ticket_keys() const;
  void read_ticket(Request& request) const;
  bool is_of(const Allocation& allocation, const Request& request) const;
  Allocation* moved_allocation(Request& request, AllocationId& id);  // else the request has been answered
  void begin_move(AllocationId id, const Request& request, uint32_t granted_s);
  void complete_move(AllocationId id, Output& output);
  void arrive_at(const Found& found, const FiveTuple& client, Output& output);
  void abandon_move(AllocationId id, Output& output);
  void note_move(AllocationId id, Move stage, const FiveTuple& from, const FiveTuple& to, Output& output);
  void client_gone(Now now, const FiveTuple& client, Output& output);
  void part(AllocationId id, const Place& place, bool close, Output& output);
  auth::SealedTicket ticket_of(AllocationId id) const;
  void succeed_moved(const Requester& to, Output& output, AllocationId id, uint32_t lifetime_s);
  void deliver(const Allocation& allocation, Bytes bytes, const IpFields& ip, Output& output);

  // forward.cc. True: the message is another shard's.
  bool forward(const FiveTuple& client, Bytes message, const IpFields& ip, Output& output);
  bool forward_refresh(const FiveTuple& client, const wire::MessageView& message, Output& output);
  void pass_on(uint32_t owner, const FiveTuple& client, Bytes message, const IpFields& ip, Output& output);
  void on_message(Now now, const ForwardClient& forward, Output& output);
  void on_message(Now now, const StopForwarding& stop, Output& output);
  void on_message(Now now, const ForwardedClientGone& gone, Output& output);

  // saved_core.cc
  std::optional<uint8_t> pool_of(const IpEndpoint& port) const;
  bool take_back_port(const RelayPort& port, RelayId holder);
  std::optional<RelayId> take_back(const SavedRelay& saved, const FiveTuple& client);
  bool take_back(SavedAllocation saved, Now now, std::vector<RestoredRelay>& relays);

  // revoke.cc
  std::optional<auth::UserLimits> limits_known_for(const Allocation& allocation) const;
  bool is_revoked(std::string_view username, Wall expires, Wall now);

  // routes.cc, relay_to_relay.cc
  void to_peer(Now now, Allocation& allocation, const IpEndpoint& peer, const Framable& data, Output& output);
  void to_client(Now now, Allocation& allocation, const IpEndpoint& peer, const Framable& data, Traffic& counted,
                 Output& output);
  void to_relay(Now now, Allocation& sender, const IpEndpoint& to, const Framable& data, Output& output);
  void arrive(Now now, const IpEndpoint& to, const IpEndpoint& from, const Framable& data, Output& output);
  MutableBytes frame(const Allocation& allocation, const Channel* channel, const IpEndpoint& peer, const Framable& data,
                     Output& output);
  IpEndpoint relayed(const Relay& relay) const { return {relay.external, relay.port}; }
  const Relay& relay_of(const Allocation& allocation, Family family) const {
    return *relays_.find(allocation.relay(family).id);
  }
  AllocationCreated created(AllocationId id, const Allocation& allocation) const;
  std::vector<IpEndpoint> relayed(const Allocation& allocation) const;
  AllocationId id_of(const Allocation& allocation) const {
    return relay_of(allocation, allocation.has(Family::kV4) ? Family::kV4 : Family::kV6).owner;
  }

  const uint32_t shard_;
  std::shared_ptr<const Settings> settings_;  // on_settings changes them
  const std::shared_ptr<Shared> shared_;
  Random& random_;
  Stats stats_;

  HandleTable<AllocationTag, Allocation> allocations_;
  HandleTable<RelayTag, Relay> relays_;
  absl::flat_hash_map<FiveTuple, AllocationId> by_client_;  // looked up, never iterated; two while a client moves
  DeadlineQueue deadlines_;                                 // keyed by allocation index
  std::vector<PortPool> pools_;                             // one per Settings::relay_addresses, in that order
  Reservations reservations_;
  Revocations revocations_{kRevocationsMax};
  absl::flat_hash_map<uint32_t, uint32_t> lent_;     // own ports that other shards relay from, by key_of: to whom
  absl::flat_hash_map<uint32_t, RelayId> borrowed_;  // the other side of that; neither is ever iterated
  absl::flat_hash_map<FiveTuple, uint32_t>
      forwarded_;  // clients heard here, to the shard of their allocation; likewise
  HandleTable<PeerConnectionTag, PeerConnection> connections_;
  DeadlineQueue connection_deadlines_;                             // keyed by connection index
  absl::flat_hash_map<uint32_t, PeerConnectionId> by_connection_;  // by CONNECTION-ID; looked up, never iterated
  ChallengeLimit challenges_;
  bool draining_ = false;
  wire::TransactionId indication_id_{};  // of the next Data indication; nobody answers those, so counting up will do
};

}  // namespace noom::turn
