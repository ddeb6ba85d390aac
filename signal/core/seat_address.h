// How a room names the clients it speaks to: the node that holds the connection, and the seat there.
#pragma once

#include <cstdint>

#include "common/base/handle.h"

namespace noom::signal {

struct SeatTag;
using SeatId = Handle<SeatTag>;

constexpr uint32_t kThisNode = 0;
constexpr uint32_t kNoNode = UINT32_MAX;  // of a member whose client has no seat just now

struct SeatAddress {
  uint32_t node = kThisNode;  // as this process numbers the nodes it knows
  SeatId seat;                // of that node

  friend constexpr bool operator==(const SeatAddress&, const SeatAddress&) = default;
};

}  // namespace noom::signal
