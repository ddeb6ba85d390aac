// Lines that wait on disk: kept through a crash, given once, bounded.
#include "common/usage/spool.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>

#include <optional>

#include "tests/unit/common/usage/scratch_folder.h"

namespace noom {
namespace {

class SpoolTest : public testing::Test {
 protected:
  Spool& open(SpoolLimits limits = {}) {
    spool_.reset();
    spool_ = Spool::open(folder_.path() + "/spool", limits).value();
    return *spool_;
  }
  static std::string take(Spool& spool, size_t bytes_max = 1 << 20) {
    const Spool::Batch batch = spool.next(bytes_max);
    if (batch.count > 0) spool.take(batch);
    return batch.lines;
  }
  size_t files() const {
    size_t count = 0;
    for (const auto& entry : std::filesystem::directory_iterator(folder_.path() + "/spool"))
      count += entry.path().extension() == ".jsonl";
    return count;
  }

  ScratchFolder folder_;
  std::optional<Spool> spool_;
};

TEST_F(SpoolTest, GivesLinesInTheirOrderAndOnce) {
  Spool& spool = open();
  EXPECT_EQ(spool.next(100).count, 0U);
  for (const char* line : {"one", "two", "three"}) EXPECT_EQ(spool.append(line), Spool::Kept::kYes);
  const Spool::Batch batch = spool.next(100);
  EXPECT_EQ(batch.lines, "one\ntwo\nthree\n");
  EXPECT_EQ(batch.count, 3U);
  EXPECT_EQ(spool.next(100).lines, batch.lines);  // until they are taken
  spool.take(batch);
  EXPECT_EQ(spool.next(100).count, 0U);
  spool.append("four");
  EXPECT_EQ(take(spool), "four\n");
}

TEST_F(SpoolTest, ABatchHoldsWholeLinesUpToItsSize) {
  Spool& spool = open();
  spool.append("first");
  spool.append("second");
  spool.append(std::string(100, 'x'));
  EXPECT_EQ(take(spool, 14), "first\nsecond\n");
  EXPECT_EQ(take(spool, 14), std::string(100, 'x') + "\n");  // longer than any batch: alone
}

TEST_F(SpoolTest, WhatWaitsIsThereAfterTheProcessHasGone) {
  open().append("one");
  spool_->append("two");
  EXPECT_EQ(take(open(), 4), "one\n");  // a new process, which takes a part
  Spool& third = open();
  third.append("three");
  EXPECT_EQ(take(third), "two\n");
  EXPECT_EQ(take(third), "three\n");
  EXPECT_EQ(take(third), "");
}

TEST_F(SpoolTest, APartOfALineIsNone) {
  open().append("whole");
  std::ofstream(folder_.path() + "/spool/usage-0000000001.jsonl", std::ios::app) << "{\"torn\":";
  Spool& next = open();
  next.append("after");
  EXPECT_EQ(take(next), "whole\n");
  EXPECT_EQ(take(next), "after\n");
  EXPECT_EQ(take(next), "");
}

TEST_F(SpoolTest, SegmentsThatWereTakenAreRemoved) {
  Spool& spool = open({.bytes_max = 1 << 20, .segment_bytes = 10});
  for (int i = 0; i < 10; ++i) spool.append("0123456789");
  EXPECT_EQ(files(), 10U);
  EXPECT_EQ(spool.bytes(), 110U);
  while (!take(spool).empty()) {
  }
  EXPECT_EQ(files(), 1U);
  EXPECT_EQ(spool.bytes(), 11U);
}

TEST_F(SpoolTest, AFullSpoolKeepsNothingMoreUntilThereIsRoom) {
  Spool& spool = open({.bytes_max = 33, .segment_bytes = 10});
  for (int i = 0; i < 3; ++i) EXPECT_EQ(spool.append("0123456789"), Spool::Kept::kYes);
  EXPECT_EQ(spool.append("0123456789"), Spool::Kept::kFull);
  take(spool);
  EXPECT_EQ(spool.append("0123456789"), Spool::Kept::kYes);
  // Without a receiver, somebody collects the files.
  EXPECT_EQ(spool.append("0123456789"), Spool::Kept::kFull);
  std::filesystem::remove(folder_.path() + "/spool/usage-0000000002.jsonl");
  spool.sync();
  EXPECT_EQ(spool.append("0123456789"), Spool::Kept::kYes);
}

TEST_F(SpoolTest, ADiskThatTakesNothingIsSaid) {
  Spool& spool = open({.bytes_max = 1 << 20, .segment_bytes = 4});
  EXPECT_EQ(spool.append("kept"), Spool::Kept::kYes);
  std::filesystem::remove_all(folder_.path() + "/spool");
  EXPECT_EQ(spool.append("next segment"), Spool::Kept::kFailed);
  EXPECT_NE(spool.failure().find("No such file or directory"), std::string::npos) << spool.failure();
}

// As a full disk does: the file takes a part of the line, and no more.
TEST_F(SpoolTest, ALineThatTheDiskHasNoRoomForLeavesNothing) {
  Spool& spool = open();
  ::signal(SIGXFSZ, SIG_IGN);
  rlimit before{};
  ::getrlimit(RLIMIT_FSIZE, &before);
  const rlimit small{.rlim_cur = 20, .rlim_max = before.rlim_max};
  ::setrlimit(RLIMIT_FSIZE, &small);
  EXPECT_EQ(spool.append("0123456789"), Spool::Kept::kYes);
  EXPECT_EQ(spool.append("abcdefghij"), Spool::Kept::kFailed);
  ::setrlimit(RLIMIT_FSIZE, &before);
  EXPECT_EQ(spool.append("again"), Spool::Kept::kYes);
  EXPECT_EQ(take(spool), "0123456789\nagain\n");
}

TEST_F(SpoolTest, AFolderThatCannotBeMadeIsAnError) {
  const auto spool = Spool::open("/proc/nowhere", {});
  EXPECT_FALSE(spool.ok());
}

}  // namespace
}  // namespace noom
