#include "common/ops/line_log.h"

#include <absl/strings/str_format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <ctime>
#include <vector>

namespace noom::ops {
namespace {

// The length of the well-formed UTF-8 sequence at the front of `text`, 0 when there is none. RFC 3629 §4.
size_t utf8_length(std::string_view text) {
  const auto byte = [&](size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0u; };
  const auto continues = [&](size_t i) { return (byte(i) & 0xC0) == 0x80; };
  const unsigned lead = byte(0);
  if (lead < 0x80) return 1;
  if (lead >= 0xC2 && lead <= 0xDF) return continues(1) ? 2 : 0;
  if (lead >= 0xE0 && lead <= 0xEF) {
    const bool overlong = lead == 0xE0 && byte(1) < 0xA0;
    const bool surrogate = lead == 0xED && byte(1) > 0x9F;
    return continues(1) && continues(2) && !overlong && !surrogate ? 3 : 0;
  }
  if (lead >= 0xF0 && lead <= 0xF4) {
    const bool out_of_range = (lead == 0xF0 && byte(1) < 0x90) || (lead == 0xF4 && byte(1) > 0x8F);
    return continues(1) && continues(2) && continues(3) && !out_of_range ? 4 : 0;
  }
  return 0;
}

// C1 controls (U+0080-U+009F, terminal escapes) and the separators U+2028 and U+2029, which some readers take for line
// ends.
bool is_control_sequence(std::string_view sequence) {
  if (sequence.size() == 2) return sequence[0] == '\xC2' && static_cast<unsigned char>(sequence[1]) < 0xA0;
  return sequence == "\xE2\x80\xA8" || sequence == "\xE2\x80\xA9";
}

// Between double quotes; what JSON (RFC 8259 §7) cannot hold becomes an escape, a byte that is not UTF-8 becomes
// U+FFFD.
void append_quoted(std::string& line, std::string_view text) {
  line += '"';
  while (!text.empty()) {
    const size_t length = utf8_length(text);
    const std::string_view sequence = text.substr(0, std::max<size_t>(length, 1));
    const auto first = static_cast<unsigned char>(sequence[0]);
    if (length == 0) {
      line += "\xEF\xBF\xBD";
    } else if (first == '"' || first == '\\') {
      line += '\\';
      line += sequence;
    } else if (first < 0x20 || first == 0x7f) {
      absl::StrAppendFormat(&line, "\\u%04x", first);
    } else if (is_control_sequence(sequence)) {
      absl::StrAppendFormat(
          &line, "\\u%04x",
          sequence.size() == 2 ? static_cast<unsigned char>(sequence[1]) : (sequence[2] == '\xA8' ? 0x2028u : 0x2029u));
    } else {
      line += sequence;
    }
    text.remove_prefix(sequence.size());
  }
  line += '"';
}

// Bare when nothing in it could be mistaken for the line's own structure.
void append_text_value(std::string& line, std::string_view text) {
  const auto plain = [](char c) { return c > ' ' && c < 0x7f && c != '"' && c != '=' && c != '\\'; };
  if (!text.empty() && std::all_of(text.begin(), text.end(), plain)) {
    line += text;
  } else {
    append_quoted(line, text);
  }
}

void append_time(std::string& line, Wall time) {
  const auto since_epoch = std::chrono::floor<std::chrono::milliseconds>(time.time_since_epoch()).count();
  const auto seconds = static_cast<time_t>(since_epoch / 1000);
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  absl::StrAppendFormat(&line, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", utc.tm_year + 1900, utc.tm_mon + 1, utc.tm_mday,
                        utc.tm_hour, utc.tm_min, utc.tm_sec, since_epoch % 1000);
}

std::string_view level_word(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return "DEBUG";
    case LogLevel::kInfo:
      return "INFO";
    case LogLevel::kWarning:
      return "WARNING";
    case LogLevel::kError:
      return "ERROR";
  }
  return "ERROR";
}

// syslog(3) severities, as sd-daemon(3) prefixes them.
int journal_priority(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return 7;
    case LogLevel::kInfo:
      return 6;
    case LogLevel::kWarning:
      return 4;
    case LogLevel::kError:
      return 3;
  }
  return 3;
}

