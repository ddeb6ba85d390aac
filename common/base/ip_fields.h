// What an IP header says beside its addresses and its size, as far as a relay carries it on: RFC 8656 §14.
#pragma once

#include <cstdint>

namespace noom {

struct IpFields {
  uint8_t traffic_class = 0;  // DSCP in the upper six bits, ECN in the lower two; IPv4's TOS
  uint8_t hop_limit = 0;      // IPv4's TTL; 0: not known, or for a datagram to send, the host's default

  bool operator==(const IpFields&) const = default;
};

}  // namespace noom
