// What shards tell each other about relay ports and moved clients, beside the datagrams they hand over. Delivered once
// and in order of sending between any two shards; what is handed over comes after what was told before.
// What shards tell each other about relay ports, beside the datagrams and connections they hand over. Delivered once
// and in order of sending between any two shards.
#pragma once

#include <cstdint>
#include <optional>
#include <variant>

#include "common/base/endpoint.h"
#include "common/base/handle.h"

namespace noom::turn {

struct RelayTag;
using RelayId =
    Handle<RelayTag>;  // one relayed transport address: one socket of the shell. Indices are dense and reused.

struct PeerConnectionTag;
using PeerConnectionId = Handle<PeerConnectionTag>;  // one TCP connection between a relayed address and a peer

// A port of a relay address, named alike by all shards: `pool` indexes Settings::relay_addresses.
struct RelayPort {
  uint8_t pool = 0;
  uint16_t port = 0;
};

// To the shard that a RESERVATION-TOKEN names: `shard` wants the reserved port for its `relay`. Answered exactly once.
struct ClaimReservation {
  uint64_t token = 0;
  uint32_t shard = 0;
  RelayId relay;
};
// The answer: the port is lent until ReturnPort; nothing when the token is not valid.
struct ReservationAnswer {
  RelayId relay;
  std::optional<RelayPort> port;
};
// To the owner of a lent port: nobody uses it any more.
struct ReturnPort {
  RelayPort port;
};
// To the shard that hears a client whose allocation has moved to it: hands over to `owner` what the client says.
struct ForwardClient {
  FiveTuple client;
  uint32_t owner = 0;
};
// To that shard: no more; `close`: nor is there anything left to say to the client.
struct StopForwarding {
  FiveTuple client;
  bool close = false;
};
// From that shard: the client's connection has ended, or cannot be forwarded.
struct ForwardedClientGone {
  FiveTuple client;
};
// To the shard that owns the relay port `to` names, as clients know it: `shard` wants to connect to it for its
// `connection`. Answered exactly once.
struct FindTcpRelay {
  IpEndpoint to;
  uint32_t shard = 0;
  PeerConnectionId connection;
};
// The answer: where a TCP relay listens now; nothing when there is none.
struct TcpRelayAnswer {
  PeerConnectionId connection;
  std::optional<RelayPort> port;
};
using ShardMessage = std::variant<ClaimReservation, ReservationAnswer, ReturnPort, ForwardClient, StopForwarding,
                                  ForwardedClientGone, FindTcpRelay, TcpRelayAnswer>;

}  // namespace noom::turn
