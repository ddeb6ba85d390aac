// The kinds of rows: how each takes a value, prints it, and what it says when the value does not fit.
#include "common/ops/config_table.h"
#include "common/ops/toml_reader.h"

namespace noom::ops {
namespace {

using Problem = std::optional<ConfigProblem>;

std::string leaf(std::string_view key) {
  return std::string(key.substr(key.rfind('.') + 1));
}  // npos + 1 is 0

Problem wrong_type(const std::string& key, const std::string& wanted, const ConfigValue& got,
                   const std::string& example) {
  return ConfigProblem{"wanted " + wanted + ", got " + std::string(got.type),
                       "write it as " + leaf(key) + " = " + example};
}

// A row's setter from one that takes a string.
std::function<Problem(const ConfigValue&)> from_text(std::string key, std::string wanted, std::string example,
                                                     std::function<Problem(const std::string&)> take) {
  return [=](const ConfigValue& given) -> Problem {
    const auto* text = std::get_if<std::string>(&given.value);
    return text == nullptr ? wrong_type(key, wanted, given, example) : take(*text);
  };
}

// A row's setter from one that takes every element of a list of strings. Nothing changes before the whole list has the
// right type.
std::function<Problem(const ConfigValue&)> from_texts(std::string key, std::string wanted, std::string example,
                                                      std::function<void()> clear,
                                                      std::function<Problem(const std::string&)> push) {
  return [=](const ConfigValue& given) -> Problem {
    const auto* list = std::get_if<std::vector<ConfigValue>>(&given.value);
    if (list == nullptr) return wrong_type(key, wanted, given, example);
    for (const ConfigValue& element : *list) {
      if (std::holds_alternative<std::string>(element.value)) continue;
      return ConfigProblem{"wanted " + wanted + ", got a list with " + std::string(element.type) + " in it",
                           "write it as " + leaf(key) + " = " + example};
    }
    clear();
    for (const ConfigValue& element : *list)
      if (Problem problem = push(std::get<std::string>(element.value))) return problem;
    return std::nullopt;
  };
}

std::string print_list(const std::vector<std::string>& texts) {
  std::string list = "[";
  for (const std::string& text : texts) list += (list.size() > 1 ? ", " : "") + toml_quote(text);
  return list + "]";
}

std::string range_text(IntRange range) {
  const std::string unit = range.unit.empty() ? "" : " " + std::string(range.unit);
  if (range.max == std::numeric_limits<int64_t>::max()) return std::to_string(range.min) + " or more" + unit;
  return std::to_string(range.min) + " to " + std::to_string(range.max) + unit;
}

constexpr std::string_view kTextExample = "\"text\"";
constexpr std::string_view kPathExample = "\"/path/to/file\"";

ConfigRow text_row(std::string_view key, std::string_view help, std::string wanted, std::string_view example,
                   std::string* to) {
  ConfigRow row{.key = std::string(key), .help = std::string(help), .wanted = std::move(wanted)};
  row.set = from_text(row.key, row.wanted, std::string(example), [to](const std::string& text) {
    *to = text;
    return Problem();
  });
  row.print = [to] { return toml_quote(*to); };
  return row;
}

ConfigRow text_list_row(std::string_view key, std::string_view help, std::string wanted, std::string_view example,
                        std::vector<std::string>* to) {
  ConfigRow row{
      .key = std::string(key), .help = std::string(help), .wanted = std::move(wanted), .kind = ConfigKind::kTextList};
  row.set = from_texts(
      row.key, row.wanted, "[" + std::string(example) + "]", [to] { to->clear(); },
      [to](const std::string& text) {
        to->push_back(text);
        return Problem();
      });
  row.print = [to] { return print_list(*to); };
  return row;
}

ConfigProblem invalid(const std::string& text, std::string_view example) {
  return {toml_quote(text) + " cannot be understood", "write a value such as " + std::string(example)};
}

}  // namespace

ConfigTable& ConfigTable::text(std::string_view key, std::string* to, std::string_view help) {
  return add(text_row(key, help, "a string", kTextExample, to));
}

ConfigTable& ConfigTable::text_list(std::string_view key, std::vector<std::string>* to, std::string_view help) {
  return add(text_list_row(key, help, "a list of strings", kTextExample, to));
}

ConfigTable& ConfigTable::path(std::string_view key, std::string* to, std::string_view help) {
  return add(text_row(key, help, "a path", kPathExample, to));
}

ConfigTable& ConfigTable::path_list(std::string_view key, std::vector<std::string>* to, std::string_view help) {
  return add(text_list_row(key, help, "a list of paths", kPathExample, to));
}

ConfigTable& ConfigTable::secret(std::string_view key, Secret* to, std::string_view help) {
  ConfigRow row{.key = std::string(key), .help = std::string(help), .wanted = "a string"};
  row.secret = true;
  row.set = from_text(row.key, row.wanted, std::string(kTextExample), [to](const std::string& text) {
    *to = Secret(text);
    return Problem();
  });
  row.print = [to] { return std::string(to->empty() ? "\"\"" : "\"(set)\""); };
  return add(std::move(row));
}

ConfigTable& ConfigTable::secret_list(std::string_view key, std::vector<Secret>* to, std::string_view help) {
  ConfigRow row{
      .key = std::string(key), .help = std::string(help), .wanted = "a list of strings", .kind = ConfigKind::kTextList};
  row.secret = true;
  row.set = from_texts(
      row.key, row.wanted, "[" + std::string(kTextExample) + "]", [to] { to->clear(); },
      [to](const std::string& text) {
        to->emplace_back(text);
        return Problem();
      });
  row.print = [to] { return std::string(to->empty() ? "[]" : "[\"(set)\"]"); };
  return add(std::move(row));
}

ConfigTable& ConfigTable::boolean(std::string_view key, bool* to, std::string_view help) {
  ConfigRow row{
      .key = std::string(key), .help = std::string(help), .wanted = "true or false", .kind = ConfigKind::kBoolean};
  row.set = [to, row](const ConfigValue& given) -> Problem {
    const auto* truth = std::get_if<bool>(&given.value);
    if (truth == nullptr) return wrong_type(row.key, row.wanted, given, "true");
    *to = *truth;
    return std::nullopt;
  };
  row.print = [to] { return std::string(*to ? "true" : "false"); };
  return add(std::move(row));
}

ConfigTable& ConfigTable::seconds(std::string_view key, Duration* to, IntRange range, std::string_view help) {
  range.unit = "seconds";
  return integer_row(
      key, range, help, [to](int64_t value) { *to = std::chrono::seconds(value); },
      [to] { return std::chrono::floor<std::chrono::seconds>(*to).count(); });
}

ConfigTable& ConfigTable::integer_row(std::string_view key, IntRange range, std::string_view help,
                                      std::function<void(int64_t)> set, std::function<int64_t()> get) {
  ConfigRow row{.key = std::string(key),
                .help = std::string(help),
                .wanted = "an integer, " + range_text(range),
                .kind = ConfigKind::kInteger};
  row.print = [get] { return std::to_string(get()); };
  row.set = [set, range, key = row.key, wanted = row.wanted,
             example = row.print()](const ConfigValue& given) -> Problem {
    const auto* number = std::get_if<int64_t>(&given.value);
    if (number == nullptr) return wrong_type(key, wanted, given, example);
    if (*number < range.min || *number > range.max)
      return ConfigProblem{std::to_string(*number) + " is out of range", "choose " + range_text(range)};
    set(*number);
    return std::nullopt;
  };
  return add(std::move(row));
}

ConfigTable& ConfigTable::choice_row(std::string_view key, std::vector<std::string> words, std::string_view help,
                                     std::function<void(size_t)> set, std::function<size_t()> get) {
  std::string wanted = "one of";
  for (const std::string& word : words) wanted += (wanted.back() == '"' ? ", " : " ") + toml_quote(word);
  ConfigRow row{.key = std::string(key), .help = std::string(help), .wanted = wanted};
  row.print = [words, get] { return toml_quote(words[get()]); };
  row.set = from_text(row.key, wanted, row.print(), [words, set, wanted](const std::string& text) -> Problem {
    for (size_t i = 0; i < words.size(); ++i) {
      if (words[i] != text) continue;
      set(i);
      return std::nullopt;
    }
    return ConfigProblem{toml_quote(text) + " is not known here", "choose " + wanted};
  });
  return add(std::move(row));
}

ConfigTable& ConfigTable::parsed_row(std::string_view key, std::string_view example, std::string_view help,
                                     std::function<bool(std::string_view)> set, std::function<std::string()> get) {
  ConfigRow row{
      .key = std::string(key), .help = std::string(help), .wanted = "a string such as " + std::string(example)};
  row.set = from_text(row.key, row.wanted, std::string(example),
                      [set, example = std::string(example)](const std::string& text) -> Problem {
                        if (set(text)) return std::nullopt;
                        return invalid(text, example);
                      });
  row.print = [get] { return toml_quote(get()); };
  return add(std::move(row));
}

ConfigTable& ConfigTable::parsed_list_row(std::string_view key, std::string_view example, std::string_view help,
                                          std::function<void()> clear, std::function<bool(std::string_view)> push,
                                          std::function<std::vector<std::string>()> get) {
  ConfigRow row{.key = std::string(key),
                .help = std::string(help),
                .wanted = "a list of strings such as " + std::string(example),
                .kind = ConfigKind::kTextList};
  const std::string first_example(example.substr(0, example.find(" or ")));
  row.set = from_texts(row.key, row.wanted, "[" + first_example + "]", std::move(clear),
                       [push, example = std::string(example)](const std::string& text) -> Problem {
                         if (push(text)) return std::nullopt;
                         return invalid(text, example);
                       });
  row.print = [get] { return print_list(get()); };
  return add(std::move(row));
}

}  // namespace noom::ops
