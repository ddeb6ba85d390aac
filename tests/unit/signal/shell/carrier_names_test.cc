// Names that lead to a node, and that only nodes with the key can make.
#include "signal/shell/carrier_names.h"

#include <gtest/gtest.h>

#include "signal/core/cluster/node_tag.h"

namespace noom::signal {
namespace {

class CarrierNamesTest : public testing::Test {
 protected:
  SeededRandom random_{1};
  const Secret key_{std::string_view("0123456789abcdef0123456789abcdef")};
};

TEST_F(CarrierNamesTest, AnyNodeWithTheKeyKnowsWhereANameBelongs) {
  CarrierNames a(key_, random_), b(key_, random_);
  a.set_node(node_tag({"a.example", 7}));
  b.set_node(node_tag({"b.example", 7}));
  const std::string name = a.draw();
  EXPECT_LE(name.size(), kCarrierNameBytesMax);
  EXPECT_EQ(b.node_of(name), node_tag({"a.example", 7}));
  EXPECT_FALSE(b.is_own(*b.node_of(name)));
  EXPECT_TRUE(a.is_own(*a.node_of(name)));
  EXPECT_NE(a.draw(), name);
}

TEST_F(CarrierNamesTest, EachStartOfANodeHasATagOfItsOwn) {
  EXPECT_NE(node_tag({"a", 1}), node_tag({"a", 2}));
  EXPECT_NE(node_tag({"a", 1}), node_tag({"b", 1}));
}

TEST_F(CarrierNamesTest, ANameThatWasChangedAnywhereIsNone) {
  CarrierNames names(key_, random_);
  const std::string name = names.draw();
  ASSERT_TRUE(names.node_of(name));
  for (size_t i = 0; i < name.size(); ++i) {
    std::string changed = name;
    changed[i] = changed[i] == 'A' ? 'B' : 'A';
    EXPECT_FALSE(names.node_of(changed)) << i;
    EXPECT_FALSE(names.node_of(name.substr(0, i))) << i;
  }
  EXPECT_FALSE(names.node_of(name + "A"));
}

TEST_F(CarrierNamesTest, WithoutAKeyNobodyElseMakesThem) {
  CarrierNames one(Secret(), random_), other(Secret(), random_);
  EXPECT_FALSE(other.node_of(one.draw()));
}

}  // namespace
}  // namespace noom::signal
