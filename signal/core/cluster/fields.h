// Values as bytes and back, for messages between nodes: one list of a type's fields serves both directions. Numbers are
// big-endian, texts and lists stand behind their length. A FieldReader takes any bytes; what is cut off or too long
// makes it fail, never read beyond.
#pragma once

#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "common/base/handle.h"
#include "common/base/time.h"

namespace noom::signal {

// A type whose fields a free function each_field(archive, value) lists.
class FieldWriter {
 public:
  explicit FieldWriter(std::string& out) : out_(out) {}

  template <typename... T>
  void operator()(const T&... values) {
    (put(values), ...);
  }

 private:
  template <std::unsigned_integral T>
  void put(const T& value) {
    for (size_t i = sizeof(T); i-- > 0;) out_ += static_cast<char>(value >> (8 * i) & 0xff);
  }
  template <typename T>
  requires std::is_enum_v<T>
  void put(const T& value) { put(static_cast<std::underlying_type_t<T>>(value)); }
  void put(const bool& value) { put(static_cast<uint8_t>(value)); }
  void put(const Duration& value) { put(static_cast<uint64_t>(value.count())); }
  void put(const std::string& value) {
    put(static_cast<uint32_t>(value.size()));
    out_ += value;
  }
  template <typename Tag>
  void put(const Handle<Tag>& value) {
    put(value.index);
    put(value.generation);
  }
  template <typename T>
  void put(const std::optional<T>& value) {
    put(value.has_value());
    if (value) put(*value);
  }
  template <typename T>
  void put(const std::vector<T>& values) {
    put(static_cast<uint32_t>(values.size()));
    for (const T& value : values) put(value);
  }
  template <typename T>
  requires requires(FieldWriter& archive, T& value) { each_field(archive, value); }
  void put(const T& value) {
    each_field(*this, const_cast<T&>(value));  // each_field only reads when it is given to a writer
  }

  std::string& out_;
};

class FieldReader {
 public:
  explicit FieldReader(std::string_view bytes) : left_(bytes) {}

  template <typename... T>
  void operator()(T&... values) {
    (get(values), ...);
  }
  // Everything was there, and nothing beyond it.
  bool done() const { return ok_ && left_.empty(); }

 private:
  std::string_view take(size_t bytes) {
    if (bytes > left_.size()) {
      ok_ = false;
      left_ = {};
      return {};
    }
    const std::string_view taken = left_.substr(0, bytes);
    left_.remove_prefix(bytes);
    return taken;
  }
  template <std::unsigned_integral T>
  void get(T& value) {
    value = 0;
    for (const char c : take(sizeof(T))) value = static_cast<T>(uint64_t{value} << 8 | static_cast<unsigned char>(c));
  }
  template <typename T>
  requires std::is_enum_v<T>
  void get(T& value) {
    std::underlying_type_t<T> number{};
    get(number);
    value = static_cast<T>(number);
  }
  void get(bool& value) {
    uint8_t number = 0;
    get(number);
    value = number == 1;
    if (number > 1) ok_ = false;
  }
  void get(Duration& value) {
    uint64_t number = 0;
    get(number);
    value = Duration(static_cast<int64_t>(number));
  }
  void get(std::string& value) {
    uint32_t size = 0;
    get(size);
    value = take(size);
  }
  template <typename Tag>
  void get(Handle<Tag>& value) {
    get(value.index);
    get(value.generation);
  }
  template <typename T>
  void get(std::optional<T>& value) {
    bool is_there = false;
    get(is_there);
    value.reset();
    if (is_there) get(value.emplace());
  }
  template <typename T>
  void get(std::vector<T>& values) {
    uint32_t size = 0;
    get(size);
    values.clear();
    for (uint32_t i = 0; i < size && ok_; ++i) get(values.emplace_back());
  }
  template <typename T>
  requires requires(FieldReader& archive, T& value) { each_field(archive, value); }
  void get(T& value) { each_field(*this, value); }

  std::string_view left_;
  bool ok_ = true;
};

}  // namespace noom::signal
