// The replay ring against a list that forgets nothing.
#include "signal/core/replay_ring.h"

#include <gtest/gtest.h>

#include "common/base/random.h"

namespace noom::signal {
namespace {

Text text(std::string_view content) {
  return std::make_shared<const std::string>(content);
}

TEST(ReplayRing, GivesWhatCameAfterWhatWasReceived) {
  ReplayRing ring;
  for (const char* content : {"a", "b", "c"}) ring.append(text(content), 10'000);
  EXPECT_EQ(ring.appended(), 3u);
  ASSERT_EQ(ring.after(1)->size(), 2u);
  EXPECT_EQ(*(*ring.after(1))[0], "b");
  EXPECT_TRUE(ring.after(3)->empty());
  EXPECT_FALSE(ring.after(4)) << "more than there were";
}

TEST(ReplayRing, WhatWasConfirmedIsGone) {
  ReplayRing ring;
  for (const char* content : {"a", "b", "c"}) ring.append(text(content), 10'000);
  ring.acknowledge(2);
  EXPECT_FALSE(ring.after(1));
  EXPECT_EQ(ring.after(2)->size(), 1u);
  ring.acknowledge(1);
  ring.acknowledge(9);
  EXPECT_EQ(ring.after(2)->size(), 1u);
}

TEST(ReplayRing, BeyondItsBytesTheOldestGo) {
  ReplayRing ring;
  for (int i = 0; i < 100; ++i) {
    ring.append(text(std::string(36, 'x')), 1'000);
    EXPECT_LE(ring.bytes(), 1'000u);
  }
  EXPECT_EQ(ring.kept().size(), 10u);
  EXPECT_FALSE(ring.after(89));
  EXPECT_TRUE(ring.after(90));
}

TEST(ReplayRing, AMessageLargerThanTheRingLeavesItEmpty) {
  ReplayRing ring;
  ring.append(text(std::string(2'000, 'x')), 1'000);
  EXPECT_EQ(ring.bytes(), 0u);
  EXPECT_FALSE(ring.after(0));
  EXPECT_TRUE(ring.after(1));
}

TEST(ReplayRing, AgreesWithAListThatForgetsNothing) {
  SeededRandom random(5);
  ReplayRing ring;
  std::vector<std::string> all;
  uint64_t first = 0;
  for (int i = 0; i < 20'000; ++i) {
    if (random.below(3) > 0) {
      all.push_back(std::to_string(i));
      ring.append(text(all.back()), 3'000);
    } else if (const uint64_t received = first + random.below(40); received <= all.size()) {
      ring.acknowledge(received);
      first = std::max(first, received);
    }
    first = ring.appended() - ring.kept().size();
    ASSERT_EQ(ring.appended(), all.size());
    size_t bytes = 0;
    for (size_t k = 0; k < ring.kept().size(); ++k) {
      ASSERT_EQ(*ring.kept()[k], all[first + k]);
      bytes += ring.kept()[k]->size() + kReplayEntryBytes;
    }
    ASSERT_EQ(ring.bytes(), bytes);
  }
}

}  // namespace
}  // namespace noom::signal
