// Values as bytes and back, for state that one process leaves to the next: big-endian, without names or padding. Both
// directions follow one list of fields, which a type gives as
//
//   template <typename Archive>
//   void fields(Archive& archive, Seat& seat) { archive(seat.name, seat.since); }
//
// What the bytes mean follows from that list alone: whoever changes one changes the version that goes with the bytes.
#pragma once

#include <array>
#include <chrono>
#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <type_traits>
#include <vector>

#include "common/base/bytes.h"
#include "common/base/endpoint.h"
#include "common/base/handle.h"
#include "common/base/time.h"

namespace noom {

class Encoder {
 public:
  static constexpr bool kDecodes = false;

  template <typename... T>
  void operator()(T&... values) {
    (one(values), ...);
  }
  void raw(Bytes bytes) { out_.insert(out_.end(), bytes.begin(), bytes.end()); }
  std::vector<std::byte> take() { return std::move(out_); }

 private:
  template <std::unsigned_integral T>
  void number(T value) {
    std::array<std::byte, sizeof(T)> digits;
    store_be<T>(digits.data(), value);
    raw(digits);
  }
  void one(bool& value) { number<uint8_t>(value ? 1 : 0); }
  template <std::unsigned_integral T>
  requires(!std::same_as<T, bool>) void one(T& value) { number(value); }
  template <typename T>
  requires std::is_enum_v<T>
  void one(T& value) { number(static_cast<uint32_t>(value)); }
  template <typename Clock>
  void one(std::chrono::time_point<Clock, Duration>& value) {
    number(static_cast<uint64_t>(value.time_since_epoch().count()));
  }
  void one(std::string& value) {
    number(static_cast<uint32_t>(value.size()));
    raw(as_bytes(value));
  }
  void one(std::vector<std::byte>& value) {
    number(static_cast<uint32_t>(value.size()));
    raw(value);
  }
  template <typename T>
  void one(std::vector<T>& values) {
    number(static_cast<uint32_t>(values.size()));
    for (T& value : values) one(value);
  }
  template <size_t N>
  void one(std::array<std::byte, N>& value) {
    raw(value);
  }
  template <typename T, size_t N>
  void one(std::array<T, N>& values) {
    for (T& value : values) one(value);
  }
  template <typename T>
  void one(std::optional<T>& value) {
    number<uint8_t>(value ? 1 : 0);
    if (value) one(*value);
  }
  void one(IpAddress& value) {
    number(static_cast<uint8_t>(value.family()));
    raw(value.bytes());
  }
  template <typename Tag>
  void one(Handle<Tag>& value) {
    number(value.index);
    number(value.generation);
  }
  template <typename T>
  requires requires(Encoder& archive, T& value) { fields(archive, value); }
  void one(T& value) { fields(*this, value); }

  std::vector<std::byte> out_;
};

// Reading past the end, and what no Encoder writes, yields zeros and latches failure.
class Decoder {
 public:
  static constexpr bool kDecodes = true;

  explicit Decoder(Bytes bytes) : in_(bytes) {}

  template <typename... T>
  void operator()(T&... values) {
    (one(values), ...);
  }
  Bytes raw(size_t size) { return in_.take(size); }
  void fail() { valid_ = false; }
  bool ok() const { return valid_ && in_.ok(); }
  bool at_end() const { return in_.remaining() == 0; }

 private:
  void one(bool& value) { value = in_.u8() != 0; }
  template <std::unsigned_integral T>
  requires(!std::same_as<T, bool>) void one(T& value) { value = in_.read<T>(); }
  template <typename T>
  requires std::is_enum_v<T>
  void one(T& value) { value = static_cast<T>(in_.u32()); }
  template <typename Clock>
  void one(std::chrono::time_point<Clock, Duration>& value) {
    value = std::chrono::time_point<Clock, Duration>(Duration(static_cast<int64_t>(in_.u64())));
  }
  void one(std::string& value) { value = as_text(in_.take(in_.u32())); }
  void one(std::vector<std::byte>& value) {
    const Bytes bytes = in_.take(in_.u32());
    value.assign(bytes.begin(), bytes.end());
  }
  template <typename T>
  void one(std::vector<T>& values) {
    const uint32_t count = in_.u32();
    for (uint32_t i = 0; i < count && ok() && !at_end(); ++i) one(values.emplace_back());
    if (values.size() != count) fail();
  }
  template <size_t N>
  void one(std::array<std::byte, N>& value) {
    const Bytes bytes = in_.take(N);
    if (bytes.size() == N) std::copy(bytes.begin(), bytes.end(), value.begin());
  }
  template <typename T, size_t N>
  void one(std::array<T, N>& values) {
    for (T& value : values) one(value);
  }
  template <typename T>
  void one(std::optional<T>& value) {
    value.reset();
    if (in_.u8() != 0) one(value.emplace());
  }
  void one(IpAddress& value) {
    const auto family = static_cast<Family>(in_.u8());
    const Bytes bytes = in_.take(family == Family::kV6 ? 16 : 4);
    if (bytes.size() == 16)
      value = IpAddress::v6(bytes.first<16>());
    else if (bytes.size() == 4 && family == Family::kV4)
      value = IpAddress::v4(bytes.first<4>());
    else
      fail();
  }
  template <typename Tag>
  void one(Handle<Tag>& value) {
    value.index = in_.u32();
    value.generation = in_.u32();
  }
  template <typename T>
  requires requires(Decoder& archive, T& value) { fields(archive, value); }
  void one(T& value) { fields(*this, value); }

  Reader in_;
  bool valid_ = true;
};

template <typename Archive>
void fields(Archive& archive, IpEndpoint& endpoint) {
  archive(endpoint.address, endpoint.port);
}
template <typename Archive>
void fields(Archive& archive, FiveTuple& tuple) {
  archive(tuple.client, tuple.server, tuple.transport, tuple.listener);
}

}  // namespace noom
