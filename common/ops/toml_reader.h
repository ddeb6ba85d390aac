// TOML text as a flat list of dotted keys with their lines. Knows nothing of rows.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/ops/config_value.h"

namespace noom::ops {

struct TomlEntry {
  std::string key;  // dotted
  ConfigValue value;
  uint32_t line = 0;
};

struct TomlProblem {
  uint32_t line = 0;
  uint32_t column = 0;
  std::string what;    // in toml++'s words
  bool twice = false;  // a key or table that was there before
};

// Entries in the order of their lines; an empty table is an entry of type "a table". A problem means that the text is
// not TOML: no entries.
struct TomlText {
  std::vector<TomlEntry> entries;
  std::optional<TomlProblem> problem;
};
TomlText read_toml(std::string_view text);

// A basic string, quoted and escaped.
std::string toml_quote(std::string_view text);

}  // namespace noom::ops
