// What shards tell each other about relay ports, beside the datagrams they hand over. Delivered once and in order of
// sending between any two shards.
#pragma once

#include <cstdint>
#include <optional>
#include <variant>

#include "common/base/handle.h"

namespace noom::turn {

struct RelayTag;
using RelayId =
    Handle<RelayTag>;  // one relayed transport address: one socket of the shell. Indices are dense and reused.

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
using ShardMessage = std::variant<ClaimReservation, ReservationAnswer, ReturnPort>;

}  // namespace noom::turn
