// JSON as text: validated once, then taken apart without building a tree, so that what is passed on stays exactly as it
// was written (numbers, key order, spacing). Validation is Boost.JSON's; everything after it may rely on the text being
// valid.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace noom::signal {

// True for exactly one JSON object in well-formed UTF-8, escapes of lone surrogates excluded, nested at most
// `depth_max` deep.
bool is_json_object(std::string_view text, size_t depth_max);

enum class JsonKind { kObject, kArray, kString, kNumber, kBool, kNull };
// Of a valid value without surrounding space.
JsonKind kind_of(std::string_view value_json);

// Walks through valid JSON text.
class JsonCursor {
 public:
  explicit JsonCursor(std::string_view text) : text_(text) {}

 protected:
  // Steps over the opening bracket at the first call and over a comma at later ones; false at the closing bracket.
  bool enter_next(char closing);
  void skip_space();
  std::string_view take_string();
  std::string_view take_value();

  std::string_view text_;
  size_t at_ = 0;

 private:
  bool inside_ = false;
};

// Takes a valid object apart, one member at a call. Members borrow the text; nullopt after the last.
class JsonMembers : private JsonCursor {
 public:
  explicit JsonMembers(std::string_view object_json) : JsonCursor(object_json) {}

  struct Member {
    std::string_view key_json;  // with its quotes
    std::string_view value_json;
  };
  std::optional<Member> next();
};

// The same for the values of a valid array.
class JsonElements : private JsonCursor {
 public:
  explicit JsonElements(std::string_view array_json) : JsonCursor(array_json) {}
  std::optional<std::string_view> next();
};

// The characters of a valid JSON string (with its quotes), escapes resolved, in UTF-8.
std::string decode_json_string(std::string_view string_json);
// The same without a copy when there are no escapes: a view of the string, or of `decoded`.
std::string_view json_string_text(std::string_view string_json, std::string& decoded);
// Whether a valid JSON string spells `text`. Allocates only when there are escapes.
bool json_string_equals(std::string_view string_json, std::string_view text);

// The value of a valid number that is written as a whole one and at most 2^53 (what every client can count to).
std::optional<uint64_t> whole_number(std::string_view number_json);

// Appends UTF-8 text as a JSON string with its quotes.
void append_json_string(std::string& out, std::string_view text);

// Code points in well-formed UTF-8.
size_t count_characters(std::string_view utf8);
// U+0000 to U+001F, U+007F to U+009F, and the line and paragraph separators U+2028 and U+2029.
bool has_control_characters(std::string_view utf8);

}  // namespace noom::signal
