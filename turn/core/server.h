// The TURN server as a state machine: RFC 8656 over already received bytes. One per shard, single-threaded, owns all TURN state of the
// clients and relay ports of its shard. Owns no socket, thread or clock.
#pragma once

#include <memory>
#include <optional>

#include "common/base/bytes.h"
#include "common/base/endpoint.h"
#include "common/base/random.h"
#include "common/base/time.h"
#include "turn/core/output.h"
#include "turn/core/settings.h"
#include "turn/core/stats.h"

namespace noom::turn {

// Room that the shell leaves around a peer's payload, so that the core can frame it in place (ChannelData header, or a whole Data indication).
//
//   | headroom 48                                     | payload        | tailroom 4 |
//   |  … STUN header 20, XOR-PEER-ADDRESS ≤ 24, DATA 4 | as received    | padding ≤ 3 |
//   |                                 … ChannelData 4 |                |            |
constexpr size_t kPeerHeadroom = 48;
constexpr size_t kPeerTailroom = 4;

class Server {
 public:
  // `settings` and `shared` are common to all shards (quota, nonces); `random` belongs to this shard and outlives the Server.
  Server(uint32_t shard, std::shared_ptr<const Settings> settings, std::shared_ptr<Shared> shared, Random& random);
  ~Server();

  // One datagram, or one deframed message of a stream. Borrowed until output.clear().
  void on_client(Now now, const FiveTuple& client, MutableBytes message, Output& output);
  // A stream closed or failed: its allocation ends.
  void on_client_closed(Now now, const FiveTuple& client, Output& output);
  // `room` is headroom, payload, tailroom as drawn above.
  void on_peer(Now now, RelayId relay, const IpEndpoint& peer, MutableBytes room, Output& output);
  void on_handover(Now now, const IpEndpoint& to, const IpEndpoint& from, MutableBytes room, Output& output);
  // Answers to OpenRelay. After a failure the core tries another port or answers 508.
  void on_relay_opened(Now now, RelayId relay, Output& output);
  void on_relay_open_failed(Now now, RelayId relay, Output& output);
  // Everything due at or before now.mono. Call when next_deadline() has passed.
  void on_tick(Now now, Output& output);
  std::optional<Mono> next_deadline() const;  // O(1)

  const Stats& stats() const;  // readable from any thread

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace noom::turn
