#include "signal/core/answers.h"

#include <array>
#include <utility>

#include "signal/core/json_text.h"
#include "signal/core/settings.h"

namespace noom::signal {
namespace {

constexpr std::array<std::string_view, kErrorCodeCount> kErrorNames = {
    "bad_json",       "bad_message", "unknown_type",   "hello_required", "already_greeted",   "protocol_unsupported",
    "already_joined", "not_joined",  "room_full",      "too_many_rooms", "no_such_peer",      "rate_limited",
    "frame_too_big",  "unavailable", "token_required", "token_invalid",  "token_expired",     "token_used",
    "wrong_room",     "forbidden",   "banned",         "locked",         "password_required", "wrong_password",
    "lobby_full"};
constexpr std::array<std::string_view, kResumeOutcomeCount> kOutcomeNames = {"recovered", "gap", "ticket_invalid",
                                                                             "ticket_used", "session_unknown"};

void append(std::string& out, std::initializer_list<std::string_view> pieces) {
  for (const std::string_view piece : pieces) out += piece;
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
  ObjectWriter& flag(std::string_view key, bool value) { return json(key, value ? "true" : "false"); }
  ObjectWriter& flags(RoomFlags flags) {
    return flag("locked", flags.locked).flag("lobby", flags.lobby).flag("has_password", flags.has_password);
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

std::string ice_servers_json(const std::vector<IceServer>& servers) {
  std::string json = "[";
  for (const IceServer& server : servers) {
    if (json.size() > 1) json += ',';
    append_ice_server(json, server);
  }
  return json + ']';
}

std::string build_peer_event(std::string_view type, std::string_view room, EventPosition at, const PeerView& peer,
                             bool with_polite) {
  ObjectWriter writer(type, 224 + peer.metadata_json.size());
  writer.text("room", room).at(at).text("peer", peer.peer).text("name", peer.name).text("role", peer.role);
  writer.json("metadata", peer.metadata_json);
  if (with_polite) writer.json("polite", "false");
  return writer.done();
}

std::string roster_json(const std::vector<PeerView>& views) {
  std::string peers = "[";
  for (const PeerView& peer : views) {
    if (peers.size() > 1) peers += ',';
    peers += "{\"peer\":";
    append_json_string(peers, peer.peer);
    peers += ",\"name\":";
    append_json_string(peers, peer.name);
    append(peers, {",\"role\":\"", peer.role, "\",\"metadata\":", peer.metadata_json, ",\"presence\":",
                   peer.away ? "\"away\"" : "\"present\"", ",\"polite\":", peer.polite ? "true}" : "false}"});
  }
  return peers + ']';
}

std::string waiting_json(const std::vector<WaitingView>& views) {
  std::string waiting = "[";
  for (const WaitingView& view : views) {
    waiting += waiting.size() > 1 ? ",{\"peer\":" : "{\"peer\":";
    append_json_string(waiting, view.peer);
    waiting += ",\"name\":";
    append_json_string(waiting, view.name);
    waiting += '}';
  }
  return waiting + ']';
}

}  // namespace

std::string_view to_string(ErrorCode code) {
  return kErrorNames[static_cast<size_t>(code)];
}
std::string_view to_string(ResumeOutcome outcome) {
  return kOutcomeNames[static_cast<size_t>(outcome)];
}

std::string build_welcome(std::string_view id_json, const WelcomeView& welcome) {
  ObjectWriter writer("welcome", 640);
  writer.re(id_json)
      .text("protocol", kProtocol)
      .text("server", welcome.server)
      .text("session", welcome.session)
      .json("features", welcome.can_resume ? "[\"resume\"]" : "[]")
      .number("ping_interval_ms", milliseconds(welcome.ping_interval))
      .number("ping_timeout_ms", milliseconds(welcome.ping_timeout))
      .number("frame_bytes_max", welcome.frame_bytes_max);
  if (!welcome.resume) return writer.done();
  const ResumeView& resume = *welcome.resume;
  writer.text("ticket", resume.ticket).number("resume_window_ms", milliseconds(resume.window));
  if (!resume.room.empty()) writer.text("room", resume.room).text("peer", resume.peer);
  if (!resume.outcome) return writer.done();
  if (*resume.outcome == ResumeOutcome::kRecovered)
    return writer.json("recovered", "true").number("received", resume.received).done();
  return writer.json("recovered", "false").text("reason", to_string(*resume.outcome)).done();
}

std::string build_joined(std::string_view id_json, const JoinedView& joined) {
  const std::string peers = roster_json(joined.peers);
  const std::string ice_servers = ice_servers_json(*joined.ice_servers);
  ObjectWriter writer("joined", 640 + peers.size() + ice_servers.size());
  writer.re(id_json).text("room", joined.room).at(joined.at).text("peer", joined.peer).text("role", joined.role);
  writer.flags(joined.flags).json("peers", peers);
  if (!joined.waiting.empty()) writer.json("waiting", waiting_json(joined.waiting));
  writer.json("ice_servers", ice_servers);
  if (joined.ice_ttl) writer.number("ice_ttl_s", milliseconds(*joined.ice_ttl) / 1000);
  if (!joined.ticket.empty()) writer.text("ticket", joined.ticket);
  return writer.done();
}

std::string build_ice_servers(std::string_view id_json, const IceServersView& view) {
  const std::string ice_servers = ice_servers_json(*view.ice_servers);
  ObjectWriter writer("ice_servers", 160 + ice_servers.size());
  writer.re(id_json).text("room", view.room).json("ice_servers", ice_servers);
  if (view.ice_ttl) writer.number("ice_ttl_s", milliseconds(*view.ice_ttl) / 1000);
  return writer.json("restart", view.restart ? "true" : "false").done();
}

std::string build_roster(std::string_view id_json, const RosterView& roster) {
  const std::string peers = roster_json(roster.peers);
  ObjectWriter writer("roster", 192 + peers.size());
  writer.re(id_json).text("room", roster.room).at(roster.at).text("peer", roster.peer).text("role", roster.role);
  writer.flags(roster.flags).json("peers", peers);
  if (!roster.waiting.empty()) writer.json("waiting", waiting_json(roster.waiting));
  return writer.done();
}

std::string build_peer_joined(std::string_view room, EventPosition at, const PeerView& peer) {
  return build_peer_event("peer_joined", room, at, peer, true);
}

std::string build_peer_updated(std::string_view room, EventPosition at, const PeerView& peer) {
  return build_peer_event("peer_updated", room, at, peer, false);
}

std::string build_presence(std::string_view room, EventPosition at, std::string_view peer, bool away) {
  ObjectWriter writer("presence", 160);
  return writer.text("room", room).at(at).text("peer", peer).text("state", away ? "away" : "present").done();
}

std::string build_superseded(std::string_view room, EventPosition at) {
  return ObjectWriter("superseded").text("room", room).at(at).done();
}

std::string build_peer_left(std::string_view room, EventPosition at, std::string_view peer, std::string_view reason) {
  return ObjectWriter("peer_left").text("room", room).at(at).text("peer", peer).text("reason", reason).done();
}

std::string build_left(std::string_view id_json, std::string_view room) {
  return ObjectWriter("left").re(id_json).text("room", room).done();
}

std::string build_put_out(std::string_view room, std::string_view reason, std::string_view message, Duration banned) {
  ObjectWriter writer("left", 192);
  writer.text("room", room).text("reason", reason);
  if (!message.empty()) writer.text("message", message);
  if (banned > Duration::zero()) writer.number("banned_s", milliseconds(banned) / 1000);
  return writer.done();
}

std::string build_room_updated(std::string_view room, EventPosition at, RoomFlags flags) {
  return ObjectWriter("room_updated").text("room", room).at(at).flags(flags).done();
}

std::string build_waiting(std::string_view id_json, std::string_view room, std::string_view peer) {
  return ObjectWriter("waiting").re(id_json).text("room", room).text("peer", peer).done();
}

std::string build_denied(std::string_view room, std::string_view reason, std::string_view message) {
  ObjectWriter writer("denied");
  writer.text("room", room).text("reason", reason);
  if (!message.empty()) writer.text("message", message);
  return writer.done();
}

std::string build_peer_waiting(std::string_view room, const WaitingView& waiting) {
  return ObjectWriter("peer_waiting").text("room", room).text("peer", waiting.peer).text("name", waiting.name).done();
}

std::string build_waiting_ended(std::string_view room, std::string_view peer, std::string_view reason) {
  return ObjectWriter("waiting_ended").text("room", room).text("peer", peer).text("reason", reason).done();
}

std::string build_mute_requested(std::string_view room, std::string_view from, std::string_view media) {
  return ObjectWriter("mute_requested").text("room", room).text("from", from).text("media", media).done();
}

std::string build_invited(std::string_view id_json, std::string_view room, std::string_view role,
                          std::string_view ticket, Duration lifetime) {
  ObjectWriter writer("invited", 384);
  writer.re(id_json).text("room", room).text("role", role).text("ticket", ticket);
  return writer.number("lifetime_s", milliseconds(lifetime) / 1000).done();
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

std::string build_pong(std::string_view id_json, std::optional<uint64_t> received) {
  ObjectWriter writer("pong", 48);
  writer.re(id_json);
  if (received) writer.number("received", *received);
  return writer.done();
}

std::string build_ack(uint64_t received) {
  return ObjectWriter("ack", 48).number("received", received).done();
}

std::string build_ticket(std::string_view ticket) {
  return ObjectWriter("ticket", 320).text("ticket", ticket).done();
}

std::string build_go_away(Duration reconnect_after) {
  return ObjectWriter("go_away", 64).number("reconnect_after_ms", milliseconds(reconnect_after)).done();
}

std::string build_error(std::string_view id_json, ErrorCode code, std::string_view message,
                        std::optional<uint32_t> retry_after_s) {
  ObjectWriter writer("error", 192);
  writer.re(id_json).text("code", to_string(code)).text("message", message);
  if (retry_after_s) writer.number("retry_after_s", *retry_after_s);
  return writer.done();
}

}  // namespace noom::signal
