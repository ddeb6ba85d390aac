// noom.v1 on the wire: requests out of JSON text, answers and events into it. Knows fields, types and ranges; no state.
// docs/protocol/noom-v1.md.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "signal/core/settings.h"

namespace noom::signal {

enum class ErrorCode : uint8_t {
  kBadJson,
  kBadMessage,
  kUnknownType,
  kHelloRequired,
  kAlreadyGreeted,
  kProtocolUnsupported,
  kAlreadyJoined,
  kNotJoined,
  kRoomFull,
  kTooManyRooms,
  kNoSuchPeer,
  kRateLimited,
  kFrameTooBig,
};
constexpr size_t kErrorCodeCount = 13;
std::string_view to_string(ErrorCode code);  // as on the wire

// In the order of Request::Body.
enum class RequestType : uint8_t { kHello, kJoin, kUpdate, kLeave, kSend, kPing, kBye };
constexpr size_t kRequestTypeCount = 7;
std::string_view to_string(RequestType type);  // as on the wire

// ---- requests ----

// "Json" members are JSON text as the client wrote it, known to be valid; they and everything else that is a view
// borrow the parsed frame.
struct Hello {
  std::string protocol;
  std::string client;  // printable ASCII, at most 64 bytes; for the log
};
struct Join {
  std::string room;
  std::string name;
  std::string_view metadata_json;  // an object
};
struct Update {
  std::optional<std::string> name;
  std::optional<std::string_view> metadata_json;  // an object
};
struct Leave {};
struct Send {
  std::optional<std::string> to;
  std::string_view data_json;
};
struct Ping {};
struct Bye {};

struct Request {
  using Body = std::variant<Hello, Join, Update, Leave, Send, Ping, Bye>;
  std::string_view id_json;  // a number or a string; empty when there is none
  Body body;

  RequestType type() const { return static_cast<RequestType>(body.index()); }
};

struct RequestError {
  ErrorCode code = ErrorCode::kBadJson;  // kBadJson, kBadMessage or kUnknownType
  std::string message;                   // one sentence that names the field
  std::string_view id_json;              // when it could be read
};

// Any bytes are legal input. O(size); memory bounded by kJsonDepthMax and the size of the strings that contain escapes.
std::variant<Request, RequestError> parse_request(std::string_view frame);

// ---- answers and events ----

struct IceServer {
  std::vector<std::string> urls;
  std::string username;    // empty for stun:
  std::string credential;  // empty for stun:
};

struct PeerView {  // borrowed
  std::string_view peer;
  std::string_view name;
  std::string_view metadata_json;
};

struct EventPosition {
  uint64_t epoch = 0;
  uint64_t seq = 0;
};

struct WelcomeView {
  std::string_view session;
  std::string_view server;
  Duration ping_interval{};
  Duration ping_timeout{};
  size_t frame_bytes_max = 0;
};
std::string build_welcome(std::string_view id_json, const WelcomeView& welcome);

struct JoinedView {
  std::string_view room;
  EventPosition at;
  std::string_view peer;
  std::vector<PeerView> peers;
  const std::vector<IceServer>* ice_servers = nullptr;  // never null when built
  std::optional<Duration> ice_ttl = std::nullopt;
};
std::string build_joined(std::string_view id_json, const JoinedView& joined);

std::string build_peer_joined(std::string_view room, EventPosition at, const PeerView& peer);
std::string build_peer_updated(std::string_view room, EventPosition at, const PeerView& peer);
std::string build_peer_left(std::string_view room, EventPosition at, std::string_view peer, std::string_view reason);
std::string build_left(std::string_view id_json, std::string_view room);
// Broadcast when `at` is given.
std::string build_message(std::string_view room, std::string_view from, std::string_view data_json,
                          std::optional<EventPosition> at);
std::string build_ok(std::string_view id_json, std::optional<EventPosition> at);
std::string build_pong(std::string_view id_json);
std::string build_error(std::string_view id_json, ErrorCode code, std::string_view message,
                        std::optional<uint32_t> retry_after_s);

}  // namespace noom::signal
