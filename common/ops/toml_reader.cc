#include "common/ops/toml_reader.h"

#include <toml++/toml.h>

#include <algorithm>
#include <cstdio>

namespace noom::ops {
namespace {

ConfigValue to_value(const toml::node& node) {
  if (const auto* text = node.as_string()) return {text->get(), "a string"};
  if (const auto* number = node.as_integer()) return {number->get(), "an integer"};
  if (const auto* truth = node.as_boolean()) return {truth->get(), "a boolean"};
  if (const auto* list = node.as_array()) {
    std::vector<ConfigValue> values;
    for (const toml::node& element : *list) values.push_back(to_value(element));
    return {std::move(values), "a list"};
  }
  if (node.is_table()) return {{}, "a table"};
  if (node.is_floating_point()) return {{}, "a number with a fraction"};
  return {{}, "a date or time"};
}

void flatten(const toml::table& table, const std::string& prefix, std::vector<TomlEntry>& entries) {
  for (const auto& [name, node] : table) {
    const std::string key = prefix + std::string(name.str());
    const auto* inner = node.as_table();
    if (inner != nullptr && !inner->empty()) {
      flatten(*inner, key + ".", entries);
    } else {
      entries.push_back({key, to_value(node), name.source().begin.line});
    }
  }
}

}  // namespace

TomlText read_toml(std::string_view text) {
  TomlText result;
  try {
    flatten(toml::parse(text), "", result.entries);
    std::stable_sort(result.entries.begin(), result.entries.end(),
                     [](const TomlEntry& a, const TomlEntry& b) { return a.line < b.line; });
  } catch (const toml::parse_error& error) {
    const std::string what(error.description());
    result.entries.clear();
    result.problem = {error.source().begin.line, error.source().begin.column, what,
                      what.find("cannot redefine") != what.npos};
  }
  return result;
}

std::string toml_quote(std::string_view text) {
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      quoted += '\\';
      quoted += c;
    } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
      char escaped[8];
      std::snprintf(escaped, sizeof escaped, "\\u%04X", static_cast<unsigned>(c));
      quoted += escaped;
    } else {
      quoted += c;
    }
  }
  return quoted + '"';
}

}  // namespace noom::ops
