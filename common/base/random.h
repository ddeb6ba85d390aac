// Randomness as the cores see it: an interface handed in. The shells pass the operating system's
// (common/io/system_random.h), tests and simulation a seeded one.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>

namespace noom {

// Single-threaded; one per shard.
class Random {
 public:
  virtual ~Random() = default;
  virtual void fill(std::span<std::byte> out) = 0;

  uint64_t next_u64() {
    uint64_t value = 0;
    fill(std::as_writable_bytes(std::span(&value, 1)));
    return value;
  }
  // Uniform in [0, bound); bound > 0.
  uint32_t below(uint32_t bound) {
    const uint64_t reject_above = UINT64_MAX - UINT64_MAX % bound;
    for (;;) {
      if (const uint64_t draw = next_u64(); draw < reject_above) return static_cast<uint32_t>(draw % bound);
    }
  }
};

// xoshiro256**: repeatable, not for secrets. For tests, simulation and benches only.
class SeededRandom final : public Random {
 public:
  explicit SeededRandom(uint64_t seed) {
    for (uint64_t& word : state_) {  // splitmix64
      seed += 0x9e3779b97f4a7c15;
      uint64_t z = seed;
      z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
      z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
      word = z ^ (z >> 31);
    }
  }
  void fill(std::span<std::byte> out) override {
    uint64_t word = 0;
    for (size_t i = 0; i < out.size(); ++i) {
      if (i % 8 == 0) word = step();
      out[i] = static_cast<std::byte>(word >> (i % 8 * 8));
    }
  }

 private:
  uint64_t step() {
    const uint64_t result = std::rotl(state_[1] * 5, 7) * 9;
    const uint64_t shifted = state_[1] << 17;
    state_[2] ^= state_[0];
    state_[3] ^= state_[1];
    state_[1] ^= state_[2];
    state_[0] ^= state_[3];
    state_[2] ^= shifted;
    state_[3] = std::rotl(state_[3], 45);
    return result;
  }
  uint64_t state_[4]{};
};

}  // namespace noom
