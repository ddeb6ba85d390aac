#include "signal/core/ended_rooms.h"

#include <gtest/gtest.h>

namespace noom::signal {
namespace {

constexpr Mono kStart{std::chrono::hours(1)};
Mono after(int seconds) {
  return kStart + std::chrono::seconds(seconds);
}

TEST(EndedRooms, AreKnownByTheirTagsUntilTheirTimeIsOver) {
  EndedRooms rooms;
  rooms.add(kStart, {"r_one", "Good night.", after(120)});
  ASSERT_NE(rooms.find(after(119), "r_one"), nullptr);
  EXPECT_EQ(rooms.find(after(119), "r_one")->message, "Good night.");
  EXPECT_EQ(rooms.find(after(120), "r_one"), nullptr);
  EXPECT_EQ(rooms.find(after(1), "r_two"), nullptr);
}

TEST(EndedRooms, TheFirstOfTooManyIsForgotten) {
  EndedRooms rooms;
  for (size_t i = 0; i <= kEndedRoomsMax; ++i) rooms.add(kStart, {std::to_string(i), "", after(120)});
  EXPECT_EQ(rooms.find(kStart, "0"), nullptr);
  EXPECT_NE(rooms.find(kStart, "1"), nullptr);
  EXPECT_NE(rooms.find(kStart, std::to_string(kEndedRoomsMax)), nullptr);
}

}  // namespace
}  // namespace noom::signal
