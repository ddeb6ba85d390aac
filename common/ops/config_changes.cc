#include "common/ops/config_changes.h"

namespace noom::ops {

std::vector<std::string> keys_for_restart(const ConfigTable& running, const ConfigTable& fresh,
                                          const std::function<bool(std::string_view)>& is_live) {
  std::vector<std::string> changed;
  for (size_t i = 0; i < running.rows().size(); ++i) {
    const ConfigRow& row = running.rows()[i];
    if (!row.secret && !is_live(row.key) && row.print() != fresh.rows()[i].print()) changed.push_back(row.key);
  }
  return changed;
}

}  // namespace noom::ops
