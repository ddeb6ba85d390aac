// Structured log events as values: an event name and key=value fields. What a core wants said goes through its Output
// or its return values; shells and ops call a LogSink. Where lines go and how they look (text, JSON, journal) is
// common/ops.
#pragma once

#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <type_traits>

namespace noom {

enum class LogLevel : uint8_t { kDebug, kInfo, kWarning, kError };
std::string_view to_string(LogLevel level);  // "debug", "info", "warning", "error"

// One key=value. Text is copied: fields may outlive what they were made from. Never pass a secret.
struct LogField {
  std::string_view key;  // a literal, snake_case, unit last
  std::string value;
  bool is_number = false;  // JSON: written without quotes

  LogField(std::string_view k, std::string_view v) : key(k), value(v) {}
  LogField(std::string_view k, const char* v) : key(k), value(v) {}
  LogField(std::string_view k, const std::string& v) : key(k), value(v) {}
  LogField(std::string_view k, bool v) : key(k), value(v ? "true" : "false"), is_number(true) {}
  template <typename T>
  requires(std::is_arithmetic_v<T> && !std::same_as<T, bool>) LogField(std::string_view k, T v)
      : key(k), value(std::to_string(v)), is_number(true) {}
};

// Thread-safe. `event` is a literal and part of the API: snake_case, subject first ("allocation_created",
// "listener_failed").
class LogSink {
 public:
  virtual ~LogSink() = default;
  virtual bool enabled(LogLevel level) const = 0;
  virtual void log(LogLevel level, std::string_view event, std::initializer_list<LogField> fields) = 0;

  void debug(std::string_view event, std::initializer_list<LogField> fields = {}) {
    log(LogLevel::kDebug, event, fields);
  }
  void info(std::string_view event, std::initializer_list<LogField> fields = {}) {
    log(LogLevel::kInfo, event, fields);
  }
  void warning(std::string_view event, std::initializer_list<LogField> fields = {}) {
    log(LogLevel::kWarning, event, fields);
  }
  void error(std::string_view event, std::initializer_list<LogField> fields = {}) {
    log(LogLevel::kError, event, fields);
  }
};

}  // namespace noom
