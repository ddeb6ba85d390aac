// noom.v1 on its way out: answers and events as JSON text. Views are borrowed for the call. docs/protocol/noom-v1.md.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/time.h"
#include "signal/core/errors.h"

namespace noom::signal {

struct IceServer {
  std::vector<std::string> urls;
  std::string username;    // empty for stun:
  std::string credential;  // empty for stun:
};

struct PeerView {
  std::string_view peer;
  std::string_view name;
  std::string_view role;
  std::string_view metadata_json;
  bool away = false;
  bool polite = false;  // of the receiver towards that peer
};

struct EventPosition {
  uint64_t epoch = 0;
  uint64_t seq = 0;

  friend constexpr auto operator<=>(const EventPosition&, const EventPosition&) = default;
};

// What a message says of its room: what happens at `at`, or, as a whole, how the room is then.
struct Counted {
  EventPosition at;
  bool whole = false;
};

// Who may come in, as everybody in the room may know.
struct RoomFlags {
  bool locked = false;
  bool lobby = false;
  bool has_password = false;

  friend bool operator==(const RoomFlags&, const RoomFlags&) = default;
};
struct WaitingView {
  std::string_view peer;
  std::string_view name;
};

// For a client that resumes sessions.
struct ResumeView {
  std::string_view ticket;
  Duration window{};
  std::optional<ResumeOutcome> outcome;  // nullopt: it did not try
  uint64_t received = 0;                 // kRecovered: how many of the client's messages have come
  std::string_view room;                 // the session is in it already; empty: in none
  std::string_view peer;
};
struct WelcomeView {
  std::string_view session;
  std::string_view server;
  Duration ping_interval{};
  Duration ping_timeout{};
  size_t frame_bytes_max = 0;
  bool can_resume = false;           // sessions may be resumed here at all
  std::optional<ResumeView> resume;  // for a client that wants to
};
std::string build_welcome(std::string_view id_json, const WelcomeView& welcome);

struct JoinedView {
  std::string_view room;
  EventPosition at;
  std::string_view peer;
  std::string_view role;
  std::vector<PeerView> peers;
  RoomFlags flags;
  std::vector<WaitingView> waiting;                     // for those who decide about the lobby
  const std::vector<IceServer>* ice_servers = nullptr;  // never null when built
  std::optional<Duration> ice_ttl = std::nullopt;
  std::string_view ticket = {};  // empty: none
};
std::string build_joined(std::string_view id_json, const JoinedView& joined);

struct IceServersView {
  std::string_view room;
  const std::vector<IceServer>* ice_servers = nullptr;  // never null when built
  std::optional<Duration> ice_ttl;
  bool restart = false;  // relays in use are going away
};
std::string build_ice_servers(std::string_view id_json, const IceServersView& view);

struct RosterView {
  std::string_view room;
  EventPosition at;
  std::string_view peer;  // the receiver
  std::string_view role;
  std::vector<PeerView> peers;
  RoomFlags flags;
  std::vector<WaitingView> waiting;
};
std::string build_roster(std::string_view id_json, const RosterView& roster);

std::string build_peer_joined(std::string_view room, EventPosition at, const PeerView& peer);
std::string build_peer_updated(std::string_view room, EventPosition at, const PeerView& peer);
std::string build_presence(std::string_view room, EventPosition at, std::string_view peer, bool away);
std::string build_peer_left(std::string_view room, EventPosition at, std::string_view peer, std::string_view reason);
// Stands for an event that a later one made pointless before a slow reader took it.
std::string build_superseded(std::string_view room, EventPosition at);
std::string build_left(std::string_view id_json, std::string_view room);
// Put out of the room; `message` is the moderator's, empty when there is none; `banned`: zero when not.
std::string build_put_out(std::string_view room, std::string_view reason, std::string_view message, Duration banned);
std::string build_room_updated(std::string_view room, EventPosition at, RoomFlags flags);
std::string build_waiting(std::string_view id_json, std::string_view room, std::string_view peer);
std::string build_denied(std::string_view room, std::string_view reason, std::string_view message);
std::string build_peer_waiting(std::string_view room, const WaitingView& waiting);
std::string build_waiting_ended(std::string_view room, std::string_view peer, std::string_view reason);
std::string build_mute_requested(std::string_view room, std::string_view from, std::string_view media);
std::string build_invited(std::string_view id_json, std::string_view room, std::string_view role,
                          std::string_view ticket, Duration lifetime);
// Broadcast when `at` is given.
std::string build_message(std::string_view room, std::string_view from, std::string_view data_json,
                          std::optional<EventPosition> at);
std::string build_ok(std::string_view id_json, std::optional<EventPosition> at);
// `received`: how many of the client's messages have come; nullopt for one that does not resume.
std::string build_pong(std::string_view id_json, std::optional<uint64_t> received);
std::string build_ack(uint64_t received);
std::string build_ticket(std::string_view ticket);
std::string build_go_away(Duration reconnect_after);
std::string build_error(std::string_view id_json, ErrorCode code, std::string_view message,
                        std::optional<uint32_t> retry_after_s);

}  // namespace noom::signal
