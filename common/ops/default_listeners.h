// Listeners on both families by default, on hosts that have only one.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/base/endpoint.h"
#include "common/ops/config_table.h"

namespace noom::ops {

struct ListenKey {
  std::string_view key;
  std::vector<IpEndpoint>* endpoints;
};

// Where the kernel has no IPv6: takes the IPv6 endpoints out of lists that nobody wrote, and says so in one line of
// `warnings`. What was written stays, and fails when it is bound.
void leave_out_ipv6(const ConfigTable& table, const std::vector<ListenKey>& keys, bool has_ipv6,
                    std::vector<std::string>& warnings);

}  // namespace noom::ops
