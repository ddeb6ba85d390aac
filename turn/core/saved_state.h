// What of a shard's TURN state outlives its process, as plain values and as bytes: allocations with everything that
// hangs on them, reserved and lent ports, clients that another shard holds, credentials taken back. Knows no rules;
// saved_core.cc makes it and takes it over. Moments are of the host's clocks, which go on while processes come and go.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/base/archive.h"
#include "turn/core/allocation.h"
#include "turn/core/event.h"

namespace noom::turn {

// Part of the bytes' beginning: another version's state is not read.
constexpr uint32_t kSavedStateVersion = 1;

struct SavedRelay {
  IpEndpoint local;
  IpAddress external;
  bool tcp = false;
  bool reserved = false;
};
struct SavedAllocation {
  AllocationId id;
  Allocation value;                                 // of its relays only `expires` means anything
  std::array<std::optional<SavedRelay>, 2> relays;  // by family, as Allocation::relays
};
struct SavedReservation {
  uint64_t token = 0;
  IpEndpoint port;
  std::string user;
  Mono expires;
};
struct SavedLoan {
  IpEndpoint port;
  uint32_t to = 0;
};
struct SavedForward {
  FiveTuple client;
  uint32_t owner = 0;
};
struct SavedRevocation {
  std::string name;
  Wall until;
};
struct SavedShard {
  std::vector<SavedAllocation> allocations;
  std::vector<SavedReservation> reservations;
  std::vector<SavedLoan> lent;
  std::vector<SavedForward> forwarded;
  std::vector<SavedRevocation> revocations;
  uint32_t unused_generation = 0;  // of allocations: mobility tickets name them
};

// A relay that goes on, and where its socket, which the shell has, is bound.
struct RestoredRelay {
  RelayId relay;
  IpEndpoint local;
};
struct Restored {
  std::vector<RestoredRelay> relays;
  std::vector<AllocationCreated> allocations;  // that go on
  uint32_t lost = 0;                           // those that do not fit what the configuration says now
};

void fields(Encoder& archive, SavedShard& shard);
void fields(Decoder& archive, SavedShard& shard);

}  // namespace noom::turn
