// LogSink that writes lines to a file descriptor: text for people and the journal, or JSON. One write(2) a line.
// Whatever a field holds, a line stays a line: control characters, quotes and non-UTF-8 bytes are escaped.
//
//   2026-01-31T12:34:56.789Z INFO noom-turn event=ready listener=udp://127.0.0.1:3478
//   <6>noom-turn event=ready listener=udp://127.0.0.1:3478                     (under systemd: the journal has the
//   time)
//   {"time":"2026-01-31T12:34:56.789Z","level":"info","daemon":"noom-turn","event":"ready","listener":["udp://127.0.0.1:3478"]}
#pragma once

#include <atomic>
#include <mutex>
#include <span>
#include <string>
#include <string_view>

#include "common/base/log.h"
#include "common/base/time.h"
#include "common/ops/log_redaction.h"

namespace noom::ops {

enum class LogFormat : uint8_t { kText, kJournal, kJson };

// True when `fd` is connected to the journal (JOURNAL_STREAM names its device and inode, systemd.exec(5)).
bool is_journal(int fd);

// Formats one line with its newline. Pure. A key that occurs more than once becomes an array in JSON.
std::string format_log_line(LogFormat format, std::string_view daemon, Wall time, LogLevel level,
                            std::string_view event, std::span<const LogField> fields);

// Thread-safe. Does not own the descriptor. kText turns into kJournal by itself where the descriptor is the journal.
class LineLog final : public LogSink {
 public:
  LineLog(std::string daemon, LogFormat format, LogLevel level, int fd);
  bool enabled(LogLevel level) const override { return level >= level_.load(std::memory_order_relaxed); }
  void log(LogLevel level, std::string_view event, std::initializer_list<LogField> fields) override;
  void log(LogLevel level, std::string_view event, std::span<const LogField> fields);
  void set_addresses(LogAddresses addresses) { addresses_.store(addresses, std::memory_order_relaxed); }
  void set_level(LogLevel level) { level_.store(level, std::memory_order_relaxed); }

 private:
  const std::string daemon_;
  const LogFormat format_;
  std::atomic<LogLevel> level_;
  std::atomic<LogAddresses> addresses_ = LogAddresses::kFull;
  const int fd_;
  std::mutex writing_;
};

}  // namespace noom::ops
