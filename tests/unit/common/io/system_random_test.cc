#include "common/io/system_random.h"

#include <gtest/gtest.h>

#include <set>

namespace noom::io {
namespace {

TEST(SystemRandom, DrawsDifferAcrossBlockBordersAndInstances) {
  SystemRandom random;
  std::set<uint64_t> seen;
  for (int i = 0; i < 1000; ++i) seen.insert(random.next_u64());
  SystemRandom other;
  seen.insert(other.next_u64());
  EXPECT_EQ(seen.size(), 1001U);
}

TEST(SystemRandom, FillsMoreThanABlock) {
  SystemRandom random;
  std::array<std::byte, 3> skew;
  random.fill(skew);
  std::vector<std::byte> bytes(4096);
  random.fill(bytes);
  for (size_t i = 0; i + 16 <= bytes.size(); i += 16) {
    EXPECT_TRUE(std::any_of(bytes.begin() + static_cast<std::ptrdiff_t>(i),
                            bytes.begin() + static_cast<std::ptrdiff_t>(i + 16),
                            [](std::byte byte) { return byte != std::byte{0}; }));
  }
}

}  // namespace
}  // namespace noom::io
