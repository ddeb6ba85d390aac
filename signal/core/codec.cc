#include "signal/core/codec.h"

#include <algorithm>
#include <array>

#include "signal/core/json_text.h"

namespace noom::signal {
namespace {

constexpr std::array<std::string_view, kErrorCodeCount> kErrorNames = {
    "bad_json",       "bad_message", "unknown_type", "hello_required", "already_greeted", "protocol_unsupported",
    "already_joined", "not_joined",  "room_full",    "too_many_rooms", "no_such_peer",    "rate_limited",
    "frame_too_big"};
constexpr std::array<std::string_view, kRequestTypeCount> kTypeNames = {"hello", "join", "update", "leave",
                                                                        "send",  "ping", "bye"};

constexpr size_t kClientBytesMax = 64;

void append(std::string& out, std::initializer_list<std::string_view> pieces) {
  for (const std::string_view piece : pieces) out += piece;
}

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
  kTo,
  kData,
  kFieldCount
};
constexpr std::array<std::string_view, kFieldCount> kFieldNames = {"type", "id",   "protocol", "client", "features",
                                                                   "room", "name", "metadata", "to",     "data"};

// The fields of one frame. Reads latch the first error.
class Fields {
 public:
  explicit Fields(std::string_view object_json) {
    JsonMembers members(object_json);
    while (const auto member = members.next()) {
      for (size_t i = 0; i < kFieldCount; ++i) {
        if (json_string_equals(member->key_json, kFieldNames[i])) values_[i] = member->value_json;
      }
    }
  }

  bool has(FieldName name) const { return !values_[name].empty(); }
  std::string_view json(FieldName name) const { return values_[name]; }
  std::optional<std::string> error() const { return error_; }
  void fail(FieldName name, std::string_view what) {
    if (!error_) append(error_.emplace(), {"\"", kFieldNames[name], "\" ", what, "."});
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

 private:
  std::array<std::string_view, kFieldCount> values_;
  std::optional<std::string> error_;
};

bool is_room_character(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
         c == '~' || c == '-';
}

Hello parse_hello(Fields& fields) {
  Hello hello;
  hello.protocol = fields.required_text(kProtocolField);
  if (fields.has(kClient)) hello.client = fields.text(kClient);
  const bool printable =
      std::all_of(hello.client.begin(), hello.client.end(), [](char c) { return c >= 0x20 && c < 0x7f; });
  if (hello.client.size() > kClientBytesMax || !printable)
    fields.fail(kClient, "must be at most 64 printable ASCII characters");
  if (fields.has(kFeatures) && kind_of(fields.json(kFeatures)) != JsonKind::kArray)
    fields.fail(kFeatures, "must be an array");
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

Join parse_join(Fields& fields) {
  Join join;
  join.room = fields.required_text(kRoom);
  if (join.room.empty() || join.room.size() > kRoomNameBytesMax ||
      !std::all_of(join.room.begin(), join.room.end(), is_room_character)) {
    fields.fail(kRoom, "must be 1 to 64 characters of A-Z a-z 0-9 . _ ~ -");
  }
  if (fields.has(kName)) join.name = parse_name(fields);
  join.metadata_json = fields.has(kMetadata) ? parse_metadata(fields) : "{}";
  return join;
}

Update parse_update(Fields& fields) {
  Update update;
  if (fields.has(kName)) update.name = parse_name(fields);
  if (fields.has(kMetadata)) update.metadata_json = parse_metadata(fields);
  if (!fields.has(kName) && !fields.has(kMetadata)) fields.fail(kMetadata, "is missing, and \"name\" too");
  return update;
}

Send parse_send(Fields& fields) {
  Send send;
  if (fields.has(kTo)) send.to = fields.text(kTo);
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
    case RequestType::kSend:
      return parse_send(fields);
    case RequestType::kPing:
      return Ping{};
    case RequestType::kBye:
      break;
  }
  return Bye{};
}

// Text of a known shape: `{"type":"…"` and members after it.
class ObjectWriter {
 public:
  explicit ObjectWriter(std::string_view type, size_t bytes_expected = 128) {
    out_.reserve(bytes_expected);
    append(out_, {"{\"type\":\"", type, "\""});
  }
  ObjectWriter& json(std::string_view key, std::string_view value_json) {
    append(out_, {",\"", key, "\":", value_json});
    return *this;
  }
  ObjectWriter& text(std::string_view key, std::string_view value) {
    append(out_, {",\"", key, "\":"});
    append_json_string(out_, value);
    return *this;
  }
  ObjectWriter& number(std::string_view key, uint64_t value) {
    append(out_, {",\"", key, "\":", std::to_string(value)});
    return *this;
  }
  ObjectWriter& re(std::string_view id_json) { return id_json.empty() ? *this : json("re", id_json); }
  ObjectWriter& at(EventPosition at) { return number("epoch", at.epoch).number("seq", at.seq); }
  std::string done() {
    out_ += '}';
    return std::move(out_);
  }

