// The host's own addresses, for choosing relay addresses and for refusing the host itself as a peer.
#pragma once

#include <absl/status/statusor.h>

#include <string>
#include <vector>

#include "common/base/endpoint.h"

namespace noom::io {

struct LocalAddress {
  IpAddress address;
  std::string interface;
  bool loopback = false;
  bool link_local = false;  // 169.254/16, fe80::/10
  bool up = false;
};

// In the kernel's order. Needs AF_NETLINK where address families are restricted.
absl::StatusOr<std::vector<LocalAddress>> local_addresses();

}  // namespace noom::io
