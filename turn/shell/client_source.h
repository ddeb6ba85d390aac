// Whom a connection or session is counted for where one source may have only so many.
#pragma once

#include <algorithm>

#include "common/base/endpoint.h"

namespace noom::turn {

// An IPv4 address, or an IPv6 /64, which one subscriber has.
inline IpAddress source_of(const IpAddress& client) {
  if (client.is_v4()) return client;
  std::array<std::byte, 16> prefix{};
  std::copy_n(client.bytes().begin(), 8, prefix.begin());
  return IpAddress::v6(prefix);
}

}  // namespace noom::turn
