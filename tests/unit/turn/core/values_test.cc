// The small values of the core: labels, arena, key.
#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>

#include "turn/core/arena.h"
#include "turn/core/key.h"
#include "turn/core/stats.h"

namespace noom::turn {
namespace {

template <typename Enum>
void expect_distinct_labels() {
  std::set<std::string_view> labels;
  for (size_t i = 0; i < count_of<Enum>(); ++i) {
    const std::string_view label = to_string(static_cast<Enum>(i));
    EXPECT_TRUE(labels.insert(label).second) << label;
    EXPECT_EQ(label.find_first_not_of("abcdefghijklmnopqrstuvwxyz_"), label.npos) << label;
    EXPECT_FALSE(label.empty());
  }
}

TEST(Stats, EveryReasonHasALabelOfItsOwn) {
  // House rule 6.
  expect_distinct_labels<Drop>();
  expect_distinct_labels<Reason>();
  expect_distinct_labels<EndReason>();
}

TEST(Stats, EveryRefusalsCodeIsAResultThatIsCounted) {
  for (size_t i = 0; i < count_of<Reason>(); ++i) {
    const auto code = static_cast<uint16_t>(code_of(static_cast<Reason>(i)));
    EXPECT_NE(std::ranges::find(kRequestResults, code), kRequestResults.end()) << code;
  }
}

TEST(Arena, BytesStayWhereTheyAreUntilCleared) {
  Arena arena;
  const MutableBytes first = arena.take(100);
  std::ranges::fill(first, std::byte{1});
  for (int i = 0; i < 1000; ++i) std::ranges::fill(arena.take(1024), std::byte{2});
  EXPECT_TRUE(std::ranges::all_of(first, [](std::byte b) { return b == std::byte{1}; }));
}

TEST(Arena, ReusesItsChunksOnceCleared) {
  Arena arena;
  const std::byte* const first = arena.take(100).data();
  for (int i = 0; i < 1000; ++i) arena.take(1024);
  arena.clear();
  EXPECT_EQ(arena.take(100).data(), first);
}

TEST(Arena, GivesBackTheEndOfTheLatestTake) {
  Arena arena;
  const MutableBytes first = arena.take(100);
  arena.give_back(60);
  EXPECT_EQ(arena.take(10).data(), first.data() + 40);
}

TEST(Arena, TakesMoreThanAChunkHolds) {
  Arena arena;
  for (int round = 0; round < 3; ++round) {
    std::ranges::fill(arena.take(10), std::byte{1});
    std::ranges::fill(arena.take(3 * Arena::kChunkBytes), std::byte{2});
    std::ranges::fill(arena.take(Arena::kChunkBytes), std::byte{3});
    arena.clear();
  }
}

TEST(Key, MovesLeaveNothingBehind) {
  Key key(as_bytes("sixteen bytes 16"));
  const Key copy = key.clone();
  const Key moved = std::move(key);
  EXPECT_EQ(as_text(moved.bytes()), "sixteen bytes 16");
  EXPECT_EQ(as_text(copy.bytes()), "sixteen bytes 16");
  EXPECT_TRUE(key.bytes().empty());  // NOLINT(bugprone-use-after-move): that is the point
}

}  // namespace
}  // namespace noom::turn
