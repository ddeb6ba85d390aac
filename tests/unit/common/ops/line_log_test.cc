// Log lines: their shape is part of the API, and nothing a field holds can break out of its line.
#include "common/ops/line_log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/json.hpp>
#include <thread>

namespace noom::ops {
namespace {

using testing::HasSubstr;

constexpr Wall kTime{std::chrono::milliseconds(1769862896789)};

std::string line(LogFormat format, std::initializer_list<LogField> fields, LogLevel level = LogLevel::kInfo) {
  return format_log_line(format, "noom-turn", kTime, level, "ready", std::span(fields.begin(), fields.size()));
}

// Reads what was written to a pipe so far.
class Pipe {
 public:
  Pipe() { EXPECT_EQ(::pipe(ends_), 0); }
  ~Pipe() {
    ::close(ends_[0]);
    if (ends_[1] >= 0) ::close(ends_[1]);
  }
  int in() const { return ends_[1]; }
  std::string drain() {
    ::close(std::exchange(ends_[1], -1));
    std::string text;
    char chunk[4096];
    for (ssize_t count; (count = ::read(ends_[0], chunk, sizeof chunk)) > 0;)
      text.append(chunk, static_cast<size_t>(count));
    return text;
  }

 private:
  int ends_[2];
};

TEST(LineLogTest, TextLine) {
  EXPECT_EQ(line(LogFormat::kText, {{"listener", "udp://127.0.0.1:3478"}, {"shards", 2}, {"tls", false}}),
            "2026-01-31T12:34:56.789Z INFO noom-turn event=ready listener=udp://127.0.0.1:3478 shards=2 tls=false\n");
}

TEST(LineLogTest, JournalLineHasPriorityAndNoTime) {
  EXPECT_EQ(line(LogFormat::kJournal, {{"shards", 2}}), "<6>noom-turn event=ready shards=2\n");
  EXPECT_EQ(line(LogFormat::kJournal, {}, LogLevel::kError), "<3>noom-turn event=ready\n");
}

TEST(LineLogTest, JsonLine) {
  EXPECT_EQ(line(LogFormat::kJson, {{"user", "ann"}, {"shards", 2}, {"tls", true}}, LogLevel::kWarning),
            "{\"time\":\"2026-01-31T12:34:56.789Z\",\"level\":\"warning\",\"daemon\":\"noom-turn\",\"event\":\"ready\","
            "\"user\":\"ann\",\"shards\":2,\"tls\":true}\n");
}

TEST(LineLogTest, RepeatedKeysBecomeAJsonArray) {
  EXPECT_THAT(line(LogFormat::kJson, {{"listener", "a"}, {"n", 1}, {"listener", "b"}}),
              HasSubstr(",\"listener\":[\"a\",\"b\"],\"n\":1}"));
}

TEST(LineLogTest, HostileTextStaysInsideItsField) {
  const std::initializer_list<LogField> fields = {
      {"user", "ann\n2026-01-31T12:34:56.789Z INFO noom-turn event=forged"}};
  EXPECT_THAT(line(LogFormat::kText, fields),
              HasSubstr(" user=\"ann\\u000a2026-01-31T12:34:56.789Z INFO noom-turn event=forged\"\n"));
  EXPECT_THAT(line(LogFormat::kText, {{"user", "a=b c\"d\\"}}), HasSubstr(" user=\"a=b c\\\"d\\\\\"\n"));
  EXPECT_THAT(line(LogFormat::kText, {{"user", ""}}), HasSubstr(" user=\"\"\n"));
}

TEST(LineLogTest, ControlSequencesNeverReachATerminal) {
  for (const LogFormat format : {LogFormat::kText, LogFormat::kJson}) {
    EXPECT_THAT(line(format, {{"user", "\x1b[2J\x7f"}}), HasSubstr("\\u001b[2J\\u007f"));
    EXPECT_THAT(line(format, {{"user",
                               "\xC2\x9b"
                               "2J"}}),
                HasSubstr("\\u009b2J"));
    EXPECT_THAT(line(format, {{"user", "\xE2\x80\xA8"}}), HasSubstr("\\u2028"));
  }
}

TEST(LineLogTest, EveryByteStringYieldsOneLineOfValidJson) {
  for (int first = 0; first < 256; ++first) {
    for (int second = 0; second < 256; second += 5) {
      const std::string value = {static_cast<char>(first), static_cast<char>(second), 'x'};
      const std::string text = line(LogFormat::kJson, {{"user", value}});
      EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 1);
      boost::system::error_code error;
      boost::json::parse(text, error);
      EXPECT_FALSE(error) << text;
    }
  }
}

TEST(LineLogTest, UnicodeStaysReadable) {
  EXPECT_THAT(line(LogFormat::kText, {{"user", "마트"}}), HasSubstr(" user=\"마트\"\n"));
}

TEST(LineLogTest, NotANumberIsQuotedInJson) {
  EXPECT_THAT(line(LogFormat::kJson, {{"ratio", 0.0 / 0.0}}), testing::ContainsRegex("\"ratio\":\"-?nan\""));
}

TEST(LineLogTest, LevelCanChangeWhileRunning) {
  Pipe pipe;
  LineLog log("d", LogFormat::kText, LogLevel::kWarning, pipe.in());
  log.info("hidden");
  log.set_level(LogLevel::kDebug);
  log.debug("shown");
  EXPECT_THAT(pipe.drain(), testing::AllOf(HasSubstr("event=shown"), testing::Not(HasSubstr("hidden"))));
}

TEST(LineLogTest, LinesOfManyThreadsDoNotMix) {
  Pipe pipe;
  LineLog log("d", LogFormat::kJournal, LogLevel::kInfo, pipe.in());
  std::vector<std::thread> writers;
  for (int i = 0; i < 4; ++i)
    writers.emplace_back([&log] {
      for (int n = 0; n < 100; ++n) log.info("line", {{"filler", std::string(40, 'x')}});
    });
  for (std::thread& writer : writers) writer.join();
  const std::string expected = "<6>d event=line filler=" + std::string(40, 'x') + "\n";
  std::string all;
  for (int i = 0; i < 400; ++i) all += expected;
  EXPECT_EQ(pipe.drain(), all);
}

TEST(LineLogTest, TheJournalIsRecognisedByItsDeviceAndInode) {
  Pipe pipe;
  struct stat facts {};
  ASSERT_EQ(::fstat(pipe.in(), &facts), 0);
  ::setenv("JOURNAL_STREAM", (std::to_string(facts.st_dev) + ":" + std::to_string(facts.st_ino)).c_str(), 1);
  EXPECT_TRUE(is_journal(pipe.in()));
  ::setenv("JOURNAL_STREAM", "1:2", 1);
  EXPECT_FALSE(is_journal(pipe.in()));
  ::unsetenv("JOURNAL_STREAM");
  EXPECT_FALSE(is_journal(pipe.in()));
}

}  // namespace
}  // namespace noom::ops
