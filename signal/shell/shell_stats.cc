// Close codes to labels.
#include "signal/shell/shell_stats.h"

#include <algorithm>
#include <string>

namespace noom::signal {

size_t close_label(uint16_t code) {
  const std::string text = std::to_string(code);
  const auto found = std::find(kCloseLabels.begin(), kCloseLabels.end(), text);
  return found == kCloseLabels.end() ? kClosedByLoss : static_cast<size_t>(found - kCloseLabels.begin());
}

}  // namespace noom::signal
