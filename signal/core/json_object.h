// One JSON object from somebody who must not be misunderstood (keys, tokens): a member that is there twice makes the
// whole worthless, since two readers may take different ones.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace noom::signal {

class JsonObject {
 public:
  // Any bytes are legal input; nullopt unless they are exactly one JSON object, without a member given twice. Borrows
  // `text`.
  static std::optional<JsonObject> read(std::string_view text);

  bool has(std::string_view name) const { return !json(name).empty(); }
  // The value as it was written; empty when missing. O(members).
  std::string_view json(std::string_view name) const;
  // nullopt when it is missing or not a string.
  std::optional<std::string> text(std::string_view name) const;

 private:
  std::vector<std::pair<std::string, std::string_view>> members_;
};

}  // namespace noom::signal
