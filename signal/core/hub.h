// The signaling hub as a state machine: connections, the seats they speak for, rooms, and noom.v1 between them. Owns no
// socket, thread or clock. The rooms themselves are a
// RoomHost's. hub.cc: connections and time; hub_requests.cc: what comes from a client; hub_rooms.cc: between clients
// and the hosts of their rooms; hub_resume.cc: hello, losing a connection and coming back; hub_state.cc: draining, and
// what outlives a process.
#pragma once

#include <absl/container/flat_hash_map.h>

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "common/auth/seal.h"
#include "common/base/deadline_queue.h"
#include "common/base/handle_table.h"
#include "common/base/random.h"
#include "common/base/time.h"
#include "signal/core/answers.h"
#include "signal/core/ice_ranking.h"
#include "signal/core/opening_limits.h"
#include "signal/core/output.h"
#include "signal/core/requests.h"
#include "signal/core/room_host.h"
#include "signal/core/seat.h"
#include "signal/core/session.h"
#include "signal/core/settings.h"
#include "signal/core/stats.h"
#include "signal/core/ticket.h"

namespace noom::signal {

struct OpenRefused {
  OpenRefusal reason = OpenRefusal::kServerFull;
  uint32_t retry_after_s = 0;
};

// One per process, single-threaded. Every call appends to `output`; a SessionId that is gone is ignored, so that the
// shell may report late. Invariants: a connection has one seat at most and a seat one connection; a seat is in at most
// one room; rosters, seq and deliveries agree (tests/unit/signal/core/hub_random_test.cc); a
// recovered session misses nothing and gets nothing twice (hub_resume_simulation_test.cc).
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
  // Tells everyone to go away and closes with 1001, says nothing to the rooms (media goes on, peer to peer), refuses
  // whoever comes. Seats that may be resumed stay, for save().
  void on_drain(Now now, Output& output);

  // What a noom-turn node says about itself.
  void on_relay_status(Now now, const RelayStatus& status);

  // After on_drain: the seats that may be resumed and their rooms, as text for another process; "" when there are none.
  std::string save(Now now);
  // Into a hub without sessions. False for what save() did not write; nothing is taken over then.
  bool restore(Now now, std::string_view saved);

  const Stats& stats() const { return stats_; }  // readable from any thread

 private:
  // One request in the course of being answered; valid during on_message. No seat before hello.
  struct Asking {
    Now now;
    SessionId id;
    Session& session;
    SeatId seat_id;
    Seat* seat;
    std::string_view re;
    Output& output;
    bool counted = false;  // in seat->received
  };

  void handle(Asking& asking, Hello& hello);
  void handle(Asking& asking, Join& join);
  void handle(Asking& asking, Update& update);
  void handle(Asking& asking, Leave& leave);
  void handle(Asking& asking, Roster& roster);
  void handle(Asking& asking, Send& send);
  void handle(Asking& asking, Ping& ping);
  void handle(Asking& asking, Ack& ack);
  void handle(Asking& asking, Bye& bye);
  void handle(Asking& asking, AskIceServers& ask);

  // ---- limits ----
  Asking asking_of(Now now, SessionId id, Session& session, std::string_view re, Output& output);
  bool admit_request(Asking& asking, std::optional<RequestType> type);
  bool refuse_rate(Asking& asking, uint32_t retry_after_s, std::string_view message);
  void refuse(Asking& asking, ErrorCode code, std::string_view message,
              std::optional<uint32_t> retry_after_s = std::nullopt);

  // ---- rooms ----
  RoomAsker asker(const Asking& asking) const;
  void ask_roster(Asking& asking);
  void tell_presence(Now now, SeatId id, bool away, Output& output);
  void leave_room(Now now, SeatId id, LeaveReason reason, Output& output);
  // `asking`: whose request the host has answered, when it is one of a client.
  void obey(RoomOutput& said, Output& output, Asking* asking = nullptr);
  void obey(RoomDelivery& delivery, Output& output, Asking* asking);
  void obey(RoomJoined& joined, Output& output, Asking* asking);
  void obey(RoomLeft& left, Output& output, Asking* asking);
  void obey(RoomRefused& refused, Output& output, Asking* asking);
  void obey(RoomAttached& attached, Output& output, Asking* asking);
  void obey(RoomChanged& changed, Output& output, Asking* asking);

  // ---- ICE servers ----
  void tell_ice_servers(Now now, SeatId id, std::string_view re, Output& output);
  // What is handed out is noted in the seat's place.
  std::vector<IceServer> mint_ice_servers(Now now, Seat& seat);
  bool has_static_relays() const;
  void move_away_from(Now now, RelayNode relay);

  // ---- sessions and seats ----
  struct Found {
    ResumeOutcome outcome;
    SeatId seat;    // kRecovered, kGap
    Ticket ticket;  // kSessionUnknown
  };
  Found find_seat(Now now, const Resume& resume);
  void make_seat(Asking& asking, const Hello& hello, const Ticket& claimed);
  void attach(Asking& asking, SeatId seat);
  void replay(Asking& asking, uint64_t received);
  void take_over(SessionId old, Output& output);
  void welcome(Asking& asking, const Hello& hello, std::optional<ResumeOutcome> outcome);
  std::string new_ticket(Now now, Seat& seat);
  void count_received(Asking& asking, std::optional<RequestType> type);
  void acknowledge_client(SessionId id, Output& output);
  void end_session(Now now, SessionId id, LeaveReason reason, Output& output);
  void close_session(Now now, SessionId id, CloseCode code, std::string_view why, LeaveReason reason, Output& output);
  void end_seat(Now now, SeatId id, LeaveReason reason, Output& output);
  void leave_seat(Now now, SeatId id, LeaveReason reason, Output& output);
  void on_deadline(Now now, SessionId id, Output& output);
  void on_seat_deadline(Now now, SeatId id, Output& output);
  void set_seat_deadline(SeatId id, const Seat& seat);

  // ---- output ----
  // Counted messages: kept until confirmed where the seat may be resumed.
  void deliver(std::string text, SeatId receiver, Output& output);
  void deliver(std::string text, std::span<const SeatAddress> receivers, Output& output, Supersedable by = {});
  void keep(Seat& seat, const Text& text);
  void forget_kept(Seat& seat);
  // Not counted: welcome, pong, ack, ticket, go_away, and errors before hello.
  void tell(std::string text, SessionId receiver, Output& output);

  std::shared_ptr<const Settings> settings_;
  Random& random_;
  auth::Seal tickets_;
  HandleTable<SessionTag, Session> sessions_;
  HandleTable<SeatTag, Seat> seats_;
  absl::flat_hash_map<std::string, SeatId> seat_by_tag_;  // those that may be resumed; looked up, never iterated
  DeadlineQueue deadlines_;                               // by session index
  DeadlineQueue seat_deadlines_;                          // by seat index
  Stats stats_;
  RoomHost host_;
  OpeningLimits openings_;
  IceRanking ice_ranking_;
  bool draining_ = false;
};

}  // namespace noom::signal
