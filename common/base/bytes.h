// Reading and writing network byte order over borrowed bytes. Errors latch: after its first failure a Reader or Writer
// does nothing, so a parser checks `ok()` once at the end. Nothing here allocates or owns.
#pragma once

#include <array>
#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

namespace noom {

using Bytes = std::span<const std::byte>;
using MutableBytes = std::span<std::byte>;

inline Bytes as_bytes(std::string_view text) {
  return {reinterpret_cast<const std::byte*>(text.data()), text.size()};
}
inline std::string_view as_text(Bytes bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// Big-endian load and store; the caller guarantees sizeof(T) bytes.
template <std::unsigned_integral T>
constexpr T load_be(const std::byte* from) {
  T value = 0;
  for (size_t i = 0; i < sizeof(T); ++i)
    value = static_cast<T>((value << 8 * (sizeof(T) > 1)) | std::to_integer<T>(from[i]));
  return value;
}
template <std::unsigned_integral T>
constexpr void store_be(std::byte* to, T value) {
  for (size_t i = 0; i < sizeof(T); ++i) to[i] = static_cast<std::byte>(value >> (8 * (sizeof(T) - 1 - i)));
}

// Reads forward over borrowed bytes; a read past the end yields zeros (or an empty span) and latches failure.
class Reader {
 public:
  explicit constexpr Reader(Bytes bytes) : rest_(bytes) {}

  template <std::unsigned_integral T>
  constexpr T read() {
    if (!claim(sizeof(T))) return 0;
    const T value = load_be<T>(rest_.data());
    rest_ = rest_.subspan(sizeof(T));
    return value;
  }
  constexpr uint8_t u8() { return read<uint8_t>(); }
  constexpr uint16_t u16() { return read<uint16_t>(); }
  constexpr uint32_t u32() { return read<uint32_t>(); }
  constexpr uint64_t u64() { return read<uint64_t>(); }
  constexpr Bytes take(size_t count) {
    if (!claim(count)) return {};
    const Bytes taken = rest_.first(count);
    rest_ = rest_.subspan(count);
    return taken;
  }
  constexpr void skip(size_t count) { take(count); }

  constexpr bool ok() const { return ok_; }
  constexpr size_t remaining() const { return rest_.size(); }
  constexpr Bytes rest() const { return rest_; }

 private:
  constexpr bool claim(size_t count) {
    if (ok_ && count <= rest_.size()) return true;
    ok_ = false;
    rest_ = {};
    return false;
  }
  Bytes rest_;
  bool ok_ = true;
};

// Writes forward into borrowed bytes; a write that does not fit writes nothing and latches failure.
class Writer {
 public:
  explicit constexpr Writer(MutableBytes room) : room_(room) {}

  template <std::unsigned_integral T>
  constexpr void write(T value) {
    if (std::byte* to = claim(sizeof(T))) store_be<T>(to, value);
  }
  constexpr void u8(uint8_t value) { write(value); }
  constexpr void u16(uint16_t value) { write(value); }
  constexpr void u32(uint32_t value) { write(value); }
  constexpr void u64(uint64_t value) { write(value); }
  void bytes(Bytes from) {
    std::byte* to = claim(from.size());
    if (to != nullptr && !from.empty()) std::memcpy(to, from.data(), from.size());
  }
  void zeros(size_t count) {
    std::byte* to = claim(count);
    if (to != nullptr && count > 0) std::memset(to, 0, count);
  }

  constexpr bool ok() const { return ok_; }
  constexpr size_t size() const { return used_; }
  constexpr MutableBytes written() const { return room_.first(used_); }
  constexpr size_t remaining() const { return room_.size() - used_; }

 private:
  constexpr std::byte* claim(size_t count) {
    if (!ok_ || count > room_.size() - used_) {
      ok_ = false;
      return nullptr;
    }
    std::byte* at = room_.data() + used_;
    used_ += count;
    return at;
  }
  MutableBytes room_;
  size_t used_ = 0;
  bool ok_ = true;
};

}  // namespace noom
