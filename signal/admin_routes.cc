#include "signal/admin_routes.h"

#include <charconv>
#include <initializer_list>
#include <utility>

#include "common/ops/daemon.h"
#include "signal/core/json_object.h"
#include "signal/core/json_text.h"
#include "signal/core/operator.h"

namespace noom::signal {
namespace {

constexpr uint64_t kBanMax_s = 86'400;
constexpr size_t kMessageCharactersMax = 200;
constexpr uint64_t kTicketLifetime_s = 3600;  // when none is asked for

// One JSON object, written from its beginning to its end.
class JsonWriter {
 public:
  JsonWriter& text(std::string_view key, std::string_view value) {
    append_json_string(begin(key), value);
    return *this;
  }
  JsonWriter& number(std::string_view key, uint64_t value) { return raw(key, std::to_string(value)); }
  JsonWriter& flag(std::string_view key, bool value) { return raw(key, value ? "true" : "false"); }
  // Valid JSON as it is.
  JsonWriter& raw(std::string_view key, std::string_view json) {
    begin(key) += json;
    return *this;
  }
  std::string end() { return std::move(text_) + "}"; }

 private:
  std::string& begin(std::string_view key) {
    if (text_.size() > 1) text_ += ',';
    append_json_string(text_, key);
    return text_ += ':';
  }
  std::string text_ = "{";
};

template <typename Items, typename Write>
std::string json_array(const Items& items, Write&& write) {
  std::string text = "[";
  for (const auto& item : items) text += (text.size() > 1 ? "," : "") + write(item);
  return text + "]";
}

JsonWriter room_json(const RoomSummary& room) {
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
    case Why::kOtherOwner:
      break;
  }
  return {421, JsonWriter()
                       .text("code", "other_owner")
                       .text("message", "another node owns rooms of that name; ask it")
                       .text("owner", refusal.owner)
                       .end() +
                   "\n"};
}
ops::AdminReply reply_to(const OperatorResult& result) {
  return result ? reply_to(*result) : ops::AdminReply{204};
}
ops::AdminReply malformed(std::string_view message) {
  return ops::admin_error(400, "malformed", message);
}

// Missing: `fallback`. nullopt: not a whole number of at most `most`.
std::optional<uint64_t> number_of(const ops::AdminRequest& request, std::string_view name, uint64_t fallback,
                                  uint64_t most) {
  const auto text = request.parameter(name);
  if (!text)
    return request.query.find(std::string(name) + "=") == std::string::npos ? std::optional(fallback) : std::nullopt;
  uint64_t value = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), value);
  if (error != std::errc() || end != text->data() + text->size() || value > most) return std::nullopt;
  return value;
}

// What the people concerned are told; nullopt: not fit to be.
std::optional<std::string> message_of(const ops::AdminRequest& request) {
  const std::string message = request.parameter("message").value_or("");
  std::string as_json;
  append_json_string(as_json, message);
  if (!is_json_object("{\"m\":" + as_json + "}", 2)) return std::nullopt;  // not UTF-8
  if (count_characters(message) > kMessageCharactersMax || has_control_characters(message)) return std::nullopt;
  return message;
}
constexpr std::string_view kMessageRule = "\"message\" must be at most 200 characters without control characters";

void list_rooms(SignalShell& shell, const ops::AdminRequest& request, ops::AdminAnswer answer) {
  const auto limit = number_of(request, "limit", 50, kRoomPageMax);
  const auto cursor = number_of(request, "cursor", 0, UINT32_MAX);
  if (!limit || *limit == 0 || !cursor)
    return answer(malformed("\"limit\" must be 1 to 100, \"cursor\" what the page before gave as \"next\""));
  shell.ask([limit = *limit, cursor = *cursor, answer = std::move(answer)](Operator& by) {
    const RoomPage page = by.list_rooms(static_cast<uint32_t>(cursor), limit);
    JsonWriter json;
    json.raw("rooms", json_array(page.rooms, [](const RoomSummary& room) { return room_json(room).end(); }));
    if (page.next) json.text("next", std::to_string(*page.next));
    answer({200, json.end() + "\n"});
  });
}

void describe_room(SignalShell& shell, ops::AdminRequest request, ops::AdminAnswer answer) {
  shell.ask([room = std::move(request.parts[0]), answer = std::move(answer)](Operator& by) {
    const auto found = by.describe(room);
    if (const auto* refusal = std::get_if<OperatorRefusal>(&found)) return answer(reply_to(*refusal));
    const RoomDetail& detail = std::get<RoomDetail>(found);
    answer({200, room_json(detail.room).raw("members", json_array(detail.members, member_json)).end() + "\n"});
  });
}

void end_room(SignalShell& shell, ops::AdminRequest request, ops::AdminAnswer answer) {
  auto message = message_of(request);
  if (!message) return answer(malformed(kMessageRule));
  shell.ask([room = std::move(request.parts[0]), message = *std::move(message),
             answer = std::move(answer)](Operator& by) { answer(reply_to(by.end_room(room, message))); });
}

void kick(SignalShell& shell, ops::AdminRequest request, ops::AdminAnswer answer) {
  auto message = message_of(request);
  if (!message) return answer(malformed(kMessageRule));
  const auto ban = number_of(request, "ban_s", 0, kBanMax_s);
  if (!ban) return answer(malformed("\"ban_s\" must be a number of seconds, at most 86400"));
  shell.ask(
      [parts = std::move(request.parts), ban = std::chrono::seconds(*ban), message = *std::move(message),
       answer = std::move(answer)](Operator& by) { answer(reply_to(by.kick(parts[0], parts[1], ban, message))); });
}

