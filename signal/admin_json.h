// The operator's API in JSON: what docs/api/noom-signal.yaml calls Room, Member, Node, and the errors.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "common/ops/admin_api.h"
#include "signal/core/operator.h"

namespace noom::signal {

// One JSON object, written from its beginning to its end.
class JsonWriter {
 public:
  JsonWriter& text(std::string_view key, std::string_view value);
  JsonWriter& number(std::string_view key, uint64_t value) { return raw(key, std::to_string(value)); }
  JsonWriter& flag(std::string_view key, bool value) { return raw(key, value ? "true" : "false"); }
  // Valid JSON as it is.
  JsonWriter& raw(std::string_view key, std::string_view json);
  std::string end() { return std::move(text_) + "}"; }

 private:
  std::string& begin(std::string_view key);
  std::string text_ = "{";
};

template <typename Items, typename Write>
std::string json_array(const Items& items, Write&& write) {
  std::string text = "[";
  for (const auto& item : items) text += (text.size() > 1 ? "," : "") + write(item);
  return text + "]";
}

std::string room_json(const RoomSummary& room);
std::string room_json(const RoomDetail& detail);
std::string node_json(const NodeSummary& node);
ops::AdminReply reply_to(const OperatorRefusal& refusal);

}  // namespace noom::signal