void append_json_value(std::string& line, const LogField& field) {
  // JSON has no inf or nan: those stay text.
  const bool bare = field.is_number && field.value.find_first_not_of("0123456789+-.eE") == field.value.npos;
  if (bare || (field.is_number && (field.value == "true" || field.value == "false"))) {
    line += field.value;
  } else {
    append_quoted(line, field.value);
  }
}

void append_json_fields(std::string& line, std::span<const LogField> fields) {
  for (size_t i = 0; i < fields.size(); ++i) {
    const auto same_key = [&](const LogField& other) { return other.key == fields[i].key; };
    if (std::any_of(fields.begin(), fields.begin() + static_cast<ptrdiff_t>(i), same_key)) continue;
    line += ',';
    append_quoted(line, fields[i].key);
    line += ':';
    if (std::count_if(fields.begin(), fields.end(), same_key) == 1) {
      append_json_value(line, fields[i]);
      continue;
    }
    char before = '[';
    for (size_t j = i; j < fields.size(); ++j) {
      if (!same_key(fields[j])) continue;
      line += std::exchange(before, ',');
      append_json_value(line, fields[j]);
    }
    line += ']';
  }
}

std::string json_line(std::string_view daemon, Wall time, LogLevel level, std::string_view event,
                      std::span<const LogField> fields) {
  std::string line = "{\"time\":\"";
  append_time(line, time);
  line += "\",\"level\":\"";
  line += to_string(level);
  line += "\",\"daemon\":";
  append_quoted(line, daemon);
  line += ",\"event\":";
  append_quoted(line, event);
  append_json_fields(line, fields);
  return line + "}\n";
}

}  // namespace

bool is_journal(int fd) {
  const char* stream = std::getenv("JOURNAL_STREAM");
  struct stat facts {};
  if (stream == nullptr || ::fstat(fd, &facts) != 0) return false;
  return absl::StrFormat("%d:%d", facts.st_dev, facts.st_ino) == stream;
}

std::string format_log_line(LogFormat format, std::string_view daemon, Wall time, LogLevel level,
                            std::string_view event, std::span<const LogField> fields) {
  if (format == LogFormat::kJson) return json_line(daemon, time, level, event, fields);
  std::string line;
  if (format == LogFormat::kJournal) {
    absl::StrAppendFormat(&line, "<%d>", journal_priority(level));
  } else {
    append_time(line, time);
    line += ' ';
    line += level_word(level);
    line += ' ';
  }
  line += daemon;
  line += " event=";
  append_text_value(line, event);
  for (const LogField& field : fields) {
    line += ' ';
    line += field.key;
    line += '=';
    append_text_value(line, field.value);
  }
  return line + "\n";
}

LineLog::LineLog(std::string daemon, LogFormat format, LogLevel level, int fd)
    : daemon_(std::move(daemon)),
      format_(format == LogFormat::kText && is_journal(fd) ? LogFormat::kJournal : format),
      level_(level),
      fd_(fd) {}

void LineLog::log(LogLevel level, std::string_view event, std::initializer_list<LogField> fields) {
  log(level, event, std::span(fields.begin(), fields.size()));
}

void LineLog::log(LogLevel level, std::string_view event, std::span<const LogField> fields) {
  if (!enabled(level)) return;
  const Wall now(std::chrono::duration_cast<Duration>(std::chrono::system_clock::now().time_since_epoch()));
  const LogAddresses addresses = addresses_.load(std::memory_order_relaxed);
  std::vector<LogField> redacted;
  if (addresses != LogAddresses::kFull) {
    redacted.assign(fields.begin(), fields.end());
    for (LogField& field : redacted) field.value = redact(addresses, field.key, field.value);
    fields = redacted;
  }
  const std::string line = format_log_line(format_, daemon_, now, level, event, fields);
  const std::lock_guard lock(writing_);
  for (std::string_view rest = line; !rest.empty();) {
    const ssize_t written = ::write(fd_, rest.data(), rest.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return;  // a log that cannot be written cannot be complained about either
    rest.remove_prefix(static_cast<size_t>(written));
  }
}

}  // namespace noom::ops
