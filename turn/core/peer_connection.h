// A TCP connection between a relayed transport address and a peer, as the core knows it: RFC 6062 §5.
#pragma once

#include <cstddef>
#include <cstdint>

#include "common/base/endpoint.h"
#include "common/base/time.h"
#include "common/wire/stun_types.h"
#include "turn/core/allocation.h"
#include "turn/core/limits.h"
#include "turn/core/output.h"

namespace noom::turn {

// The direction of relayed bytes.
enum class Towards : uint8_t { kPeer, kClient };

struct PeerConnection {
  enum class State : uint8_t {
    kConnecting,  // for a Connect that waits for its answer; until kConnectPatience
    kUnbound,     // for a ConnectionBind that names its number; until kUnboundPatience
    kBound,       // has its client data connection; until either ends, or the allocation
  };

  AllocationId owner;
  RelayId relay;
  IpEndpoint peer;  // as clients know it
  State state = State::kConnecting;
  bool incoming = false;
  uint32_t number = 0;  // CONNECTION-ID; once it is not connecting
  Mono opened{};
  uint64_t bytes_to_peer = 0;
  uint64_t bytes_to_client = 0;

  // The Connect request, for its answer.
  wire::TransactionId transaction_id{};
  bool fingerprint = false;
  Integrity integrity = Integrity::kNone;
};

// CONNECTION-ID, §6.2.1: the owner's shard, so that a ConnectionBind that comes to another one finds it, and 24 random
// bits.
constexpr int kConnectionShardShift = 24;
static_assert(kShardsMax <= 1u << (32 - kConnectionShardShift));
constexpr uint32_t shard_of_connection(uint32_t number) {
  return number >> kConnectionShardShift;
}

}  // namespace noom::turn
