// MOBILITY-TICKET of RFC 8016 §3.3, Appendix A: names an allocation to the server that made it, and says nothing to
// anybody else.
//
//   | synthetic IV, which is the tag too, 16 | encrypted: instance 4, shard 1, allocation 8, number 2, free 1 |
//
// 32 bytes, none of them zero: coturn's client keeps a ticket as a C string of at most that length. This leaves no room
// for a nonce beside the tag, and AES-256-SIV (RFC 5297) needs none: no two tickets say the same. Whose an allocation
// is and how long it lives is the allocation's to say, so that a ticket is good for exactly as long.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "common/base/bytes.h"
#include "common/base/secret.h"

namespace noom::auth {

constexpr size_t kMobilityTicketSize = 32;
using SealedTicket = std::array<std::byte, kMobilityTicketSize>;

struct MobilityTicket {
  uint32_t instance = 0;    // the process that made the allocation, among those that share a key
  uint8_t shard = 0;        // which of its shards holds it
  uint32_t index = 0;       // the allocation's handle there
  uint32_t generation = 0;  // likewise
  uint16_t number = 0;      // tickets of that allocation before this one

  friend bool operator==(const MobilityTicket&, const MobilityTicket&) = default;
};

// What tickets are sealed under. Immutable once built; shared by all shards.
class TicketKeys {
 public:
  TicketKeys() = default;
  explicit TicketKeys(const Secret& secret) { add(secret); }
  // A key derived from the secret, which is at least 16 bytes nobody can guess. The first seals, every one opens: put a
  // new one last everywhere, then first, then take the old one away.
  void add(const Secret& secret);

  bool empty() const { return keys_.empty(); }
  // The same bytes for the same ticket. At least one key has been added.
  SealedTicket seal(const MobilityTicket& ticket) const;
  // nullopt for whatever none of the keys sealed.
  std::optional<MobilityTicket> open(Bytes sealed) const;

 private:
  std::vector<Secret> keys_;
};

}  // namespace noom::auth
