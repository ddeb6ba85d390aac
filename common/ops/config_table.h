// Configuration as a table of rows. One row gives parsing, range check, default, `--print-config`, `--help` and the
// sample file; nothing about a key is written twice. The file is TOML; toml++ stays inside config_file.cc.
#pragma once

#include <chrono>
#include <concepts>
#include <cstdint>
#include <functional>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "common/base/endpoint.h"
#include "common/base/secret.h"
#include "common/base/time.h"
#include "common/ops/config_value.h"

namespace noom::ops {

struct IntRange {
  int64_t min = 0;
  int64_t max = std::numeric_limits<int64_t>::max();
  std::string_view unit = "";  // "ports", "bytes", … as it reads after the numbers
};

// A value with a text form: IpEndpoint, IpAddress, auth::IpPrefix, ….
template <typename T>
concept TextValue = requires(std::string_view text, const T& value) {
  { T::parse(text) } -> std::same_as<std::optional<T>>;
  { value.to_string() } -> std::convertible_to<std::string>;
};

// A value that could not be taken: what was wrong with it, and what to do about it. Neither ends in a full stop.
struct ConfigProblem {
  std::string what;
  std::string remedy;
};

struct ConfigRow {
  std::string key;     // dotted: "listen.udp"; at most one dot
  std::string help;    // one sentence, without the default
  std::string wanted;  // "a list of strings such as "0.0.0.0:3478"": what --print-config and wrong-type errors say
  ConfigKind kind = ConfigKind::kText;
  std::function<std::optional<ConfigProblem>(const ConfigValue&)> set = {};
  std::function<std::string()> print = {};  // the current value as TOML, except that of a secret
  bool secret = false;                      // never shown
  std::string default_toml = {};            // what `print` said when the row was added
};

// Rows bound to one Config struct, which must outlive the table. Defaults are what the struct holds when its rows are
// added. Single-threaded.
class ConfigTable {
 public:
  // Rows, in the order in which --print-config shows them. `key` is dotted; rows of one TOML table must be neighbours.
  ConfigTable& text(std::string_view key, std::string* to, std::string_view help);
  ConfigTable& text_list(std::string_view key, std::vector<std::string>* to, std::string_view help);
  ConfigTable& path(std::string_view key, std::string* to, std::string_view help);
  ConfigTable& path_list(std::string_view key, std::vector<std::string>* to, std::string_view help);
  ConfigTable& secret(std::string_view key, Secret* to, std::string_view help);
  ConfigTable& secret_list(std::string_view key, std::vector<Secret>* to, std::string_view help);
  ConfigTable& boolean(std::string_view key, bool* to, std::string_view help);
  ConfigTable& seconds(std::string_view key, Duration* to, IntRange range, std::string_view help);
  template <typename T>
  requires(std::is_arithmetic_v<T> && !std::same_as<T, bool>) ConfigTable& integer(std::string_view key, T* to,
                                                                                   IntRange range,
                                                                                   std::string_view help) {
    if constexpr (std::integral<T>) {
      if (std::cmp_greater(range.max, std::numeric_limits<T>::max()))
        range.max = static_cast<int64_t>(std::numeric_limits<T>::max());
    }
    return integer_row(
        key, range, help, [to](int64_t value) { *to = static_cast<T>(value); },
        [to] { return static_cast<int64_t>(*to); });
  }
  // One of a few words.
  template <typename E>
  ConfigTable& choice(std::string_view key, E* to, std::vector<std::pair<std::string, E>> words,
                      std::string_view help) {
    std::vector<std::string> names;
    for (const auto& [name, value] : words) names.push_back(name);
    return choice_row(
        key, std::move(names), help, [to, words](size_t index) { *to = words[index].second; },
        [to, words] {
          for (size_t i = 0; i < words.size(); ++i)
            if (words[i].second == *to) return i;
          return size_t{0};
        });
  }
  // `example` completes "wanted …": `"192.0.2.0/24"`.
  template <TextValue T>
  ConfigTable& value(std::string_view key, T* to, std::string_view example, std::string_view help) {
    return parsed_row(
        key, example, help,
        [to](std::string_view text) {
          const auto parsed = T::parse(text);
          if (parsed) *to = *parsed;
          return parsed.has_value();
        },
        [to] { return to->to_string(); });
  }
  template <TextValue T>
  ConfigTable& value_list(std::string_view key, std::vector<T>* to, std::string_view example, std::string_view help) {
    return parsed_list_row(
        key, example, help, [to] { to->clear(); },
        [to](std::string_view text) {
          const auto parsed = T::parse(text);
          if (parsed) to->push_back(*parsed);
          return parsed.has_value();
        },
        [to] {
          std::vector<std::string> texts;
          for (const T& value : *to) texts.push_back(value.to_string());
          return texts;
        });
  }
  ConfigTable& endpoints(std::string_view key, std::vector<IpEndpoint>* to, std::string_view help) {
    return value_list(key, to, "\"0.0.0.0:3478\" or \"[::]:3478\"", help);
  }

  // Takes every value it can and returns every error, each one line: "<file>:<line>: <key>: <what>; <remedy>". Empty
  // when all is well.
  std::vector<std::string> load_file(const std::string& file);
  std::vector<std::string> load_toml(std::string_view toml, const std::string& file);
  // "key=value" from --set. Text may be unquoted; a list may be comma-separated. Wins over the file when called after
  // it.
  std::vector<std::string> set(std::string_view assignment);

  // Whether the file or the command line says something about the key.
  bool is_set(std::string_view key) const { return origins_.find(key) != origins_.end(); }

  // A one-line error about a value that only turned out wrong later (port in use, bad certificate), naming where the
  // value came from:
  // "<file>:<line>: <key>: <what>; <remedy>", "--set <key>: …" or "<key> (default): …".
  std::string fault(std::string_view key, std::string_view what, std::string_view remedy) const;
  // The same for a message that holds its remedy, as those of common/io do: "udp 192.0.2.1:3478: <reason>; <remedy>".
  std::string fault(std::string_view key, std::string_view message) const;

  // Every key with help, what it takes and its default, grouped by TOML table. A key at its default is commented out
  // ("#key = value", no space), so that the output, taken as a file, means the same configuration. Secrets are never
  // shown.
  std::string print(std::string_view title) const;
  const std::vector<ConfigRow>& rows() const { return rows_; }

 private:
  struct Origin {
    std::string file;  // "--set" for the command line
    uint32_t line = 0;
  };
  ConfigTable& add(ConfigRow row);
  ConfigTable& integer_row(std::string_view key, IntRange range, std::string_view help,
                           std::function<void(int64_t)> set, std::function<int64_t()> get);
  ConfigTable& choice_row(std::string_view key, std::vector<std::string> words, std::string_view help,
                          std::function<void(size_t)> set, std::function<size_t()> get);
  ConfigTable& parsed_row(std::string_view key, std::string_view example, std::string_view help,
                          std::function<bool(std::string_view)> set, std::function<std::string()> get);
  ConfigTable& parsed_list_row(std::string_view key, std::string_view example, std::string_view help,
                               std::function<void()> clear, std::function<bool(std::string_view)> push,
                               std::function<std::vector<std::string>()> get);
  const ConfigRow* find(std::string_view key) const;
  ConfigProblem unknown_key(std::string_view key) const;
  bool is_table(std::string_view key) const;
  std::optional<ConfigProblem> take(std::string_view key, const ConfigValue& value, Origin origin);

  std::vector<ConfigRow> rows_;
  std::map<std::string, Origin, std::less<>> origins_;  // by key; absent: default
};

}  // namespace noom::ops
