#include "common/wire/password_algorithm.h"

#include <string_view>

namespace noom::wire {
namespace {

using namespace std::string_view_literals;

// Number and length of the parameters, SHA-256 and then MD5.
constexpr std::string_view kBoth = "\x00\x02\x00\x00\x00\x01\x00\x00"sv;
constexpr size_t kEntrySize = 4;

}  // namespace

Bytes password_algorithms_value(const PasswordAlgorithmSet& set) {
  const Bytes both = as_bytes(kBoth);
  if (set.sha256 && set.md5) return both;
  if (set.sha256) return both.first(kEntrySize);
  if (set.md5) return both.last(kEntrySize);
  return {};
}

std::optional<PasswordAlgorithm> parse_password_algorithm(Bytes value) {
  if (value.size() != kEntrySize || load_be<uint16_t>(value.data() + sizeof(uint16_t)) != 0) return std::nullopt;
  const auto algorithm = static_cast<PasswordAlgorithm>(load_be<uint16_t>(value.data()));
  if (algorithm != PasswordAlgorithm::kMd5 && algorithm != PasswordAlgorithm::kSha256) return std::nullopt;
  return algorithm;
}

}  // namespace noom::wire
