#include "signal/core/json_object.h"

#include <algorithm>

#include "signal/core/json_text.h"
#include "signal/core/settings.h"

namespace noom::signal {

std::optional<JsonObject> JsonObject::read(std::string_view text) {
  if (!is_json_object(text, kJsonDepthMax)) return std::nullopt;
  JsonObject object;
  JsonMembers members(text);
  while (const auto member = members.next())
    object.members_.emplace_back(decode_json_string(member->key_json), member->value_json);
  std::vector<std::string_view> names;
  for (const auto& [name, value] : object.members_) names.push_back(name);
  std::sort(names.begin(), names.end());
  if (std::adjacent_find(names.begin(), names.end()) != names.end()) return std::nullopt;
  return object;
}

std::string_view JsonObject::json(std::string_view name) const {
  const auto found =
      std::find_if(members_.begin(), members_.end(), [&](const auto& member) { return member.first == name; });
  return found == members_.end() ? std::string_view() : found->second;
}

std::optional<std::string> JsonObject::text(std::string_view name) const {
  const std::string_view value = json(name);
  if (value.empty() || kind_of(value) != JsonKind::kString) return std::nullopt;
  return decode_json_string(value);
}

}  // namespace noom::signal
