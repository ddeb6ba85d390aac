// A long-term key as an allocation holds it: in place, zeroed when dropped.
#pragma once

#include <algorithm>
#include <array>

#include "common/base/bytes.h"
#include "common/base/secret.h"

namespace noom::turn {

// 16 bytes (MD5) or 32 (SHA-256), RFC 8489 §18.5.1. Move-only by intent: a copy must be asked for by name.
class Key {
 public:
  static constexpr size_t kBytesMax = 32;

  Key() = default;
  explicit Key(Bytes bytes) : size_(static_cast<uint8_t>(std::min(bytes.size(), kBytesMax))) {
    std::copy_n(bytes.begin(), size_, bytes_.begin());
  }
  Key(Key&& other) noexcept : Key(other.bytes()) { other.wipe(); }
  Key& operator=(Key&& other) noexcept {
    if (this != &other) {
      bytes_ = other.bytes_;
      size_ = other.size_;
      other.wipe();
    }
    return *this;
  }
  Key(const Key&) = delete;
  Key& operator=(const Key&) = delete;
  ~Key() { wipe(); }

  Key clone() const { return Key(bytes()); }
  Bytes bytes() const { return Bytes(bytes_).first(size_); }

 private:
  void wipe() {
    secure_zero(bytes_);
    size_ = 0;
  }
  std::array<std::byte, kBytesMax> bytes_{};
  uint8_t size_ = 0;
};

}  // namespace noom::turn
