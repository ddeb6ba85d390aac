// Order, retries and bounds of what waits for one receiver.
#include "common/post/post_queue.h"

#include <gtest/gtest.h>

namespace noom {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class PostQueueTest : public testing::Test {
 protected:
  void push(std::string_view room, std::string id) {
    dropped_ += queue_.push(now_, room, std::make_shared<const Post>(Post{std::move(id), "{}"}));
  }
  // The ids of all that is to be sent now; `lanes_` has the lane of the last.
  std::vector<std::string> take_all() {
    std::vector<std::string> ids;
    while (const auto due = queue_.take(now_)) {
      ids.push_back(due->event->id);
      lane_ = due->lane;
    }
    return ids;
  }
  void pass(Duration time) { now_.mono += time; }

  Now now_{Mono(seconds(100)), Wall(seconds(1'700'000'000))};
  SeededRandom random_{1};
  PostQueue queue_{
      {.events_max = 4, .retry_for = seconds(60), .backoff_first = milliseconds(500), .backoff_max = seconds(8)}};
  size_t dropped_ = 0;
  size_t lane_ = 0;
};

TEST_F(PostQueueTest, OneRoomsEventsGoOneAfterTheOther) {
  push("a", "1");
  push("a", "2");
  EXPECT_EQ(take_all(), std::vector<std::string>{"1"});
  EXPECT_EQ(queue_.next_deadline(), std::nullopt);
  EXPECT_FALSE(queue_.on_result(now_, lane_, true, random_));
  EXPECT_EQ(take_all(), std::vector<std::string>{"2"});
  EXPECT_FALSE(queue_.on_result(now_, lane_, true, random_));
  EXPECT_EQ(queue_.size(), 0u);
}

TEST_F(PostQueueTest, RoomsOfOtherLanesDoNotWait) {
  push("a", "1");
  push("a", "2");
  push("another-room", "3");
  push("c", "4");
  EXPECT_GT(take_all().size(), 1u);
}

TEST_F(PostQueueTest, WhatIsRefusedIsTriedAgainLaterAndLater) {
  push("a", "1");
  push("a", "2");
  Duration longest{};
  for (int i = 0; i < 6; ++i) {
    ASSERT_EQ(take_all(), std::vector<std::string>{"1"}) << i;
    EXPECT_FALSE(queue_.on_result(now_, lane_, false, random_));
    const Duration whole = std::min<Duration>(seconds(8), milliseconds(500) * (1 << i));
    const Duration wait = *queue_.next_deadline() - now_.mono;
    EXPECT_GE(wait, whole / 2);
    EXPECT_LE(wait, whole);
    longest = std::max(longest, wait);
    EXPECT_TRUE(take_all().empty());
    pass(wait);
  }
  EXPECT_GE(longest, seconds(4));
  ASSERT_EQ(take_all(), std::vector<std::string>{"1"});
  EXPECT_FALSE(queue_.on_result(now_, lane_, true, random_));
  ASSERT_EQ(take_all(), std::vector<std::string>{"2"});
  EXPECT_FALSE(queue_.on_result(now_, lane_, false, random_));
  EXPECT_LE(*queue_.next_deadline() - now_.mono, milliseconds(500)) << "the next one begins anew";
}

TEST_F(PostQueueTest, WhatIsRefusedForTooLongIsDroppedAndTheNextOneGetsItsTurn) {
  push("a", "1");
  pass(seconds(30));
  push("a", "2");
  pass(seconds(30));
  ASSERT_EQ(take_all(), std::vector<std::string>{"1"});
  EXPECT_TRUE(queue_.on_result(now_, lane_, false, random_));
  pass(seconds(8));
  EXPECT_EQ(take_all(), std::vector<std::string>{"2"});
  EXPECT_FALSE(queue_.on_result(now_, lane_, false, random_));
}

TEST_F(PostQueueTest, BeyondTheLimitTheOldestGoesButNotOneThatIsBeingSent) {
  push("a", "1");
  ASSERT_EQ(take_all(), std::vector<std::string>{"1"});
  for (const char* id : {"2", "3", "4"}) push("a", id);
  EXPECT_EQ(dropped_, 0u);
  push("a", "5");
  EXPECT_EQ(dropped_, 1u);
  EXPECT_EQ(queue_.size(), 4u);
  for (const char* id : {"3", "4", "5"}) {
    EXPECT_FALSE(queue_.on_result(now_, lane_, true, random_));
    EXPECT_EQ(take_all(), std::vector<std::string>{id});
  }
}

TEST_F(PostQueueTest, TheOldestOfAllLanesGoes) {
  push("a", "1");
  push("b", "2");
  push("b", "3");
  push("b", "4");
  push("b", "5");
  EXPECT_EQ(dropped_, 1u);
  EXPECT_EQ(take_all(), std::vector<std::string>{"2"}) << "room a has nothing left";
}

}  // namespace
}  // namespace noom
