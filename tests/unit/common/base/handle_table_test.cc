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

}  // namespace
}  // namespace noom
