// Which of some nodes has a room: the one with the highest hash of node and room together (rendezvous hashing). When a
// node comes or goes, only the rooms that it gets or had change hands.
//
// The same on every machine and in every build: nodes of different versions must agree. rendezvous_test.cc holds
// values.
#pragma once

#include <cstdint>
#include <string_view>

namespace noom::signal {

// FNV-1a, finished as in splitmix64, whose every output bit depends on every input bit.
constexpr uint64_t mix_bits(uint64_t z) {
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  return z ^ (z >> 31);
}
constexpr uint64_t stable_hash(std::string_view text) {
  uint64_t hash = 0xcbf29ce484222325;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  return mix_bits(hash);
}
constexpr uint64_t rendezvous_weight(uint64_t node_hash, uint64_t room_hash) {
  return mix_bits(node_hash + 0x9e3779b97f4a7c15 * mix_bits(room_hash ^ 0xd1b54a32d192ed03));
}

}  // namespace noom::signal
