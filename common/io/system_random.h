// The operating system's randomness behind the cores' Random interface.
#pragma once

#include <array>

#include "common/base/random.h"

namespace noom::io {

// Draws from getrandom(2) in blocks, so that a port or a transaction id costs no system call; bytes are wiped once
// handed out. Single-threaded: one per shard. A failing getrandom is a broken system and aborts.
class SystemRandom final : public Random {
 public:
  ~SystemRandom() override;
  void fill(std::span<std::byte> out) override;

 private:
  static constexpr size_t kBlockBytes = 512;
  std::array<std::byte, kBlockBytes> block_{};
  size_t unused_ = 0;  // bytes left at the block's end
};

}  // namespace noom::io
