#include "signal/core/moderation_requests.h"

#include "signal/core/join_ticket.h"
#include "signal/core/room_password.h"

namespace noom::signal {
namespace {

constexpr size_t kMessageCharactersMax = 200;
constexpr uint64_t kBanMax_s = 86'400;

std::string parse_message(Fields& fields) {
  if (!fields.has(kMessage)) return {};
  std::string message = fields.text(kMessage);
  if (count_characters(message) > kMessageCharactersMax || has_control_characters(message))
    fields.fail(kMessage, "must be at most 200 characters without control characters");
  return message;
}

Role parse_role_field(Fields& fields) {
  const auto role = parse_role(fields.required_text(kRole));
  if (!role) fields.fail(kRole, "must be host, moderator, member or viewer");
  return role.value_or(Role::kViewer);
}

Configure parse_configure(Fields& fields) {
  Configure configure;
  if (fields.has(kLocked)) configure.locked = fields.flag(kLocked);
  if (fields.has(kLobby)) configure.lobby = fields.flag(kLobby);
  if (fields.has(kPassword))
    configure.password = kind_of(fields.json(kPassword)) == JsonKind::kNull ? "" : parse_password(fields);
  if (!configure.locked && !configure.lobby && !configure.password)
    fields.fail(kLocked, "is missing, and \"lobby\" and \"password\" too");
  return configure;
}

Kick parse_kick(Fields& fields) {
  Kick kick{.peer = fields.required_text(kPeer), .message = parse_message(fields)};
  if (fields.has(kBan)) kick.ban = fields.seconds(kBan, 1, kBanMax_s);
  return kick;
}

RequestMute parse_request_mute(Fields& fields) {
  RequestMute mute{.peer = fields.required_text(kPeer), .media = {}};
  const std::string media = fields.required_text(kMedia);
  const auto known = std::find(kMuteMedia.begin(), kMuteMedia.end(), media);
  if (known == kMuteMedia.end()) {
    fields.fail(kMedia, "must be audio, video or screen");
  } else {
    mute.media = *known;
  }
  return mute;
}

Invite parse_invite(Fields& fields) {
  constexpr uint64_t kMost_s = std::chrono::duration_cast<std::chrono::seconds>(kJoinTicketLifetimeMax).count();
  Invite invite;
  if (fields.has(kRole)) invite.role = parse_role_field(fields);
  if (fields.has(kLifetime)) invite.lifetime = fields.seconds(kLifetime, 1, kMost_s);
  return invite;
}

}  // namespace

std::string parse_password(Fields& fields) {
  std::string password = fields.text(kPassword);
  if (password.empty() || password.size() > kPasswordBytesMax) fields.fail(kPassword, "must be 1 to 128 bytes");
  return password;
}

Request::Body parse_moderation(RequestType type, Fields& fields) {
  switch (type) {
    case RequestType::kConfigure:
      return parse_configure(fields);
    case RequestType::kKick:
      return parse_kick(fields);
    case RequestType::kAdmit:
      return Admit{fields.required_text(kPeer)};
    case RequestType::kDeny:
      return Deny{fields.required_text(kPeer), parse_message(fields)};
    case RequestType::kRequestMute:
      return parse_request_mute(fields);
    case RequestType::kSetRole:
      return SetRole{fields.required_text(kPeer), parse_role_field(fields)};
    case RequestType::kEndRoom:
      return EndRoom{parse_message(fields)};
    default:
      return parse_invite(fields);
  }
}

}  // namespace noom::signal
