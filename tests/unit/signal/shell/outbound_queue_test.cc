// What waits for a reader: bounds, stubs, and what is on its way.
#include "signal/shell/outbound_queue.h"

#include <gtest/gtest.h>

namespace noom::signal {
namespace {

constexpr CarrierLimits kLimits{.frame_bytes_max = 100, .outbound_bytes_max = 40, .coalesce_bytes = 20};

Delivery text(std::string_view text, uint64_t subject = 0) {
  Delivery delivery;
  delivery.text = std::make_shared<const std::string>(text);
  delivery.subject = subject;
  if (subject != 0) delivery.stub = std::make_shared<const std::string>("-");
  return delivery;
}

class OutboundQueueTest : public testing::Test {
 protected:
  std::string all() {
    std::string joined;
    for (size_t i = 0; i < queue_.size(); ++i) joined += queue_.at(i) + " ";
    return joined;
  }
  ShellStats stats_;
  OutboundQueue queue_{kLimits, stats_};
};

TEST_F(OutboundQueueTest, BeyondItsBytesAReaderIsTooSlow) {
  EXPECT_TRUE(queue_.push(text(std::string(40, 'a'))));
  EXPECT_FALSE(queue_.push(text("b")));
  EXPECT_EQ(stats_.queued_bytes.value(), 41u);
}

TEST_F(OutboundQueueTest, WhatHasArrivedMakesRoom) {
  queue_.push(text(std::string(40, 'a')));
  EXPECT_EQ(queue_.take(0), 1u);
  queue_.release(1);
  EXPECT_EQ(queue_.size(), 0u);
  EXPECT_TRUE(queue_.push(text(std::string(40, 'b'))));
  EXPECT_EQ(stats_.queued_bytes.value(), 40u);
}

TEST_F(OutboundQueueTest, TakesOneTextAtLeastAndNoMoreThanTheBytesTogether) {
  for (const char* one : {"aaaa", "bbbb", "cccc"}) queue_.push(text(one));
  EXPECT_EQ(queue_.take(0), 1u);
  EXPECT_EQ(queue_.take(0), 1u);
  queue_.release(1);
  EXPECT_EQ(queue_.taken(), 1u);
  EXPECT_EQ(queue_.take(8), 1u);
  EXPECT_EQ(queue_.take(8), 0u);
  EXPECT_EQ(all(), "bbbb cccc ");
}

TEST_F(OutboundQueueTest, PointlessTextsBecomeStubsUnlessTheyAreOnTheirWay) {
  queue_.push(text("1111111", 7));
  queue_.take(0);
  queue_.push(text("2222222", 7));
  queue_.push(text("3333333", 8));
  EXPECT_EQ(all(), "1111111 2222222 3333333 ") << "nothing is dropped below coalesce_bytes";
  queue_.push(text("4444444", 7));
  EXPECT_EQ(all(), "1111111 - 3333333 4444444 ");
  EXPECT_EQ(stats_.superseded.value(), 1u);
  EXPECT_EQ(stats_.queued_bytes.value(), 22u);
}

TEST_F(OutboundQueueTest, DroppingKeepsWhatIsOnItsWay) {
  for (const char* one : {"a", "b", "c"}) queue_.push(text(one));
  queue_.take(0);
  queue_.drop_waiting();
  EXPECT_EQ(all(), "a ");
  EXPECT_EQ(stats_.queued_bytes.value(), 1u);
}

TEST_F(OutboundQueueTest, KeepsItsOrderOverManyPartialReleases) {
  const CarrierLimits roomy{.frame_bytes_max = 0, .outbound_bytes_max = 1 << 20, .coalesce_bytes = 1 << 20};
  OutboundQueue queue(roomy, stats_);
  size_t pushed = 0;
  size_t seen = 0;
  for (int round = 0; round < 1000; ++round) {
    for (int i = 0; i < 3; ++i) queue.push(text(std::to_string(pushed++)));
    for (size_t taken = queue.take(6); taken > 0 && queue.taken() > 0;) {
      EXPECT_EQ(queue.at(0), std::to_string(seen++));
      queue.release(1);
    }
  }
  EXPECT_EQ(seen + queue.size(), pushed);
}

TEST_F(OutboundQueueTest, ItsBytesAreNobodysWhenItEnds) {
  {
    OutboundQueue gone(kLimits, stats_);
    gone.push(text("abc"));
    EXPECT_EQ(stats_.queued_bytes.value(), 3u);
  }
  EXPECT_EQ(stats_.queued_bytes.value(), 0u);
}

}  // namespace
}  // namespace noom::signal
