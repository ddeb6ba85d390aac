// The signaling hub as a state machine: sessions, their rooms, and noom.v1 between them. Owns no socket, thread or
// clock. What a request means is in hub_requests.cc, one function for each; the life of sessions in hub.cc.
#pragma once

#include <absl/container/flat_hash_map.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "common/base/deadline_queue.h"
#include "common/base/handle_table.h"
#include "common/base/random.h"
#include "common/base/time.h"
#include "signal/core/codec.h"
#include "signal/core/opening_limits.h"
#include "signal/core/output.h"
#include "signal/core/room.h"
#include "signal/core/session.h"
#include "signal/core/settings.h"
#include "signal/core/stats.h"

namespace noom::signal {

// Why a session ended, for the others in its room.
enum class LeaveReason : uint8_t { kLeft, kClosed, kTimeout };

struct OpenRefused {
  OpenRefusal reason = OpenRefusal::kServerFull;
  uint32_t retry_after_s = 0;
};

// One per process, single-threaded. Every call appends to `output`; a SessionId that is gone is ignored, so that the
// shell may report late. Invariants: a session is in at most one room; a room has members; rosters, seq and deliveries
// agree (tests/unit/signal/core/hub_random_test.cc).
class Hub {
 public:
  // `random` outlives the hub.
  Hub(std::shared_ptr<const Settings> settings, Random& random);

  // An upgrade that is otherwise in order. The shell answers a refusal by HTTP 429 or 503.
  std::variant<SessionId, OpenRefused> on_open(Now now, const ClientInfo& client, Output& output);
  // One whole text message, any bytes.
  void on_message(Now now, SessionId session, std::string_view text, Output& output);
  // One whole binary message: noom.v1 has none.
  void on_binary(Now now, SessionId session, Output& output);
  // A message beyond frame_bytes_max, of which the shell keeps nothing.
  void on_oversize(Now now, SessionId session, Output& output);
  void on_pong(Now now, SessionId session);
  // The connection ended without the hub having asked for it.
  void on_closed(Now now, SessionId session, Output& output);
  // Everything due at or before now.mono. Call when next_deadline() has passed.
  void on_tick(Now now, Output& output);
  std::optional<Mono> next_deadline() const;  // O(1)
  // Closes everyone with 1001, says nothing to the rooms (media goes on, peer to peer), refuses whoever comes.
  void on_drain(Now now, Output& output);

  const Stats& stats() const { return stats_; }  // readable from any thread

 private:
  // One request in the course of being answered; valid during on_message.
  struct Asking {
    Now now;
    SessionId id;
    Session& session;
    std::string_view re;
    Output& output;
  };

  void handle(Asking& asking, Hello& hello);
  void handle(Asking& asking, Join& join);
  void handle(Asking& asking, Update& update);
  void handle(Asking& asking, Leave& leave);
  void handle(Asking& asking, Send& send);
  void handle(Asking& asking, Ping& ping);
  void handle(Asking& asking, Bye& bye);

  bool admit_request(Asking& asking, std::optional<RequestType> type);
  Room* open_room(Asking& asking, const std::string& name);
  void leave_room(Now now, Session& session, LeaveReason reason, Output& output);
  void broadcast(Asking& asking, Room& room, const Send& send);
  std::vector<IceServer> mint_ice_servers(const Asking& asking, const Room& room, std::string_view peer);

  void deliver(std::string text, SessionId receiver, Output& output);
  void deliver(std::string text, std::vector<SessionId> receivers, Output& output);
  void refuse(Asking& asking, ErrorCode code, std::string_view message,
              std::optional<uint32_t> retry_after_s = std::nullopt);
  void end_session(Now now, SessionId id, LeaveReason reason, Output& output);
  void close_session(Now now, SessionId id, CloseCode code, std::string_view why, LeaveReason reason, Output& output);
  void on_deadline(Now now, SessionId id, Output& output);
  std::string draw_tag(std::string_view prefix);

  std::shared_ptr<const Settings> settings_;
  Random& random_;
  HandleTable<SessionTag, Session> sessions_;
  HandleTable<RoomTag, Room> rooms_;
  absl::flat_hash_map<std::string, RoomId> room_by_name_;  // looked up, never iterated
  DeadlineQueue deadlines_;                                // by session index
  OpeningLimits openings_;
  uint64_t last_epoch_ = 0;
  bool draining_ = false;
  Stats stats_;
};

}  // namespace noom::signal
