// A room's password as it is kept: under a random key of its own, so that equal passwords do not look equal. Guessing
// is held back by limits on attempts, not by a slow hash, which would hold back the whole server.
#pragma once

#include <string>
#include <string_view>

#include "common/base/random.h"

namespace noom::signal {

constexpr size_t kPasswordBytesMax = 128;

struct RoomPassword {
  std::string key;   // 16 bytes
  std::string hash;  // 32 bytes

  static RoomPassword make(Random& random, std::string_view password);
  bool matches(std::string_view password) const;  // in constant time
};

}  // namespace noom::signal
