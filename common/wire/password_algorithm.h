// PASSWORD-ALGORITHM and PASSWORD-ALGORITHMS: how a long-term key is made from a password. RFC 8489 §14.11, §14.12,
// §18.5.
#pragma once

#include <cstdint>
#include <optional>

#include "common/base/bytes.h"

namespace noom::wire {

enum class PasswordAlgorithm : uint16_t { kMd5 = 1, kSha256 = 2 };

// Of the long-term key, which tells the algorithms apart.
constexpr size_t key_size(PasswordAlgorithm algorithm) {
  return algorithm == PasswordAlgorithm::kSha256 ? 32 : 16;
}

struct PasswordAlgorithmSet {
  bool md5 = false;
  bool sha256 = false;

  bool empty() const { return !md5 && !sha256; }
  bool contains(PasswordAlgorithm algorithm) const { return algorithm == PasswordAlgorithm::kSha256 ? sha256 : md5; }
  friend bool operator==(const PasswordAlgorithmSet&, const PasswordAlgorithmSet&) = default;
};

// The value of PASSWORD-ALGORITHMS: the strongest first, none with parameters. Of static storage.
Bytes password_algorithms_value(const PasswordAlgorithmSet& set);

// From the value of PASSWORD-ALGORITHM; nullopt when it is malformed, has parameters or names another algorithm.
std::optional<PasswordAlgorithm> parse_password_algorithm(Bytes value);

}  // namespace noom::wire
