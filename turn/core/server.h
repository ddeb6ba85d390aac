// The TURN server as a state machine: RFC 8656 over already received bytes. One per shard, single-threaded, owns all
// TURN state of the clients and relay ports of its shard. Owns no socket, thread or clock.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "common/base/bytes.h"
#include "common/base/endpoint.h"
#include "common/base/random.h"
#include "common/base/time.h"
#include "turn/core/limits.h"
#include "turn/core/output.h"
#include "turn/core/peer_connection.h"
#include "turn/core/revocations.h"
#include "turn/core/saved_state.h"
#include "turn/core/settings.h"
#include "turn/core/stats.h"

namespace noom::turn {

class Core;  // the state and the verbs: turn/core/core.h

// Several events may share one Output before the shell obeys and clears it; the Output given must then be the same one.
class Server {
 public:
  // `settings` and `shared` are common to all shards; `shard` < settings->shard_count; `random` belongs to this shard
  // and outlives the Server.
  Server(uint32_t shard, std::shared_ptr<const Settings> settings, std::shared_ptr<Shared> shared, Random& random);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // One datagram, or one frame of a stream without its padding. Borrowed until output.clear(); may be rewritten in
  // place, never beyond its ends. Bad input is counted under Stats::drops. `ip`: of the datagram's IP header; here and
  // below as much of it as is known.
  void on_client(Now now, const FiveTuple& client, MutableBytes message, const IpFields& ip, Output& output);
  // A stream or DTLS session closed or failed: its allocation ends, unless its client has a ticket to come back with.
  // Nothing for a client without one.
  void on_client_closed(Now now, const FiveTuple& client, Output& output);
  // What `shard` has forwarded of a client that it hears; as on_client, and answered by that shard's sockets.
  void on_forwarded(Now now, const FiveTuple& client, uint32_t shard, MutableBytes message, const IpFields& ip,
                    Output& output);
  // A datagram received on a relay. `room` is kPeerHeadroom, payload, kPeerTailroom; borrowed and rewritten likewise.
  void on_peer(Now now, RelayId relay, const IpEndpoint& peer, MutableBytes room, const IpFields& ip, Output& output);
  // An ICMP error that a datagram from the relay to `peer` met; `mtu` is that of "fragmentation needed" and "packet too
  // big".
  void on_peer_icmp(Now now, RelayId relay, const IpEndpoint& peer, const PeerIcmp& icmp, Output& output);
  // What another shard handed over, in a room as above.
  void on_handover(Now now, const IpEndpoint& to, const IpEndpoint& from, MutableBytes room, const IpFields& ip,
                   Output& output);
  // What another shard's TellShard says.
  void on_shard_message(Now now, const ShardMessage& message, Output& output);
  // Answers to OpenRelay. After a failure another port is tried; after kRelayOpenTriesMax the client gets 508.
  void on_relay_opened(Now now, RelayId relay, Output& output);
  void on_relay_open_failed(Now now, RelayId relay, Output& output);
  // RFC 6062. Answers to ConnectPeer.
  void on_peer_connected(Now now, PeerConnectionId connection, Output& output);
  void on_peer_connect_failed(Now now, PeerConnectionId connection, Output& output);
  // A peer's connection to a TCP relay. Nothing: close it at once. Otherwise nothing is read from it before BindPeer.
  std::optional<PeerConnectionId> on_peer_accepted(Now now, RelayId relay, const IpEndpoint& peer, Output& output);
  // A bound connection has ended on both sides, or broke, and is closed.
  void on_peer_closed(Now now, PeerConnectionId connection, Output& output);
  // That much was written from one side of a bound connection to the other. How long not to read on from that side, so
  // that the allocation and its user stay within their bit rates. O(1).
  Duration on_stream_relayed(Now now, PeerConnectionId connection, Towards towards, size_t bytes);
  // Everything due at or before now.mono. Call when next_deadline() has passed; calling earlier does nothing.
  void on_tick(Now now, Output& output);
  // From now on served by these, which differ from the last ones in credentials, policy, limits, switches and external
  // addresses only: relay_addresses keep their number, order and local addresses, and ports, realm and shards stay.
  // Allocations keep the relayed address they have (carry_over). Ends the allocations whose credentials are unknown now
  // (Settings::end_at_revocation) and those of clients denied now, and removes permissions, channels and
  // connections of peers denied now. O(allocations).
  void on_settings(Now now, std::shared_ptr<const Settings> settings, Output& output);
  // Ends the allocations that it names, and refuses from now on the credentials that it takes back. Returns how many
  // ended. O(allocations).
  size_t on_revoke(Now now, const Revocation& revocation, Output& output);
  // From now on no allocation begins: clients are sent to an alternate server (300), or away (508). What lives, lives
  // on.
  void on_drain();
  // Ends what the next process cannot go on with, and returns how many: allocations of clients over TLS and DTLS, whose
  // keys end with this process, unless they have a ticket to come back with; and TCP allocations, whose data
  // connections carry no messages that they could be cut between.
  size_t begin_save(Now now, Output& output);
  // What the next process needs for its clients not to notice. Nothing is left here, and no client known.
  SavedShard save(Mono now);
  // What a process with as many shards has saved, before anything else is called. The shell has the sockets of all its
  // relays, and gives those returned theirs.
  Restored restore(Now now, SavedShard saved);
  std::optional<Mono> next_deadline() const;  // O(1); nothing to wait for when empty

  // Whether the client holds an allocation, here or on another shard, or has one being opened. O(1).
  bool has_allocation(const FiveTuple& client) const;

  // What a living allocation has carried so far; nullopt when it has ended. O(1).
  std::optional<AllocationTraffic> traffic(AllocationId allocation) const;

  // Why datagrams and connections from that address get nowhere: the rule of Settings::client_policy, borrowed from the
  // settings; empty when they do. For shells that do work before on_client, which asks too. O(log rules).
  std::string_view denial(const IpAddress& client) const;

  const Stats& stats() const;  // readable from any thread while the Server lives

 private:
  std::unique_ptr<Core> core_;
};

}  // namespace noom::turn