// What is wrong with it; nullopt: `ticket` is filled in.
std::optional<std::string_view> parse_ticket(std::string_view body, JoinTicket& ticket) {
  const auto object = JsonObject::read(body);
  if (!object) return "the body must be a JSON object";
  const auto room = object->text("room");
  if (!room || !is_room_name(*room)) return "\"room\" must be 1 to 64 characters of A-Z a-z 0-9 . _ ~ -";
  ticket.room = *room;
  if (object->has("role")) {
    const auto role = parse_role(object->text("role").value_or(""));
    if (!role) return "\"role\" must be host, moderator, member or viewer";
    ticket.role = *role;
  }
  if (object->has("identity")) {
    const auto identity = object->text("identity");
    if (!identity || identity->empty() || identity->size() > kIdentityBytesMax || has_control_characters(*identity))
      return "\"identity\" must be 1 to 128 bytes without control characters";
    ticket.identity = *identity;
  }
  uint64_t lifetime_s = kTicketLifetime_s;
  if (object->has("lifetime_s")) {
    const std::string_view json = object->json("lifetime_s");
    const auto seconds = kind_of(json) == JsonKind::kNumber ? whole_number(json) : std::nullopt;
    constexpr auto kMost = std::chrono::duration_cast<std::chrono::seconds>(kJoinTicketLifetimeMax).count();
    if (!seconds || *seconds == 0 || *seconds > static_cast<uint64_t>(kMost))
      return "\"lifetime_s\" must be a number of seconds, 1 to 604800";
    lifetime_s = *seconds;
  }
  ticket.lifetime = std::chrono::seconds(lifetime_s);
  return std::nullopt;
}

void mint_ticket(SignalShell& shell, const ops::AdminRequest& request, ops::AdminAnswer answer) {
  JoinTicket ticket;
  if (const auto problem = parse_ticket(request.body, ticket)) return answer(malformed(*problem));
  shell.ask([ticket = std::move(ticket), answer = std::move(answer)](Operator& by) {
    const auto minted = by.mint_ticket(ticket);
    if (const auto* refusal = std::get_if<OperatorRefusal>(&minted)) return answer(reply_to(*refusal));
    const auto lifetime = std::chrono::duration_cast<std::chrono::seconds>(ticket.lifetime).count();
    answer({201, JsonWriter()
                         .text("ticket", std::get<std::string>(minted))
                         .text("room", ticket.room)
                         .text("role", to_string(ticket.role))
                         .number("lifetime_s", static_cast<uint64_t>(lifetime))
                         .end() +
                     "\n"});
  });
}

// Counters alone: no thread is asked.
void tell_usage(SignalShell& shell, const ops::AdminAnswer& answer) {
  const Stats& hub = shell.hub_stats();
  const ShellStats& own = shell.stats();
  uint64_t messages = 0;
  for (const Counter& count : hub.requests) messages += count.value();
  answer({200, JsonWriter()
                       .number("sessions", hub.sessions.value())
                       .number("sessions_away", hub.away.value())
                       .number("rooms", hub.rooms.value())
                       .number("members", hub.members.value())
                       .number("waiting", hub.waiting.value())
                       .number("sessions_opened", hub.sessions_opened.value())
                       .number("messages_received", messages)
                       .number("messages_sent", hub.deliveries.value())
                       .number("bytes_received", own.received_bytes.value())
                       .number("bytes_sent", own.sent_bytes.value())
                       .number("credentials_minted", hub.credentials_minted.value())
                       .end() +
                   "\n"});
}

void list_nodes(SignalShell& shell, ops::AdminAnswer answer) {
  shell.ask([answer = std::move(answer)](Operator& by) {
    answer({200, JsonWriter().raw("nodes", json_array(by.nodes(), node_json)).end() + "\n"});
  });
}

}  // namespace

std::vector<ops::AdminRoute> admin_routes(SignalShell& shell) {
  const auto with_shell = [&shell](auto handle) {
    return [&shell, handle](ops::AdminRequest request, ops::AdminAnswer answer) {
      handle(shell, std::move(request), std::move(answer));
    };
  };
  const auto drain = [](const ops::AdminRequest&, const ops::AdminAnswer& answer) {
    answer({202});
    ops::request_stop();
  };
  return {{"GET", "/v1/rooms", with_shell(list_rooms)},
          {"GET", "/v1/rooms/{name}", with_shell(describe_room)},
          {"DELETE", "/v1/rooms/{name}", with_shell(end_room)},
          {"DELETE", "/v1/rooms/{name}/members/{peer}", with_shell(kick)},
          {"POST", "/v1/tickets", with_shell(mint_ticket)},
          {"POST", "/v1/drain", drain},
          {"GET", "/v1/usage", [&shell](const ops::AdminRequest&, const ops::AdminAnswer& a) { tell_usage(shell, a); }},
          {"GET", "/v1/nodes",
           [&shell](const ops::AdminRequest&, ops::AdminAnswer a) { list_nodes(shell, std::move(a)); }}};
}

std::map<std::string, ops::AdminFile, std::less<>> admin_files(WebFiles& files) {
  std::map<std::string, ops::AdminFile, std::less<>> taken;
  for (const std::string_view prefix : {"/admin.html", "/admin/"}) {
    files.take_out(prefix).for_each([&](const std::string& path, const WebFile& file) {
      taken.emplace(path, ops::AdminFile{file.content_type, *file.body});
    });
  }
  // What the page shares with the others.
  for (const std::string_view shared : {"/styles/tokens.css", "/styles/base.css", "/favicon.svg"}) {
    if (const WebFile* file = files.find(shared))
      taken.emplace(std::string(shared), ops::AdminFile{file->content_type, *file->body});
  }
  if (const auto page = taken.find("/admin.html"); page != taken.end()) taken.emplace("/admin", page->second);
  return taken;
}

}  // namespace noom::signal
