#include "common/ops/spelling.h"

#include <gtest/gtest.h>

namespace noom::ops {
namespace {

TEST(SpellingTest, DistanceCountsInsertionsDeletionsSubstitutionsAndSwaps) {
  EXPECT_EQ(edit_distance("", ""), 0u);
  EXPECT_EQ(edit_distance("", "abc"), 3u);
  EXPECT_EQ(edit_distance("listen", "lisen"), 1u);
  EXPECT_EQ(edit_distance("udp", "upd"), 1u);
  EXPECT_EQ(edit_distance("kitten", "sitting"), 3u);
}

TEST(SpellingTest, NearestIsTheFirstOfEqualsAndNeverFarAway) {
  EXPECT_EQ(nearest("lisen", {"limits", "listen"}), "listen");
  EXPECT_EQ(nearest("ab", {"abc", "abd"}), "abc");
  EXPECT_EQ(nearest("quantum", {"listen"}), std::nullopt);
  EXPECT_EQ(nearest(std::string(1000, 'a'), {"a"}), std::nullopt);
}

}  // namespace
}  // namespace noom::ops
