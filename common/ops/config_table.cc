// Taking values from files and --set into rows, and saying in one line what was wrong with them. The kinds of rows are
// config_rows.cc.
#include "common/ops/config_table.h"

#include <algorithm>
#include <sstream>

#include "common/ops/spelling.h"
#include "common/ops/text_file.h"
#include "common/ops/toml_reader.h"

namespace noom::ops {
namespace {

constexpr std::string_view kCommandLine = "--set";

std::string located(const std::string& file, uint32_t line, std::string_view key, std::string_view message) {
  const std::string place = file == kCommandLine ? file + " " : file + ":" + std::to_string(line) + ": ";
  return place + std::string(key) + ": " + std::string(message);
}

std::string to_message(const ConfigProblem& problem) {
  return problem.what + "; " + problem.remedy;
}

// What --set's text means to a row: a quoted or bracketed text is TOML, else it is the value as it stands.
ConfigValue from_argument(std::string_view text, ConfigKind kind) {
  const bool is_toml = kind == ConfigKind::kInteger || kind == ConfigKind::kBoolean || text.starts_with('[') ||
                       text.starts_with('"') || text.starts_with('\'');
  if (is_toml) {
    TomlText toml = read_toml("value = " + std::string(text));
    if (!toml.problem && toml.entries.size() == 1 && toml.entries[0].key == "value") return toml.entries[0].value;
  }
  if (kind != ConfigKind::kTextList) return {std::string(text), "a string"};
  std::vector<ConfigValue> elements;
  for (size_t at = 0; at < text.size();) {
    const size_t comma = std::min(text.find(',', at), text.size());
    elements.push_back({std::string(text.substr(at, comma - at)), "a string"});
    at = comma + 1;
  }
  return {std::move(elements), "a list"};
}

}  // namespace

ConfigTable& ConfigTable::add(ConfigRow row) {
  row.default_toml = row.print();
  rows_.push_back(std::move(row));
  return *this;
}

const ConfigRow* ConfigTable::find(std::string_view key) const {
  const auto row =
      std::find_if(rows_.begin(), rows_.end(), [&](const ConfigRow& candidate) { return candidate.key == key; });
  return row == rows_.end() ? nullptr : &*row;
}

ConfigProblem ConfigTable::unknown_key(std::string_view key) const {
  std::vector<std::string> keys;
  for (const ConfigRow& row : rows_) {
    if (row.key.starts_with(std::string(key) + "."))
      return {"is a table, not a key",
              "write [" + std::string(key) + "] and its keys below it, or --set " + row.key + "=…"};
    if (row.key.ends_with("." + std::string(key))) return {"unknown key", "did you mean \"" + row.key + "\"?"};
    keys.push_back(row.key);
  }
  if (const auto guess = nearest(key, keys)) return {"unknown key", "did you mean \"" + *guess + "\"?"};
  return {"unknown key", "--print-config lists all keys"};
}

std::optional<ConfigProblem> ConfigTable::take(std::string_view key, const ConfigValue& value, Origin origin) {
  const ConfigRow* row = find(key);
  if (row == nullptr) return unknown_key(key);
  origins_[row->key] = std::move(origin);
  return row->set(value);
}

bool ConfigTable::is_table(std::string_view key) const {
  return std::any_of(rows_.begin(), rows_.end(),
                     [&](const ConfigRow& row) { return row.key.starts_with(std::string(key) + "."); });
}

std::vector<std::string> ConfigTable::load_file(const std::string& file) {
  const absl::StatusOr<TextFile> text = read_text_file(file);
  if (!text.ok()) {
    return {file + ": cannot be read: " + std::string(text.status().message()) +
            "; check the path and that the daemon's user may read it"};
  }
  return load_toml(text->text, file);
}

std::vector<std::string> ConfigTable::load_toml(std::string_view toml, const std::string& file) {
  const TomlText text = read_toml(toml);
  if (const auto& problem = text.problem) {
    const std::string place = file + ":" + std::to_string(problem->line) + ":" + std::to_string(problem->column) + ": ";
    if (problem->twice) return {place + problem->what + "; a key may stand only once: remove one of the two"};
    return {place + "not valid TOML: " + problem->what + "; correct the line (strings need quotes, lists brackets)"};
  }
  std::vector<std::string> errors;
  for (const TomlEntry& entry : text.entries) {
    const bool is_empty_table = entry.value.type == "a table" && is_table(entry.key);
    if (is_empty_table) continue;
    if (const auto problem = take(entry.key, entry.value, {file, entry.line}))
      errors.push_back(located(file, entry.line, entry.key, to_message(*problem)));
  }
  return errors;
}

std::vector<std::string> ConfigTable::set(std::string_view assignment) {
  const size_t equals = assignment.find('=');
  if (equals == assignment.npos || equals == 0)
    return {"--set " + toml_quote(assignment) + ": has no key and value; write --set key=value"};
  const std::string_view key = assignment.substr(0, equals);
  const ConfigRow* row = find(key);
  const ConfigValue value =
      from_argument(assignment.substr(equals + 1), row == nullptr ? ConfigKind::kText : row->kind);
  if (const auto problem = take(key, value, {std::string(kCommandLine), 0}))
    return {located(std::string(kCommandLine), 0, key, to_message(*problem))};
  return {};
}

std::string ConfigTable::fault(std::string_view key, std::string_view what, std::string_view remedy) const {
  return fault(key, to_message({std::string(what), std::string(remedy)}));
}

std::string ConfigTable::fault(std::string_view key, std::string_view message) const {
  if (const auto origin = origins_.find(key); origin != origins_.end())
    return located(origin->second.file, origin->second.line, key, message);
  return std::string(key) + " (default): " + std::string(message);
}

std::string ConfigTable::print(std::string_view title) const {
  std::ostringstream out;
  out << "# " << title << "\n";
  std::string table;
  for (const ConfigRow& row : rows_) {
    const size_t dot = row.key.find('.');
    const std::string row_table = dot == row.key.npos ? "" : row.key.substr(0, dot);
    out << "\n";
    if (row_table != table) out << "[" << row_table << "]\n";
    table = row_table;
    out << "# " << row.help << "\n# Takes " << row.wanted << ".\n";
    const std::string value = row.print();
    const std::string leaf = row.key.substr(dot + 1);  // npos + 1 is 0
    if (value == row.default_toml) {
      out << "#" << leaf << " = " << value << "\n";
    } else if (row.secret) {
      out << "# " << leaf << " is set, and not shown.\n";
    } else {
      out << "# Default: " << row.default_toml << "\n" << leaf << " = " << value << "\n";
    }
  }
  return out.str();
}

}  // namespace noom::ops
