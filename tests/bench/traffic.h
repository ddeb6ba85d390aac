// Open-loop traffic through relays: ChannelData from every client to one peer, and datagrams from that peer to every
// relay, in turn.
#pragma once

#include <chrono>
#include <cstdint>

#include "tests/bench/turn_clients.h"

namespace noom::bench {

struct TrafficPlan {
  size_t payload_bytes = 160;
  uint32_t train = 1;       // consecutive datagrams of one flow
  uint64_t per_second = 0;  // both directions together; 0: as many as the generator can
  std::chrono::milliseconds time{3000};
};

struct Direction {
  uint64_t sent = 0;
  uint64_t delivered = 0;
};
struct Delivered {
  Direction up;    // client to peer
  Direction down;  // peer to client
  double seconds = 0;
};

// Sends for plan.time, then receives until nothing comes for a while.
Delivered drive(TurnClients& clients, int peer_socket, const TrafficPlan& plan);

}  // namespace noom::bench
