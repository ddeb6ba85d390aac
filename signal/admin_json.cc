#include "signal/admin_json.h"

#include "signal/core/json_text.h"

namespace noom::signal {
namespace {

constexpr uint64_t kUnavailableRetryAfter = 2;  // seconds

JsonWriter begin_room(const RoomSummary& room) {
  JsonWriter json;
  json.text("name", room.name).text("tag", room.tag);
  if (!room.owner.empty()) json.text("owner", room.owner);
  json.number("member_count", room.members).number("waiting_count", room.waiting).number("capacity", room.capacity);
  json.flag("locked", room.flags.locked).flag("lobby", room.flags.lobby).flag("password", room.flags.has_password);
  json.number("epoch", room.at.epoch).number("seq", room.at.seq).number("since", room.since_s);
  return json;
}

std::string member_json(const MemberSummary& member) {
  JsonWriter json;
  json.text("peer", member.peer).text("name", member.name).text("role", to_string(member.role));
  json.text("session", member.session);
  if (!member.identity.empty()) json.text("identity", member.identity);
  if (!member.node.empty()) json.text("node", member.node);
  return json.flag("away", member.away).number("since", member.since_s).end();
}

}  // namespace

JsonWriter& JsonWriter::text(std::string_view key, std::string_view value) {
  append_json_string(begin(key), value);
  return *this;
}

JsonWriter& JsonWriter::raw(std::string_view key, std::string_view json) {
  begin(key) += json;
  return *this;
}

std::string& JsonWriter::begin(std::string_view key) {
  if (text_.size() > 1) text_ += ',';
  append_json_string(text_, key);
  return text_ += ':';
}

std::string room_json(const RoomSummary& room) {
  return begin_room(room).end();
}

std::string room_json(const RoomDetail& detail) {
  return begin_room(detail.room).raw("members", json_array(detail.members, member_json)).end();
}

std::string node_json(const NodeSummary& node) {
  return JsonWriter()
      .text("name", node.name)
      .flag("self", node.self)
      .flag("draining", node.draining)
      .number("sessions", node.load.sessions)
      .number("rooms", node.load.rooms)
      .number("members", node.load.members)
      .end();
}

ops::AdminReply reply_to(const OperatorRefusal& refusal) {
  using Why = OperatorRefusal::Why;
  switch (refusal.why) {
    case Why::kNoSuchRoom:
      return ops::admin_error(404, "no_such_room", "there is no room of that name");
    case Why::kNoSuchPeer:
      return ops::admin_error(404, "no_such_peer", "nobody of that name is in the room");
    case Why::kNoTickets:
      return ops::admin_error(409, "no_tickets", "admission.modes does not take tickets");
    case Why::kUnavailable:
      break;
  }
  JsonWriter json;
  json.text("code", "unavailable");
  if (refusal.node.empty()) {
    json.text("message", "this node is cut off from the others; ask again soon");
  } else {
    json.text("message", "the node that has the room does not answer; ask again soon").text("node", refusal.node);
  }
  return {503, json.number("retry_after", kUnavailableRetryAfter).end() + "\n"};
}

}  // namespace noom::signal
