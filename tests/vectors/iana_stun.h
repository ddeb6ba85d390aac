// The numbers of IANA's "Session Traversal Utilities for NAT (STUN) Parameters" registries that Noom names, typed from
// the registries and not from common/wire.
#pragma once

#include <cstdint>
#include <string_view>

namespace noom::vectors {

struct IanaRow {
  uint16_t number;
  std::string_view name;
};

constexpr IanaRow kIanaMethods[] = {
    {0x001, "Binding"},        {0x003, "Allocate"},          {0x004, "Refresh"},     {0x006, "Send"},
    {0x007, "Data"},           {0x008, "CreatePermission"},  {0x009, "ChannelBind"}, {0x00A, "Connect"},
    {0x00B, "ConnectionBind"}, {0x00C, "ConnectionAttempt"},
};

constexpr IanaRow kIanaAttributes[] = {
    {0x0001, "MAPPED-ADDRESS"},
    {0x0003, "CHANGE-REQUEST"},
    {0x0006, "USERNAME"},
    {0x0008, "MESSAGE-INTEGRITY"},
    {0x0009, "ERROR-CODE"},
    {0x000A, "UNKNOWN-ATTRIBUTES"},
    {0x000C, "CHANNEL-NUMBER"},
    {0x000D, "LIFETIME"},
    {0x0012, "XOR-PEER-ADDRESS"},
    {0x0013, "DATA"},
    {0x0014, "REALM"},
    {0x0015, "NONCE"},
    {0x0016, "XOR-RELAYED-ADDRESS"},
    {0x0017, "REQUESTED-ADDRESS-FAMILY"},
    {0x0018, "EVEN-PORT"},
    {0x0019, "REQUESTED-TRANSPORT"},
    {0x001A, "DONT-FRAGMENT"},
    {0x001B, "ACCESS-TOKEN"},
    {0x001C, "MESSAGE-INTEGRITY-SHA256"},
    {0x001D, "PASSWORD-ALGORITHM"},
    {0x001E, "USERHASH"},
    {0x0020, "XOR-MAPPED-ADDRESS"},
    {0x0022, "RESERVATION-TOKEN"},
    {0x0024, "PRIORITY"},
    {0x0025, "USE-CANDIDATE"},
    {0x0026, "PADDING"},
    {0x0027, "RESPONSE-PORT"},
    {0x002A, "CONNECTION-ID"},
    {0x8000, "ADDITIONAL-ADDRESS-FAMILY"},
    {0x8001, "ADDRESS-ERROR-CODE"},
    {0x8002, "PASSWORD-ALGORITHMS"},
    {0x8003, "ALTERNATE-DOMAIN"},
    {0x8004, "ICMP"},
    {0x8022, "SOFTWARE"},
    {0x8023, "ALTERNATE-SERVER"},
    {0x8027, "CACHE-TIMEOUT"},
    {0x8028, "FINGERPRINT"},
    {0x8029, "ICE-CONTROLLED"},
    {0x802A, "ICE-CONTROLLING"},
    {0x802B, "RESPONSE-ORIGIN"},
    {0x802C, "OTHER-ADDRESS"},
    {0x802E, "THIRD-PARTY-AUTHORIZATION"},
    {0x8030, "MOBILITY-TICKET"},
};

constexpr IanaRow kIanaErrorCodes[] = {
    {300, "Try Alternate"},
    {400, "Bad Request"},
    {401, "Unauthenticated"},
    {403, "Forbidden"},
    {405, "Mobility Forbidden"},
    {420, "Unknown Attribute"},
    {437, "Allocation Mismatch"},
    {438, "Stale Nonce"},
    {440, "Address Family not Supported"},
    {441, "Wrong Credentials"},
    {442, "Unsupported Transport Protocol"},
    {443, "Peer Address Family Mismatch"},
    {446, "Connection Already Exists"},
    {447, "Connection Timeout or Failure"},
    {486, "Allocation Quota Reached"},
    {500, "Server Error"},
    {508, "Insufficient Capacity"},
};

}  // namespace noom::vectors
