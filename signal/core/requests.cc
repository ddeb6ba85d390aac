#include "signal/core/requests.h"

#include <algorithm>
#include <array>

#include "signal/core/json_text.h"
#include "signal/core/jwt.h"
#include "signal/core/moderation_requests.h"
#include "signal/core/request_fields.h"
#include "signal/core/room_password.h"
#include "signal/core/settings.h"

namespace noom::signal {
namespace {

constexpr std::array<std::string_view, kRequestTypeCount> kTypeNames = {
    "hello",       "join",      "update", "leave", "roster", "send",         "ping",     "ack",      "bye",
    "ice_servers", "configure", "kick",   "admit", "deny",   "request_mute", "set_role", "end_room", "invite"};

constexpr size_t kClientBytesMax = 64;
constexpr uint64_t kMetadataTtlMax_s = 86'400;

bool is_room_character(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
         c == '~' || c == '-';
}

// Whether "resume" is among them; names nobody here knows are passed over.
bool parse_features(Fields& fields) {
  if (kind_of(fields.json(kFeatures)) != JsonKind::kArray) {
    fields.fail(kFeatures, "must be an array");
    return false;
  }
  bool can_resume = false;
  JsonElements features(fields.json(kFeatures));
  while (const auto feature = features.next()) {
    if (kind_of(*feature) != JsonKind::kString) {
      fields.fail(kFeatures, "must be an array of strings");
    } else if (json_string_equals(*feature, "resume")) {
      can_resume = true;
    }
  }
  return can_resume;
}

Resume parse_resume(Fields& fields) {
  Resume resume;
  if (kind_of(fields.json(kResume)) != JsonKind::kObject) {
    fields.fail(kResume, "must be an object");
    return resume;
  }
  Fields inner(fields.json(kResume));
  resume.ticket = inner.required_text(kTicket);
  resume.received = inner.required_count(kReceived);
  fields.adopt_error(inner);
  return resume;
}

Hello parse_hello(Fields& fields) {
  Hello hello;
  hello.protocol = fields.required_text(kProtocolField);
  if (fields.has(kClient)) hello.client = fields.text(kClient);
  const bool printable =
      std::all_of(hello.client.begin(), hello.client.end(), [](char c) { return c >= 0x20 && c < 0x7f; });
  if (hello.client.size() > kClientBytesMax || !printable)
    fields.fail(kClient, "must be at most 64 printable ASCII characters");
  if (fields.has(kFeatures)) hello.can_resume = parse_features(fields);
  if (fields.has(kResume)) hello.resume = parse_resume(fields);
  if (hello.resume && !hello.can_resume) fields.fail(kResume, "needs the feature \"resume\"");
  return hello;
}

std::string parse_name(Fields& fields) {
  std::string name = fields.text(kName);
  if (count_characters(name) > kPeerNameCharactersMax) fields.fail(kName, "must be at most 64 characters");
  if (has_control_characters(name)) fields.fail(kName, "must not contain control characters");
  return name;
}

std::string_view parse_metadata(Fields& fields) {
  const std::string_view metadata = fields.json(kMetadata);
  if (kind_of(metadata) != JsonKind::kObject) fields.fail(kMetadata, "must be an object");
  if (metadata.size() > kMetadataBytesMax) fields.fail(kMetadata, "must be at most 4096 bytes of JSON");
  return metadata;
}

std::optional<Duration> parse_metadata_ttl(Fields& fields) {
  if (!fields.has(kMetadataTtl)) return std::nullopt;
  const uint64_t seconds = fields.required_count(kMetadataTtl);
  if (seconds < 1 || seconds > kMetadataTtlMax_s) fields.fail(kMetadataTtl, "must be 1 to 86400");
  if (!fields.has(kMetadata)) fields.fail(kMetadata, "is missing, though \"metadata_ttl_s\" is there");
  return std::chrono::seconds(std::min(seconds, kMetadataTtlMax_s));
}

Join parse_join(Fields& fields) {
  Join join;
  join.room = fields.required_text(kRoom);
  if (!is_room_name(join.room)) fields.fail(kRoom, "must be 1 to 64 characters of A-Z a-z 0-9 . _ ~ -");
  if (fields.has(kName)) join.name = parse_name(fields);
  join.metadata_json = fields.has(kMetadata) ? parse_metadata(fields) : "{}";
  join.metadata_ttl = parse_metadata_ttl(fields);
  if (fields.has(kTokenField)) join.token = fields.text(kTokenField);
  if (join.token && join.token->size() > kTokenBytesMax) fields.fail(kTokenField, "must be at most 16384 bytes");
  if (fields.has(kPassword)) join.password = parse_password(fields);
  return join;
}

Update parse_update(Fields& fields) {
  Update update;
  if (fields.has(kName)) update.name = parse_name(fields);
  if (fields.has(kMetadata)) update.metadata_json = parse_metadata(fields);
  update.metadata_ttl = parse_metadata_ttl(fields);
  if (!fields.has(kName) && !fields.has(kMetadata)) fields.fail(kMetadata, "is missing, and \"name\" too");
  return update;
}

Send parse_send(Fields& fields) {
  Send send;
  if (fields.has(kTo)) send.to = fields.text(kTo);
  if (fields.has(kRole)) send.role = fields.text(kRole);
  if (send.to && send.role) fields.fail(kRole, "and \"to\" exclude each other");
  fields.require(kData);
  send.data_json = fields.json(kData);
  return send;
}

Request::Body parse_body(RequestType type, Fields& fields) {
  switch (type) {
    case RequestType::kHello:
      return parse_hello(fields);
    case RequestType::kJoin:
      return parse_join(fields);
    case RequestType::kUpdate:
      return parse_update(fields);
    case RequestType::kLeave:
      return Leave{};
    case RequestType::kRoster:
      return Roster{};
    case RequestType::kSend:
      return parse_send(fields);
    case RequestType::kPing:
      return Ping{};
    case RequestType::kAck:
      return Ack{fields.required_count(kReceived)};
    case RequestType::kBye:
      return Bye{};
    case RequestType::kIceServers:
      return AskIceServers{};
    default:
      return parse_moderation(type, fields);
  }
}

}  // namespace

bool is_room_name(std::string_view text) {
  return !text.empty() && text.size() <= kRoomNameBytesMax && std::all_of(text.begin(), text.end(), is_room_character);
}

std::string_view to_string(RequestType type) {
  return kTypeNames[static_cast<size_t>(type)];
}

std::variant<Request, RequestError> parse_request(std::string_view frame) {
  if (!is_json_object(frame, kJsonDepthMax)) {
    return RequestError{
        ErrorCode::kBadJson, "The message must be one JSON object in UTF-8, nested at most 32 deep.", {}};
  }
  Fields fields(frame);
  Request request;
  if (fields.has(kId)) {
    const JsonKind kind = kind_of(fields.json(kId));
    const bool fits =
        fields.json(kId).size() <= kRequestIdBytesMax && (kind == JsonKind::kNumber || kind == JsonKind::kString);
    if (!fits)
      return RequestError{ErrorCode::kBadMessage, "\"id\" must be a number or a string of at most 64 bytes.", {}};
    request.id_json = fields.json(kId);
  }
  const std::string type = fields.required_text(kType);
  if (const auto error = fields.error()) return RequestError{ErrorCode::kBadMessage, *error, request.id_json};
  const auto known = std::find(kTypeNames.begin(), kTypeNames.end(), type);
  if (known == kTypeNames.end())
    return RequestError{ErrorCode::kUnknownType, "noom.v1 has no request of this type.", request.id_json};
  request.body = parse_body(static_cast<RequestType>(known - kTypeNames.begin()), fields);
  if (const auto error = fields.error()) return RequestError{ErrorCode::kBadMessage, *error, request.id_json};
  return request;
}

}  // namespace noom::signal
