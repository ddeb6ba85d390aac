#include "signal/core/tags.h"

#include <absl/strings/escaping.h>

#include <array>

#include "common/base/bytes.h"

namespace noom::signal {

std::string draw_tag(Random& random, std::string_view prefix) {
  std::array<std::byte, 9> bytes{};
  random.fill(bytes);
  const std::string_view text = as_text(bytes);
  return std::string(prefix) + absl::WebSafeBase64Escape({text.data(), text.size()});
}

}  // namespace noom::signal
