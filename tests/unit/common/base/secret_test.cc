#include "common/base/secret.h"

#include <gtest/gtest.h>

namespace noom {
namespace {

TEST(EqualConstantTime, ComparesContentAndLength) {
  EXPECT_TRUE(equal_constant_time(as_bytes("abc"), as_bytes("abc")));
  EXPECT_FALSE(equal_constant_time(as_bytes("abc"), as_bytes("abd")));
  EXPECT_FALSE(equal_constant_time(as_bytes("abc"), as_bytes("ab")));
  EXPECT_TRUE(equal_constant_time({}, {}));
}

TEST(Secret, AMovedFromSecretIsEmpty) {
  Secret secret(std::string_view("a secret long enough to live on the heap, not inline"));
  const Secret moved = std::move(secret);
  EXPECT_TRUE(secret.empty());  // NOLINT(bugprone-use-after-move): the point of the test
  EXPECT_EQ(moved.reveal(), "a secret long enough to live on the heap, not inline");
}

TEST(SecureZero, LeavesOnlyZeros) {
  std::array<std::byte, 4> bytes = {std::byte{1}, std::byte{2}, std::byte{3}, std::byte{4}};
  secure_zero(bytes);
  EXPECT_EQ(bytes, (std::array<std::byte, 4>{}));
}

}  // namespace
}  // namespace noom
