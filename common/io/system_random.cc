#include "common/io/system_random.h"

#include <sys/random.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "common/base/secret.h"

namespace noom::io {

namespace {

void draw(std::span<std::byte> out) {
  while (!out.empty()) {
    const ssize_t got = ::getrandom(out.data(), out.size(), 0);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) std::abort();
    out = out.subspan(static_cast<size_t>(got));
  }
}

}  // namespace

SystemRandom::~SystemRandom() {
  secure_zero(block_);
}

void SystemRandom::fill(std::span<std::byte> out) {
  while (!out.empty()) {
    if (unused_ == 0) {
      draw(block_);
      unused_ = block_.size();
    }
    const size_t count = std::min(unused_, out.size());
    const std::span<std::byte> taken = std::span(block_).subspan(block_.size() - unused_, count);
    std::memcpy(out.data(), taken.data(), count);
    secure_zero(taken);
    unused_ -= count;
    out = out.subspan(count);
  }
}

}  // namespace noom::io
