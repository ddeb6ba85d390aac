// What the TURN core wants known about allocations and refusals: for logs and usage records, never for control. The
// shell limits the rate of what a client can trigger.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "common/base/endpoint.h"
#include "common/base/handle.h"
#include "common/base/time.h"
#include "common/wire/stun_types.h"
#include "turn/core/rates.h"
#include "turn/core/stats.h"

namespace noom::turn {

struct AllocationTag;
using AllocationId = Handle<AllocationTag>;  // unique within its shard

struct AllocationCreated {
  AllocationId allocation;
  FiveTuple client;
  std::vector<IpEndpoint> relayed;  // as clients know it; two with ADDITIONAL-ADDRESS-FAMILY
  std::string username;
  Duration lifetime;
};

struct AllocationTraffic {  // application payload
  uint64_t packets_to_peers = 0;
  uint64_t bytes_to_peers = 0;
  uint64_t packets_to_client = 0;
  uint64_t bytes_to_client = 0;
};

struct AllocationEnded {
  AllocationId allocation;
  FiveTuple client;
  std::vector<IpEndpoint> relayed;
  std::string username;
  EndReason reason;
  AllocationTraffic traffic;
  Duration duration;
};

// A client has come to another five-tuple with its MOBILITY-TICKET; once `stage` is kCompleted, data goes there.
struct ClientMoved {
  AllocationId allocation;
  Move stage;
  FiveTuple from;
  FiveTuple to;
  std::string username;
};

// A request answered with an error. The challenge that every client gets first (Reason::kNoIntegrity) is only counted.
struct Refused {
  wire::Method method;
  Reason reason;  // code_of(reason) is what the client was told
  FiveTuple client;
  std::string username;            // as claimed: not verified for 400, 401 and 438; empty when absent
  std::optional<IpEndpoint> peer;  // the peer refused, for 403 and 443
  std::string_view rule;  // what decided: the peer policy's rule for 403, else rule_of(reason); borrowed from Settings
};

// RFC 6062: a TCP connection to a peer (Connect) or from one.
struct PeerConnectionOpened {
  AllocationId allocation;
  FiveTuple client;
  IpEndpoint peer;
  bool incoming = false;
  std::string username;
};
struct PeerConnectionEnded {
  AllocationId allocation;
  FiveTuple client;
  IpEndpoint peer;
  bool incoming = false;
  std::string username;
  PeerEnd reason;
  uint64_t bytes_to_peer = 0;
  uint64_t bytes_to_client = 0;
  Duration duration;
};

// Datagrams of an allocation beyond a rate. Said once a second for each allocation.
struct RateLimited {
  FiveTuple client;
  std::string username;
  Drop reason;
  Direction direction;
  uint64_t per_second = 0;  // the limit: bits or packets
  uint64_t dropped = 0;     // since the last such event of the allocation
};

// A client that gets no answer: its address is denied (Drop::kClientDenied), or it proved nothing too often
// (Drop::kChallengeLimit).
struct Ignored {
  FiveTuple client;
  Drop reason;
  std::string_view rule;  // borrowed from Settings
};

using Event = std::variant<AllocationCreated, AllocationEnded, ClientMoved, Refused, PeerConnectionOpened,
                           PeerConnectionEnded, RateLimited, Ignored>;

}  // namespace noom::turn
