// The fields of a request as they are read: one object, one error.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "common/base/time.h"
#include "signal/core/json_text.h"

namespace noom::signal {

// The fields that noom.v1 gives a meaning, as JSON text; empty when missing.
enum FieldName : uint8_t {
  kType,
  kId,
  kProtocolField,
  kClient,
  kFeatures,
  kRoom,
  kName,
  kMetadata,
  kMetadataTtl,
  kTo,
  kRole,
  kData,
  kResume,
  kTicket,
  kReceived,
  kTokenField,
  kPassword,
  kLocked,
  kLobby,
  kPeer,
  kMessage,
  kBan,
  kMedia,
  kLifetime,
  kFieldCount
};
inline constexpr std::array<std::string_view, kFieldCount> kFieldNames = {
    "type",           "id",     "protocol", "client", "features", "room",   "name",     "metadata",
    "metadata_ttl_s", "to",     "role",     "data",   "resume",   "ticket", "received", "token",
    "password",       "locked", "lobby",    "peer",   "message",  "ban_s",  "media",    "lifetime_s"};

// The fields of one object. Reads latch the first error.
class Fields {
 public:
  explicit Fields(std::string_view object_json) {
    std::string decoded;
    JsonMembers members(object_json);
    while (const auto member = members.next()) {
      const auto name = std::find(kFieldNames.begin(), kFieldNames.end(), json_string_text(member->key_json, decoded));
      if (name != kFieldNames.end()) values_[static_cast<size_t>(name - kFieldNames.begin())] = member->value_json;
    }
  }

  bool has(FieldName name) const { return !values_[name].empty(); }
  std::string_view json(FieldName name) const { return values_[name]; }
  std::optional<std::string> error() const { return error_; }
  void fail(FieldName name, std::string_view what) {
    if (!error_) error_ = '"' + std::string(kFieldNames[name]) + "\" " + std::string(what) + ".";
  }

  bool require(FieldName name) {
    if (!has(name)) fail(name, "is missing");
    return has(name);
  }
  // The text of a string field; "" and an error when it is something else.
  std::string text(FieldName name) {
    if (kind_of(json(name)) == JsonKind::kString) return decode_json_string(json(name));
    fail(name, "must be a string");
    return {};
  }
  std::string required_text(FieldName name) { return require(name) ? text(name) : std::string(); }
  uint64_t required_count(FieldName name) {
    if (!require(name)) return 0;
    const auto value = kind_of(json(name)) == JsonKind::kNumber ? whole_number(json(name)) : std::nullopt;
    if (!value) fail(name, "must be a whole number");
    return value.value_or(0);
  }
  // Whole seconds from `least` to `most`.
  Duration seconds(FieldName name, uint64_t least, uint64_t most) {
    const uint64_t value = required_count(name);
    if (value < least || value > most) fail(name, "must be " + std::to_string(least) + " to " + std::to_string(most));
    return std::chrono::seconds(std::min(value, most));
  }
  bool flag(FieldName name) {
    if (kind_of(json(name)) != JsonKind::kBool) fail(name, "must be true or false");
    return json(name) == "true";
  }
  void adopt_error(const Fields& inner) {
    if (!error_) error_ = inner.error_;
  }

 private:
  std::array<std::string_view, kFieldCount> values_;
  std::optional<std::string> error_;
};

}  // namespace noom::signal
