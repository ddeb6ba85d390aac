// What the TURN core asks of its shell. Commands are obeyed in order, first; then the datagrams are sent. Datagrams
// borrow the receive slab or this Output's arena and are valid until clear(). One Output per shard, reused: it stops
// allocating once warm.
#pragma once

#include <cstdint>
#include <variant>
#include <vector>

#include "common/base/bytes.h"
#include "common/base/endpoint.h"
#include "common/base/handle.h"
#include "common/base/ip_fields.h"
#include "turn/core/arena.h"
#include "turn/core/event.h"
#include "turn/core/shard_message.h"

namespace noom::turn {

// Open a UDP socket bound to `local`, or for `tcp` a listening TCP socket that leaves room to connect from the same
// address, then report on_relay_opened or on_relay_open_failed with the same Output: the
// answer appends to it, possibly another OpenRelay. Exactly one answer to each.
struct OpenRelay {
  RelayId relay;
  IpEndpoint local;
  bool tcp = false;
};
// Datagrams of the same Output from a relay already closed are dropped by the shell.
struct CloseRelay {
  RelayId relay;
};
// Close the stream or DTLS session after what is queued for it has been written; nothing for UDP. on_client_closed may
// or may not follow.
struct CloseClient {
  FiveTuple client;
};
// A datagram for a relayed address that another shard owns: that shard's Server::on_handover(to, from, payload). The
// shell copies the payload into a room with headroom and tailroom.
struct HandOver {
  uint32_t shard = 0;
  IpEndpoint to;    // the receiving relayed transport address, as clients know it
  IpEndpoint from;  // the sending relayed transport address, as clients know it
  Bytes payload;
  IpFields ip = {};
};
// For that shard's Server::on_shard_message; never lost, while datagrams may be.
struct TellShard {
  uint32_t shard = 0;
  ShardMessage message;
};
// What a client said whose allocation that shard holds: its Server::on_forwarded(client, message). The shell copies it.
struct Forward {
  uint32_t shard = 0;
  FiveTuple client;
  Bytes message;
  IpFields ip = {};
};
// When the client's connection is closed already, say on_client_closed.
struct WatchClient {
  FiveTuple client;
};
// Connect from the relay's local address to the peer, then report on_peer_connected or on_peer_connect_failed: exactly
// one of them, later, unless ClosePeer comes first. Nothing is read from the peer before BindPeer: what it sends
// waits in the kernel.
struct ConnectPeer {
  PeerConnectionId connection;
  RelayId relay;
  IpEndpoint peer;
};
// Close the connection, the one being made too, and the client data connection bound to it. Nothing is reported of it
// any more. Nothing to do for one that the shell does not know.
struct ClosePeer {
  PeerConnectionId connection;
};
// Once what is queued for the client's stream has been written, this Output's transmits included, the stream speaks
// TURN no more: what it sent behind the last message, and whatever it sends from now on, goes to the peer, and the
// peer's bytes to it, all of them in order. on_peer_closed reports its end.
struct BindPeer {
  PeerConnectionId connection;
  FiveTuple client;
};
// The client's stream belongs on another shard, which gets `message` as its first, then what has come behind it.
// on_client_closed does not follow.
struct MoveClient {
  uint32_t shard = 0;
  FiveTuple client;
  Bytes message;
};
using Command = std::variant<OpenRelay, CloseRelay, CloseClient, HandOver, TellShard, Forward, WatchClient, ConnectPeer,
                             ClosePeer, BindPeer, MoveClient>;

// A shard's number where it may be the one that speaks.
constexpr uint32_t kThisShard = UINT32_MAX;

struct ToClient {
  FiveTuple client;
  Bytes bytes;                  // ready for the wire; ChannelData is padded to 4 for streams
  IpFields ip = {};             // RFC 8656 §14; nothing for streams
  uint32_t shard = kThisShard;  // whose sockets it leaves by
};
struct ToPeer {
  RelayId relay;
  IpEndpoint peer;
  Bytes bytes;
  IpFields ip = {};
  bool dont_fragment = false;  // §11.2: whole or not at all
};

// ICMP for an IPv4 peer, ICMPv6 for an IPv6 one.
struct PeerIcmp {
  uint8_t type = 0;
  uint8_t code = 0;
  uint32_t mtu = 0;
};

struct Output {
  std::vector<Command> commands;  // may grow while they are obeyed: go by index
  std::vector<ToClient> to_clients;
  std::vector<ToPeer> to_peers;
  std::vector<Event> events;  // for the log and usage records, never for control
  Arena arena;

  void clear() {
    commands.clear();
    to_clients.clear();
    to_peers.clear();
    events.clear();
    arena.clear();
  }
  bool empty() const { return commands.empty() && to_clients.empty() && to_peers.empty() && events.empty(); }
};

}  // namespace noom::turn
