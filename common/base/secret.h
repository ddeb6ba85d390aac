// Bytes that must not outlive their use or reach a log: zeroed when dropped, compared in constant time, without
// operator<<.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "common/base/bytes.h"

namespace noom {

void secure_zero(std::span<std::byte> bytes);
// Takes the same time for any content of the same length; different lengths are unequal.
bool equal_constant_time(Bytes a, Bytes b);

// Owns its bytes. Move-only by intent: a copy must be asked for by name.
class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string_view text) : text_(text) {}
  explicit Secret(Bytes bytes) : text_(as_text(bytes)) {}
  Secret(Secret&& other) noexcept : text_(std::move(other.text_)) { other.wipe(); }
  Secret& operator=(Secret&& other) noexcept {
    if (this != &other) {
      wipe();
      text_ = std::move(other.text_);
      other.wipe();
    }
    return *this;
  }
  Secret(const Secret&) = delete;
  Secret& operator=(const Secret&) = delete;
  ~Secret() { wipe(); }

  Secret clone() const { return Secret(text_); }
  Bytes bytes() const { return as_bytes(text_); }
  std::string_view reveal() const { return text_; }  // named so that a reader sees where a secret is used
  bool empty() const { return text_.empty(); }

 private:
  // The whole capacity: a moved-from short string keeps its characters in place and only forgets its size.
  void wipe() {
    text_.resize(text_.capacity());
    secure_zero(std::as_writable_bytes(std::span(text_.data(), text_.size())));
    text_.clear();
  }
  std::string text_;
};

}  // namespace noom
