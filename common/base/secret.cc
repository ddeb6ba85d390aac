#include "common/base/secret.h"

#include <string.h>

namespace noom {

void secure_zero(std::span<std::byte> bytes) {
  if (!bytes.empty()) explicit_bzero(bytes.data(), bytes.size());
}

bool equal_constant_time(Bytes a, Bytes b) {
  if (a.size() != b.size()) return false;
  std::byte difference{0};
  for (size_t i = 0; i < a.size(); ++i) difference |= a[i] ^ b[i];
  return difference == std::byte{0};
}

}  // namespace noom
