#include "signal/core/json_text.h"

#include <algorithm>
#include <boost/json/basic_parser_impl.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <charconv>

namespace noom::signal {
namespace {

// Takes every event and keeps nothing: only the verdict matters.
struct Validator {
  using error_code = boost::json::error_code;
  using string_view = boost::json::string_view;
  static constexpr size_t max_object_size = SIZE_MAX;
  static constexpr size_t max_array_size = SIZE_MAX;
  static constexpr size_t max_key_size = SIZE_MAX;
  static constexpr size_t max_string_size = SIZE_MAX;

  bool on_document_begin(error_code&) { return true; }
  bool on_document_end(error_code&) { return true; }
  bool on_object_begin(error_code&) { return true; }
  bool on_object_end(size_t, error_code&) { return true; }
  bool on_array_begin(error_code&) { return true; }
  bool on_array_end(size_t, error_code&) { return true; }
  bool on_key_part(string_view, size_t, error_code&) { return true; }
  bool on_key(string_view, size_t, error_code&) { return true; }
  bool on_string_part(string_view, size_t, error_code&) { return true; }
  bool on_string(string_view, size_t, error_code&) { return true; }
  bool on_number_part(string_view, error_code&) { return true; }
  bool on_int64(int64_t, string_view, error_code&) { return true; }
  bool on_uint64(uint64_t, string_view, error_code&) { return true; }
  bool on_double(double, string_view, error_code&) { return true; }
  bool on_bool(bool, error_code&) { return true; }
  bool on_null(error_code&) { return true; }
  bool on_comment_part(string_view, error_code&) { return true; }
  bool on_comment(string_view, error_code&) { return true; }
};

constexpr bool is_space(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

// Whether an odd number of backslashes stands before `at`.
bool is_escaped(std::string_view text, size_t at) {
  size_t first = at;
  while (text[first - 1] == '\\') --first;
  return (at - first) % 2 == 1;
}

bool has_escape(std::string_view string_json) {
  return string_json.find('\\') != std::string_view::npos;
}
std::string_view without_quotes(std::string_view string_json) {
  return string_json.substr(1, string_json.size() - 2);
}

}  // namespace

bool is_json_object(std::string_view text, size_t depth_max) {
  const auto first = std::find_if_not(text.begin(), text.end(), is_space);
  if (first == text.end() || *first != '{') return false;
  boost::json::parse_options options;
  options.max_depth = depth_max;
  boost::json::basic_parser<Validator> parser(options);
  boost::json::error_code error;
  const size_t used = parser.write_some(false, text.data(), text.size(), error);
  return !error && used == text.size();
}

JsonKind kind_of(std::string_view value_json) {
  switch (value_json.front()) {
    case '{':
      return JsonKind::kObject;
    case '[':
      return JsonKind::kArray;
    case '"':
      return JsonKind::kString;
    case 't':
    case 'f':
      return JsonKind::kBool;
    case 'n':
      return JsonKind::kNull;
    default:
      return JsonKind::kNumber;
  }
}

std::optional<JsonMembers::Member> JsonMembers::next() {
  if (!enter_next('}')) return std::nullopt;
  Member member;
  member.key_json = take_string();
  skip_space();
  ++at_;  // :
  skip_space();
  member.value_json = take_value();
  return member;
}

std::optional<std::string_view> JsonElements::next() {
  if (!enter_next(']')) return std::nullopt;
  return take_value();
}

bool JsonCursor::enter_next(char closing) {
  skip_space();
  if (!inside_) {
    ++at_;
    inside_ = true;
    skip_space();
  }
  if (text_[at_] == ',') {
    ++at_;
    skip_space();
  }
  return text_[at_] != closing;
}

void JsonCursor::skip_space() {
  while (at_ < text_.size() && is_space(text_[at_])) ++at_;
}

std::string_view JsonCursor::take_string() {
  const size_t begin = at_;
  do {
    at_ = text_.find('"', at_ + 1);
  } while (is_escaped(text_, at_));
  ++at_;
  return text_.substr(begin, at_ - begin);
}

std::string_view JsonCursor::take_value() {
  const size_t begin = at_;
  if (text_[at_] == '"') return take_string();
  if (text_[at_] != '{' && text_[at_] != '[') {
    while (text_[at_] != ',' && text_[at_] != '}' && text_[at_] != ']' && !is_space(text_[at_])) ++at_;
    return text_.substr(begin, at_ - begin);
  }
  size_t depth = 0;
  do {
    const char c = text_[at_];
    if (c == '"') {
      take_string();
      continue;
    }
    if (c == '{' || c == '[') ++depth;
    if (c == '}' || c == ']') --depth;
    ++at_;
  } while (depth > 0);
  return text_.substr(begin, at_ - begin);
}

std::string decode_json_string(std::string_view string_json) {
  if (!has_escape(string_json)) return std::string(without_quotes(string_json));
  const boost::json::value decoded = boost::json::parse({string_json.data(), string_json.size()});
  return {decoded.get_string().data(), decoded.get_string().size()};
}

std::string_view json_string_text(std::string_view string_json, std::string& decoded) {
  if (!has_escape(string_json)) return without_quotes(string_json);
  return decoded = decode_json_string(string_json);
}

bool json_string_equals(std::string_view string_json, std::string_view text) {
  if (!has_escape(string_json)) return without_quotes(string_json) == text;
  // No escape takes more than six bytes for each byte it stands for.
  if (string_json.size() > 2 + 6 * text.size()) return false;
  return decode_json_string(string_json) == text;
}

std::optional<uint64_t> whole_number(std::string_view number_json) {
  constexpr uint64_t kMax = uint64_t{1} << 53;
  uint64_t value = 0;
  const char* const end = number_json.data() + number_json.size();
  const auto [stop, error] = std::from_chars(number_json.data(), end, value);
  if (error != std::errc() || stop != end || value > kMax) return std::nullopt;
  return value;
}

void append_json_string(std::string& out, std::string_view text) {
  static constexpr char kHex[] = "0123456789abcdef";
  out += '"';
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      out += "\\u00";
      out += kHex[c >> 4];
      out += kHex[c & 15];
    } else {
      out += c;
    }
  }
  out += '"';
}

size_t count_characters(std::string_view utf8) {
  return static_cast<size_t>(std::count_if(utf8.begin(), utf8.end(), [](char c) { return (c & 0xc0) != 0x80; }));
}

bool has_control_characters(std::string_view utf8) {
  for (size_t i = 0; i < utf8.size(); ++i) {
    const auto byte = static_cast<unsigned char>(utf8[i]);
    if (byte < 0x20 || byte == 0x7f) return true;
    if (byte == 0xc2 && i + 1 < utf8.size() && static_cast<unsigned char>(utf8[i + 1]) < 0xa0) return true;
    const std::string_view three = utf8.substr(i, 3);
    if (three == "\u2028" || three == "\u2029") return true;
  }
  return false;
}

}  // namespace noom::signal
