#include "signal/core/cluster/rendezvous.h"

#include <gtest/gtest.h>

#include <array>
#include <string>
#include <vector>

namespace noom::signal {
namespace {

size_t owner(std::string_view room, const std::vector<std::string>& nodes) {
  size_t best = 0;
  for (size_t i = 1; i < nodes.size(); ++i)
    if (rendezvous_weight(stable_hash(nodes[i]), stable_hash(room)) >
        rendezvous_weight(stable_hash(nodes[best]), stable_hash(room)))
      best = i;
  return best;
}

TEST(Rendezvous, IsTheSameInEveryBuild) {
  EXPECT_EQ(stable_hash(""), 0xf52a15e9a9b5e89bu);
  EXPECT_EQ(stable_hash("lobby"), 0x9cef5397b504887du);
  EXPECT_EQ(rendezvous_weight(stable_hash("node-1"), stable_hash("lobby")), 0x6742dec658fba1c4u);
}

TEST(Rendezvous, GivesEveryNodeItsShare) {
  const std::vector<std::string> nodes = {"signal-1", "signal-2", "signal-3", "signal-4", "signal-5"};
  std::array<int, 5> rooms{};
  for (int i = 0; i < 50'000; ++i) ++rooms[owner("room-" + std::to_string(i), nodes)];
  for (const int share : rooms) EXPECT_NEAR(share, 10'000, 400);
}

TEST(Rendezvous, ANodeThatLeavesTakesNoOthersRoomAlong) {
  const std::vector<std::string> all = {"a", "b", "c", "d"};
  const std::vector<std::string> fewer = {"a", "b", "c"};
  for (int i = 0; i < 1000; ++i) {
    const std::string room = std::to_string(i);
    const size_t before = owner(room, all);
    EXPECT_TRUE(before == 3 || owner(room, fewer) == before);
  }
}

}  // namespace
}  // namespace noom::signal
