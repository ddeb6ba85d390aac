// Puts the POSTs of one client in order. Several may be under way at once, over connections of their own: one that
// comes too early waits for those before it, one that comes again is not taken again.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <string>

namespace noom::signal {

enum class PostOutcome : uint8_t { kTaken, kHeld, kDoubled, kTooEarly, kCount };

constexpr size_t kPostsHeldMax = 8;

// Bounded: at most kPostsHeldMax bodies and `bytes_max` bytes wait; what is beyond is kTooEarly and not kept.
class PostOrder {
 public:
  using Take = std::function<void(const std::string& body)>;

  // Calls `take` for each body whose turn has come, in order; the first has number 1.
  PostOutcome post(uint64_t number, std::string body, size_t bytes_max, const Take& take);
  uint64_t expected() const { return expected_; }
  size_t held_bytes() const { return held_bytes_; }

 private:
  uint64_t expected_ = 1;
  std::map<uint64_t, std::string> held_;
  size_t held_bytes_ = 0;
};

}  // namespace noom::signal