 private:
  std::string out_;
};

uint64_t milliseconds(Duration duration) {
  return static_cast<uint64_t>(std::chrono::duration_cast<std::chrono::milliseconds>(duration).count());
}

void append_ice_server(std::string& out, const IceServer& server) {
  out += "{\"urls\":[";
  for (size_t i = 0; i < server.urls.size(); ++i) {
    if (i > 0) out += ',';
    append_json_string(out, server.urls[i]);
  }
  out += ']';
  if (!server.username.empty()) {
    out += ",\"username\":";
    append_json_string(out, server.username);
    out += ",\"credential\":";
    append_json_string(out, server.credential);
  }
  out += '}';
}

std::string build_peer_event(std::string_view type, std::string_view room, EventPosition at, const PeerView& peer,
                             bool with_polite) {
  ObjectWriter writer(type, 192 + peer.metadata_json.size());
  writer.text("room", room).at(at).text("peer", peer.peer).text("name", peer.name).json("metadata", peer.metadata_json);
  if (with_polite) writer.json("polite", "false");
  return writer.done();
}

}  // namespace

std::string_view to_string(ErrorCode code) {
  return kErrorNames[static_cast<size_t>(code)];
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

std::string build_welcome(std::string_view id_json, const WelcomeView& welcome) {
  return ObjectWriter("welcome", 320)
      .re(id_json)
      .text("protocol", kProtocol)
      .text("server", welcome.server)
      .text("session", welcome.session)
      .json("features", "[]")
      .number("ping_interval_ms", milliseconds(welcome.ping_interval))
      .number("ping_timeout_ms", milliseconds(welcome.ping_timeout))
      .number("frame_bytes_max", welcome.frame_bytes_max)
      .done();
}

std::string build_joined(std::string_view id_json, const JoinedView& joined) {
  std::string peers = "[";
  for (const PeerView& peer : joined.peers) {
    if (peers.size() > 1) peers += ',';
    peers += "{\"peer\":";
    append_json_string(peers, peer.peer);
    peers += ",\"name\":";
    append_json_string(peers, peer.name);
    append(peers, {",\"metadata\":", peer.metadata_json, ",\"polite\":true}"});
  }
  peers += ']';
  std::string ice_servers = "[";
  for (const IceServer& server : *joined.ice_servers) {
    if (ice_servers.size() > 1) ice_servers += ',';
    append_ice_server(ice_servers, server);
  }
  ice_servers += ']';
  ObjectWriter writer("joined", 256 + peers.size() + ice_servers.size());
  writer.re(id_json)
      .text("room", joined.room)
      .at(joined.at)
      .text("peer", joined.peer)
      .json("peers", peers)
      .json("ice_servers", ice_servers);
  if (joined.ice_ttl) writer.number("ice_ttl_s", milliseconds(*joined.ice_ttl) / 1000);
  return writer.done();
}

std::string build_peer_joined(std::string_view room, EventPosition at, const PeerView& peer) {
  return build_peer_event("peer_joined", room, at, peer, true);
}

std::string build_peer_updated(std::string_view room, EventPosition at, const PeerView& peer) {
  return build_peer_event("peer_updated", room, at, peer, false);
}

std::string build_peer_left(std::string_view room, EventPosition at, std::string_view peer, std::string_view reason) {
  return ObjectWriter("peer_left").text("room", room).at(at).text("peer", peer).text("reason", reason).done();
}

std::string build_left(std::string_view id_json, std::string_view room) {
  return ObjectWriter("left").re(id_json).text("room", room).done();
}

std::string build_message(std::string_view room, std::string_view from, std::string_view data_json,
                          std::optional<EventPosition> at) {
  ObjectWriter writer("message", 160 + room.size() + data_json.size());
  writer.text("room", room).text("from", from).json("broadcast", at ? "true" : "false");
  if (at) writer.at(*at);
  return writer.json("data", data_json).done();
}

std::string build_ok(std::string_view id_json, std::optional<EventPosition> at) {
  ObjectWriter writer("ok", 64);
  writer.re(id_json);
  if (at) writer.at(*at);
  return writer.done();
}

std::string build_pong(std::string_view id_json) {
  return ObjectWriter("pong", 32).re(id_json).done();
}

std::string build_error(std::string_view id_json, ErrorCode code, std::string_view message,
                        std::optional<uint32_t> retry_after_s) {
  ObjectWriter writer("error", 192);
  writer.re(id_json).text("code", to_string(code)).text("message", message);
  if (retry_after_s) writer.number("retry_after_s", *retry_after_s);
  return writer.done();
}

}  // namespace noom::signal
