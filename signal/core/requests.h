// noom.v1 on its way in: requests out of JSON text. Knows fields, types and ranges; no state. docs/protocol/noom-v1.md.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "common/base/time.h"
#include "signal/core/errors.h"
#include "signal/core/role.h"

namespace noom::signal {

// In the order of Request::Body.
enum class RequestType : uint8_t {
  kHello,
  kJoin,
  kUpdate,
  kLeave,
  kRoster,
  kSend,
  kPing,
  kAck,
  kBye,
  kIceServers,
  kConfigure,
  kKick,
  kAdmit,
  kDeny,
  kRequestMute,
  kSetRole,
  kEndRoom,
  kInvite,
};
constexpr size_t kRequestTypeCount = 18;
constexpr bool is_moderation(RequestType type) {
  return type >= RequestType::kConfigure;
}
std::string_view to_string(RequestType type);  // as on the wire

// "Json" members are JSON text as the client wrote it, known to be valid; they and everything else that is a view
// borrow the parsed frame.
struct Resume {
  std::string ticket;     // any text
  uint64_t received = 0;  // how many of the session's messages have come
};
struct Hello {
  std::string protocol;
  std::string client;            // printable ASCII, at most 64 bytes; for the log
  bool can_resume = false;       // "resume" is among its features
  std::optional<Resume> resume;  // only with can_resume
};
struct Join {
  std::string room;
  std::string name;
  std::string_view metadata_json;        // an object
  std::optional<Duration> metadata_ttl;  // whole seconds
  std::optional<std::string> token;      // any text, at most kTokenBytesMax
  std::optional<std::string> password;   // 1 to kPasswordBytesMax bytes
};
struct Update {
  std::optional<std::string> name;
  std::optional<std::string_view> metadata_json;  // an object
  std::optional<Duration> metadata_ttl;           // only with metadata
};
struct Leave {};
struct Roster {};
// To one peer, to all who have a role, or (neither) to everyone else.
struct Send {
  std::optional<std::string> to;
  std::optional<std::string> role;
  std::string_view data_json;
};
struct Ping {};
struct Ack {
  uint64_t received = 0;
};
struct Bye {};
struct AskIceServers {};

// ---- of those who moderate ----
// What is missing stays as it is.
struct Configure {
  std::optional<bool> locked;
  std::optional<bool> lobby;
  std::optional<std::string> password;  // empty: none any more
};
struct Kick {
  std::string peer;
  std::string message;  // for whom it is about; may be empty
  Duration ban{};       // zero: may come back at once
};
struct Admit {
  std::string peer;
};
struct Deny {
  std::string peer;
  std::string message;
};
struct RequestMute {
  std::string peer;
  std::string_view media;  // one of kMuteMedia
};
struct SetRole {
  std::string peer;
  Role role = Role::kMember;
};
struct EndRoom {
  std::string message;
};
struct Invite {
  Role role = Role::kMember;
  Duration lifetime = std::chrono::hours(1);
};
constexpr std::array<std::string_view, 3> kMuteMedia = {"audio", "video", "screen"};

struct Request {
  using Body = std::variant<Hello, Join, Update, Leave, Roster, Send, Ping, Ack, Bye, AskIceServers, Configure, Kick,
                            Admit, Deny, RequestMute, SetRole, EndRoom, Invite>;
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
// A room's name, docs/protocol/noom-v1.md.
bool is_room_name(std::string_view text);

std::variant<Request, RequestError> parse_request(std::string_view frame);

}  // namespace noom::signal
