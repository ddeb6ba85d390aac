#include "signal/core/notice.h"

#include "signal/core/json_text.h"

namespace noom::signal {

std::string_view to_string(Notice::Kind kind) {
  switch (kind) {
    case Notice::Kind::kRoomStarted:
      return "room.started";
    case Notice::Kind::kRoomEnded:
      return "room.ended";
    case Notice::Kind::kMemberJoined:
      return "member.joined";
    case Notice::Kind::kMemberLeft:
      break;
  }
  return "member.left";
}

std::string build_notice(std::string_view id, std::string_view node, const Notice& notice) {
  std::string text = "{";
  const auto member = [&](std::string_view key, std::string_view value) {
    if (text.back() != '{') text += ',';
    append_json_string(text, key);
    text += ':';
    append_json_string(text, value);
  };
  member("id", id);
  member("type", to_string(notice.kind));
  text += ",\"time\":" + std::to_string(notice.at_s);
  if (!node.empty()) member("node", node);
  text += ",\"room\":{";
  member("name", notice.room);
  member("tag", notice.room_tag);
  text += ",\"epoch\":" + std::to_string(notice.epoch) + "}";
  const bool is_of_member = notice.kind == Notice::Kind::kMemberJoined || notice.kind == Notice::Kind::kMemberLeft;
  if (is_of_member) {
    text += ",\"member\":{";
    member("peer", notice.member.peer);
    member("name", notice.member.name);
    member("role", to_string(notice.member.role));
    member("session", notice.member.session);
    if (!notice.member.identity.empty()) member("identity", notice.member.identity);
    text += "}";
  }
  if (!notice.reason.empty()) {
    member("reason", notice.reason);
    const uint64_t duration_s = notice.at_s > notice.since_s ? notice.at_s - notice.since_s : 0;
    text += ",\"duration_s\":" + std::to_string(duration_s);
  }
  return text + "}";
}

}  // namespace noom::signal
