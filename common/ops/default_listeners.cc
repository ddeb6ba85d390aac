#include "common/ops/default_listeners.h"

namespace noom::ops {

void leave_out_ipv6(const ConfigTable& table, const std::vector<ListenKey>& keys, bool has_ipv6,
                    std::vector<std::string>& warnings) {
  if (has_ipv6) return;
  std::string_view changed;
  for (const auto& [key, endpoints] : keys) {
    if (table.is_set(key)) continue;
    const auto is_v6 = [](const IpEndpoint& endpoint) { return endpoint.address.is_v6(); };
    if (std::erase_if(*endpoints, is_v6) > 0 && changed.empty()) changed = key;
  }
  if (!changed.empty())
    warnings.push_back(table.fault(changed, "the kernel has no IPv6, so that IPv4 alone is served",
                                   "enable it, or write the addresses to be served"));
}

}  // namespace noom::ops
