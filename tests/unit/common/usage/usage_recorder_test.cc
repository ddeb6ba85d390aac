// Records as they stand in the spool; their delivery is in tests/e2e/usage_test.py.
#include "common/usage/usage_recorder.h"

#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <chrono>
#include <thread>
#include <vector>

#include "tests/unit/common/usage/scratch_folder.h"

namespace noom {
namespace {

class Silent final : public LogSink {
 public:
  bool enabled(LogLevel) const override { return true; }
  void log(LogLevel, std::string_view, std::initializer_list<LogField>) override {}
};

std::vector<boost::json::object> records(const ScratchFolder& folder) {
  std::vector<boost::json::object> parsed;
  std::istringstream text(folder.lines());
  for (std::string line; std::getline(text, line);) parsed.push_back(boost::json::parse(line).as_object());
  return parsed;
}

TEST(UsageRecorderTest, EveryRecordIsWholeAndNamed) {
  ScratchFolder folder;
  Silent log;
  UsageSettings settings;
  settings.folder = folder.path();
  settings.node = "relay-1";
  const Wall at{std::chrono::milliseconds(1764000000123)};
  {
    auto recorder = UsageRecorder::start(std::move(settings), log).value();
    recorder->record("allocation.start", at, R"("username":"a\"b")");
    recorder->record_whole(R"({"id":"evt_1","type":"room.started"})");
  }
  const auto found = records(folder);
  ASSERT_EQ(found.size(), 4U);
  EXPECT_EQ(found[0].at("type"), "node.on");
  EXPECT_EQ(found[1].at("type"), "allocation.start");
  EXPECT_EQ(found[1].at("time"), 1764000000.123);
  EXPECT_EQ(found[1].at("node"), "relay-1");
  EXPECT_EQ(found[1].at("username"), "a\"b");
  EXPECT_EQ(found[2].at("id"), "evt_1");
  EXPECT_EQ(found[3].at("type"), "node.off");
  EXPECT_EQ(found[0].at("boot"), found[3].at("boot"));
  EXPECT_NE(found[0].at("id"), found[1].at("id"));
}

TEST(UsageRecorderTest, WhatWaitsForASlowDiskIsBoundedAndCounted) {
  ScratchFolder folder;
  Silent log;
  UsageSettings settings;
  settings.folder = folder.path();
  settings.queue_max = 0;
  auto recorder = UsageRecorder::start(std::move(settings), log).value();
  for (int i = 0; i < 3; ++i) recorder->record("allocation.start", Wall{}, "");
  const Counter& dropped = recorder->stats().drops[UsageDrop::kQueueFull];
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (dropped.value() < 3 && std::chrono::steady_clock::now() < deadline) std::this_thread::yield();
  EXPECT_EQ(dropped.value(), 3U);
  EXPECT_EQ(records(folder).size(), 1U);
}

TEST(UsageRecorderTest, AnotherProcessHasOtherIds) {
  ScratchFolder folder;
  Silent log;
  for (int i = 0; i < 2; ++i) {
    UsageSettings settings;
    settings.folder = folder.path();
    UsageRecorder::start(std::move(settings), log).value().reset();
  }
  const auto found = records(folder);
  ASSERT_EQ(found.size(), 4U);
  EXPECT_NE(found[0].at("boot"), found[2].at("boot"));
  EXPECT_NE(found[0].at("id"), found[2].at("id"));
}

}  // namespace
}  // namespace noom
