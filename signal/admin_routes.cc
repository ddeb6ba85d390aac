#include "signal/admin_routes.h"

#include <algorithm>
#include <charconv>
#include <memory>
#include <utility>

#include "signal/admin_json.h"
#include "signal/core/json_object.h"
#include "signal/core/json_text.h"

namespace noom::signal {
namespace {

constexpr uint64_t kBanMax_s = 86'400;
constexpr size_t kMessageCharactersMax = 200;
constexpr uint64_t kTicketLifetime_s = 3600;  // when none is asked for
constexpr size_t kCursorBytesMax = 256;
constexpr int kNodesAskedMax = 64;  // for one page

ops::AdminReply malformed(std::string_view message) {
  return ops::admin_error(400, "malformed", message);
}

std::optional<uint64_t> parse_number(std::string_view text, uint64_t most) {
  uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value > most) return std::nullopt;
  return value;
}

// Missing: `fallback`. nullopt: not a whole number of at most `most`.
std::optional<uint64_t> number_of(const ops::AdminRequest& request, std::string_view name, uint64_t fallback,
                                  uint64_t most) {
  const auto text = request.parameter(name);
  if (!text)
    return request.query.find(std::string(name) + "=") == std::string::npos ? std::optional(fallback) : std::nullopt;
  return parse_number(*text, most);
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

// One answer to GET /v1/rooms: node after node is asked until the page is full or one does not answer.
class RoomListing : public std::enable_shared_from_this<RoomListing> {
 public:
  RoomListing(SignalShell& shell, RoomCursor from, uint32_t limit, ops::AdminAnswer answer)
      : shell_(shell), next_(std::move(from)), left_(limit), answer_(std::move(answer)) {}

  void ask() {
    shell_.ask({.kind = OperatorQuestion::Kind::kListRooms, .from = *next_, .limit = left_},
               [self = shared_from_this()](const OperatorAnswer& answer) { self->take(answer.page); });
  }

 private:
  void take(const RoomPage& page) {
    for (const RoomSummary& room : page.rooms) rooms_.push_back(room_json(room));
    left_ -= static_cast<uint32_t>(std::min<size_t>(left_, page.rooms.size()));
    next_ = page.next;
    if (next_ && left_ > 0 && page.unavailable.empty() && ++asked_ < kNodesAskedMax) return ask();
    JsonWriter json;
    json.raw("rooms", json_array(rooms_, [](const std::string& room) { return room; }));
    if (next_) json.text("next", next_->node + ":" + std::to_string(next_->slot));
    if (!page.unavailable.empty()) json.text("unavailable", page.unavailable);
    if (page.cut_off) json.flag("cut_off", true);
    answer_({200, json.end() + "\n"});
  }

  SignalShell& shell_;
  std::optional<RoomCursor> next_;
  uint32_t left_;
  int asked_ = 0;
  ops::AdminAnswer answer_;
  std::vector<std::string> rooms_;
};

// As RoomListing writes it: a node's name, which may be empty or hold colons, and a slot.
std::optional<RoomCursor> cursor_of(const ops::AdminRequest& request) {
  const auto text = request.parameter("cursor");
  if (!text) return request.query.find("cursor=") == std::string::npos ? std::optional(RoomCursor()) : std::nullopt;
  const size_t colon = text->rfind(':');
  if (colon == std::string::npos || text->size() > kCursorBytesMax) return std::nullopt;
  const auto slot = parse_number(std::string_view(*text).substr(colon + 1), UINT32_MAX);
  if (!slot) return std::nullopt;
  return RoomCursor{text->substr(0, colon), static_cast<uint32_t>(*slot)};
}

void list_rooms(SignalShell& shell, const ops::AdminRequest& request, ops::AdminAnswer answer) {
  const auto limit = number_of(request, "limit", 50, kRoomPageMax);
  auto cursor = cursor_of(request);
  if (!limit || *limit == 0 || !cursor)
    return answer(malformed("\"limit\" must be 1 to 100, \"cursor\" what the page before gave as \"next\""));
  std::make_shared<RoomListing>(shell, *std::move(cursor), static_cast<uint32_t>(*limit), std::move(answer))->ask();
}

void describe_room(SignalShell& shell, ops::AdminRequest request, ops::AdminAnswer answer) {
  shell.ask({.kind = OperatorQuestion::Kind::kDescribe, .room = std::move(request.parts[0])}, [answer =
                                                                                                   std::move(answer)](
                                                                                                  const OperatorAnswer&
                                                                                                      answered) {
    answer(answered.refusal ? reply_to(*answered.refusal) : ops::AdminReply{200, room_json(answered.detail) + "\n"});
  });
}

void order(SignalShell& shell, OperatorQuestion question, ops::AdminAnswer answer) {
  shell.ask(std::move(question), [answer = std::move(answer)](const OperatorAnswer& answered) {
    answer(answered.refusal ? reply_to(*answered.refusal) : ops::AdminReply{204});
  });
}

void end_room(SignalShell& shell, ops::AdminRequest request, ops::AdminAnswer answer) {
  auto message = message_of(request);
  if (!message) return answer(malformed(kMessageRule));
  order(shell,
        {.kind = OperatorQuestion::Kind::kEndRoom, .room = std::move(request.parts[0]), .message = *std::move(message)},
        std::move(answer));
}

void kick(SignalShell& shell, ops::AdminRequest request, ops::AdminAnswer answer) {
  auto message = message_of(request);
  if (!message) return answer(malformed(kMessageRule));
  const auto ban = number_of(request, "ban_s", 0, kBanMax_s);
  if (!ban) return answer(malformed("\"ban_s\" must be a number of seconds, at most 86400"));
  order(shell,
        {.kind = OperatorQuestion::Kind::kKick,
         .room = std::move(request.parts[0]),
         .peer = std::move(request.parts[1]),
         .ban = std::chrono::seconds(*ban),
         .message = *std::move(message)},
        std::move(answer));
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
  return {{"GET", "/v1/rooms", with_shell(list_rooms)},
          {"GET", "/v1/rooms/{name}", with_shell(describe_room)},
          {"DELETE", "/v1/rooms/{name}", with_shell(end_room)},
          {"DELETE", "/v1/rooms/{name}/members/{peer}", with_shell(kick)},
          {"POST", "/v1/tickets", with_shell(mint_ticket)},
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
