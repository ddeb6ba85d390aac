#include "common/base/handle_table.h"

#include <gtest/gtest.h>

namespace noom {
namespace {

struct Tag;

TEST(HandleTable, AStaleHandleFindsNothing) {
  HandleTable<Tag, int> table;
  const auto first = table.insert(1);
  EXPECT_TRUE(table.erase(first));
  const auto second = table.insert(2);
  EXPECT_EQ(second.index, first.index) << "slots are reused";
  EXPECT_EQ(table.find(first), nullptr);
  EXPECT_FALSE(table.erase(first));
  ASSERT_NE(table.find(second), nullptr);
  EXPECT_EQ(*table.find(second), 2);
  EXPECT_EQ(table.size(), 1U);
  EXPECT_EQ(table.at_index(second.index), second);
}

TEST(HandleTable, AnInvalidHandleFindsNothing) {
  HandleTable<Tag, int> table;
  EXPECT_EQ(table.find({}), nullptr);
  EXPECT_FALSE(table.at_index(0).valid());
}

TEST(HandleTable, TakesWhatAnotherTableHadUnderTheSameHandles) {
  HandleTable<Tag, int> before;
  const auto gone = before.insert(1);
  const auto kept = before.insert(2);
  before.erase(gone);
  const auto newer = before.insert(3);
  before.erase(newer);
  HandleTable<Tag, int> after;
  after.begin_at_generation(before.unused_generation());
  EXPECT_TRUE(after.insert_at(kept, 2));
  EXPECT_FALSE(after.insert_at(kept, 2));
  EXPECT_EQ(2, *after.find(kept));
  EXPECT_EQ(1u, after.size());
  for (int i = 0; i < 3; ++i) {
    const auto fresh = after.insert(i);
    EXPECT_NE(fresh, gone);
    EXPECT_NE(fresh, newer);
  }
  EXPECT_EQ(nullptr, after.find(gone));
  EXPECT_EQ(nullptr, after.find(newer));
}

}  // namespace
}  // namespace noom
