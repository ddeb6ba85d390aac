// What a configuration read again says otherwise than the running one: for Service::reload.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "common/ops/config_table.h"

namespace noom::ops {

// The keys whose values differ and that `is_live` does not name as changeable while running, in the order of the rows.
// Secrets are left out: they cannot be compared as text. Both tables have the same rows.
std::vector<std::string> keys_for_restart(const ConfigTable& running, const ConfigTable& fresh,
                                          const std::function<bool(std::string_view)>& is_live);

}  // namespace noom::ops
