// Addresses of clients and peers in the log, as much of them as the operator wants kept.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace noom::ops {

enum class LogAddresses : uint8_t {
  kFull,
  kNetwork,  // 203.0.113.0/24 or 2001:db8:1::/48, no port
  kNone,     // ipv4 or ipv6
};

// `value` of a field with that key, with the addresses in it (alone, with a port, or several with blanks between) cut
// down. This host's own addresses (keys local, external, relayed, listener, metrics) and those of servers that the
// configuration names (server, receiver) stay.
std::string redact(LogAddresses addresses, std::string_view key, std::string_view value);

}  // namespace noom::ops
