#include "signal/core/live_revocations.h"

#include <gtest/gtest.h>

namespace noom::signal {
namespace {

using std::chrono::hours;
using std::chrono::seconds;

constexpr Wall kNow{hours(24 * 365 * 50)};

RelayStatus relay(uint64_t incarnation, uint64_t connects) {
  return {.node = "turn1", .urls = {}, .incarnation = incarnation, .connects = connects};
}

TEST(LiveRevocations, AreKeptUntilTheyEndByThemselves) {
  LiveRevocations live;
  live.add(kNow, {"r_1.p_1", kNow + seconds(10)});
  live.add(kNow, {"r_1.", kNow + seconds(20)});
  live.add(kNow, {"r_2.p_1", kNow});
  ASSERT_EQ(live.live(kNow).size(), 2u);
  EXPECT_EQ(live.live(kNow)[0].username, "r_1.");
  live.add(kNow, {"r_1.p_1", kNow + seconds(30)});
  live.add(kNow, {"r_1.p_1", kNow + seconds(5)});
  const auto later = live.live(kNow + seconds(25));
  ASSERT_EQ(later.size(), 1u);
  EXPECT_EQ(later[0].username, "r_1.p_1");
  EXPECT_EQ(later[0].until, kNow + seconds(30));
  EXPECT_TRUE(live.live(kNow + seconds(30)).empty());
}

TEST(LiveRevocations, UsersOfTheRelaysOwnAreNotTakenBackTwice) {
  LiveRevocations live;
  for (const char* name : {"ann", "r_ann", "ann.", "", "."}) live.add(kNow, {name, kNow + hours(1)});
  EXPECT_TRUE(live.live(kNow).empty());
}

TEST(LiveRevocations, BeyondTheLimitThoseGoFirstThatEndFirst) {
  LiveRevocations live;
  for (size_t i = 0; i <= LiveRevocations::kMax; ++i)
    live.add(kNow, {"r_1.p_" + std::to_string(i), kNow + seconds(10'000 - i)});
  const auto kept = live.live(kNow);
  EXPECT_EQ(kept.size(), LiveRevocations::kMax);
  for (const Revocation& one : kept) EXPECT_NE(one.username, "r_1.p_" + std::to_string(LiveRevocations::kMax));
}

TEST(LiveRevocations, ARelayMayHaveMissedSomethingWhenItIsNewOrStartedOrConnectedAgain) {
  LiveRevocations live;
  EXPECT_TRUE(live.may_have_missed(relay(1, 1)));
  EXPECT_FALSE(live.may_have_missed(relay(1, 1)));
  EXPECT_TRUE(live.may_have_missed(relay(1, 2)));
  EXPECT_TRUE(live.may_have_missed(relay(2, 1)));
  EXPECT_FALSE(live.may_have_missed(relay(2, 1)));
}

TEST(LiveRevocations, RelaysAreCountedToALimit) {
  LiveRevocations live;
  for (size_t i = 0; i < LiveRevocations::kRelaysMax + 5; ++i) {
    RelayStatus status = relay(1, 1);
    status.node = std::to_string(i);
    EXPECT_EQ(live.may_have_missed(status), i < LiveRevocations::kRelaysMax);
  }
}

}  // namespace
}  // namespace noom::signal
