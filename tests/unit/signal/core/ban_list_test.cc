// Who is kept out of a room, for how long, and how many are remembered.
#include "signal/core/ban_list.h"

#include <gtest/gtest.h>

#include "common/base/random.h"
#include "signal/core/room_password.h"

namespace noom::signal {
namespace {

using std::chrono::seconds;

constexpr Mono kNow{std::chrono::hours(1)};

Visitor nobody(std::string session, std::string mark = "") {
  return {{}, std::move(session), std::move(mark)};
}

TEST(BanListTest, HoldsToSessionAndNetworkOfWhoHasNoIdentity) {
  BanList list;
  list.add(kNow, nobody("s_1", "net"), kNow + seconds(10));
  EXPECT_EQ(list.until(kNow, nobody("s_1", "else")), kNow + seconds(10));
  EXPECT_EQ(list.until(kNow, nobody("s_2", "net")), kNow + seconds(10));
  EXPECT_FALSE(list.until(kNow, nobody("s_2", "else")));
  EXPECT_FALSE(list.until(kNow, {"user", "s_2", "net"})) << "somebody vouches for the user";
  EXPECT_TRUE(list.until(kNow, {"user", "s_1", "net"}));
}

TEST(BanListTest, AnUnknownNetworkIsNobodys) {
  BanList list;
  list.add(kNow, nobody("s_1"), kNow + seconds(10));
  EXPECT_FALSE(list.until(kNow, nobody("s_2")));
}

TEST(BanListTest, TheLongestBanCountsAndEndedOnesDoNot) {
  BanList list;
  list.add(kNow, nobody("s_1"), kNow + seconds(10));
  list.add(kNow, nobody("s_1"), kNow + seconds(5));
  EXPECT_EQ(list.until(kNow, nobody("s_1")), kNow + seconds(10));
  EXPECT_TRUE(list.until(kNow + seconds(9), nobody("s_1")));
  EXPECT_FALSE(list.until(kNow + seconds(10), nobody("s_1")));
}

TEST(BanListTest, IsBoundedAndGivesUpWhatEndsFirst) {
  BanList list;
  for (size_t i = 0; i < kBansMax; ++i) list.add(kNow, nobody("s_" + std::to_string(i)), kNow + seconds(100 + i));
  list.add(kNow, nobody("s_last"), kNow + seconds(50));
  EXPECT_EQ(list.bans().size(), kBansMax);
  EXPECT_FALSE(list.until(kNow, nobody("s_0")));
  EXPECT_TRUE(list.until(kNow, nobody("s_1")));
  EXPECT_TRUE(list.until(kNow, nobody("s_last")));
  list.add(kNow + seconds(1000), nobody("s_new"), kNow + seconds(2000));
  EXPECT_EQ(list.bans().size(), 1u);
}

TEST(RoomPasswordTest, OnlyTheWholePasswordMatchesAndEqualOnesLookDifferent) {
  SeededRandom random(1);
  const RoomPassword password = RoomPassword::make(random, "tulip");
  EXPECT_TRUE(password.matches("tulip"));
  for (const std::string_view wrong : {"", "tuli", "tulip ", "Tulip"}) EXPECT_FALSE(password.matches(wrong));
  EXPECT_NE(RoomPassword::make(random, "tulip").hash, password.hash);
  EXPECT_EQ(password.hash.find("tulip"), std::string::npos);
}

}  // namespace
}  // namespace noom::signal
