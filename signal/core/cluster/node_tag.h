// What stands for one start of a node where clients see it: nothing can be learned from it, and nodes that know each
// other recognise it.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "signal/core/cluster/node_id.h"
#include "signal/core/cluster/rendezvous.h"

namespace noom::signal {

inline std::string node_tag(const NodeAddress& address) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  uint64_t hash = rendezvous_weight(stable_hash(address.node), address.incarnation);
  std::string tag(16, '0');
  for (char& digit : tag) {
    digit = kDigits[hash >> 60];
    hash <<= 4;
  }
  return tag;
}

}  // namespace noom::signal
