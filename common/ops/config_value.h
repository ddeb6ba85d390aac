// One configuration value as the file gives it, freed of toml++: what ConfigTable's rows are set from.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace noom::ops {

// What a row holds, which decides how `--set` reads unquoted text.
enum class ConfigKind : uint8_t { kText, kTextList, kInteger, kBoolean };

// monostate: something no row takes (a float, a date, a table); `type` says what it was.
struct ConfigValue {
  std::variant<std::monostate, bool, int64_t, std::string, std::vector<ConfigValue>> value;
  std::string_view type;  // as an operator would say it: "an integer", "a string", "a list", …
};

}  // namespace noom::ops
