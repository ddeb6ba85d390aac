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
#include "signal/core/admission.h"
#include "signal/core/answers.h"
#include "signal/core/cluster/cluster.h"
#include "signal/core/cluster/node_messages.h"
#include "signal/core/ice_ranking.h"
#include "signal/core/live_revocations.h"
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

struct Nodes;       // cluster/nodes.h
struct RemoteRoom;  // cluster/nodes.h
struct SeatComing;  // cluster/nodes.h

struct OpenRefused {
  OpenRefusal reason = OpenRefusal::kServerFull;
  uint32_t retry_after_s = 0;
};

// One per process, single-threaded. Every call appends to `output`; a SessionId that is gone is ignored, so that the
// shell may report late. Invariants: a connection has one seat at most and a seat one connection; a seat is in at most
// one room; rosters, seq and deliveries agree (tests/unit/signal/core/hub_random_test.cc); a
// recovered session misses nothing and gets nothing twice (hub_resume_simulation_test.cc).
class Hub {
  friend class Operator;

 public:
  // `random` outlives the hub.
  Hub(std::shared_ptr<const Settings> settings, Random& random);
  ~Hub();

  // Before anything else, once: this hub is a node among others, which a bus brings together.
  void join_cluster(NodeAddress self, const ClusterSettings& settings);
  void on_bus(Now now, bool is_connected, Output& output);
  // Anything that the bus brings.
  void on_bus_frame(Now now, std::string_view bytes, Output& output);
  // Tells the others that this node is gone.
  void leave_cluster(Now now, Output& output);
  // False while an older process has this node's name.
  bool is_member() const;
  // The other node of that node_tag; its name.
  std::optional<NodeId> find_node(std::string_view tag) const;
  bool is_node_there(const NodeId& node) const;
  // False while nodes may only seem to be gone.
  bool sees_all_nodes(Now now) const;
  uint64_t view_version() const;  // changes when a node comes or goes
  // Whether other nodes may come for this one's sessions.
  bool has_company() const;

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

  // What a noom-turn node says about itself. One that may have missed what was taken back is told again.
  void on_relay_status(Now now, const RelayStatus& status, Output& output);
  // What another node has told relays.
  void on_revocation(Now now, const Revocation& revocation);

  // After on_drain: the seats that may be resumed and their rooms, as text for another process; "" when there are none.
  std::string save(Now now);
  // Into a hub without sessions. False for what save() did not write; nothing is taken over then.
  bool restore(Now now, std::string_view saved);

  // For joins from now on; not nullptr.
  void replace_admission(std::shared_ptr<const Admission> admission) { admission_ = std::move(admission); }

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
    bool counted = false;      // in seat->received
    std::string_view frame{};  // the request as the client wrote it
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
  void handle(Asking& asking, Configure& request);
  void handle(Asking& asking, Kick& request);
  void handle(Asking& asking, Admit& request);
  void handle(Asking& asking, Deny& request);
  void handle(Asking& asking, RequestMute& request);
  void handle(Asking& asking, SetRole& request);
  void handle(Asking& asking, EndRoom& request);
  void handle(Asking& asking, Invite& request);

  // ---- limits ----
  Asking asking_of(Now now, SessionId id, Session& session, std::string_view re, Output& output);
  void finish(Now now, SessionId id, Output& output);
  bool admit_request(Asking& asking, std::optional<RequestType> type);
  bool refuse_rate(Asking& asking, uint32_t retry_after_s, std::string_view message);
  void refuse(Asking& asking, ErrorCode code, std::string_view message,
              std::optional<uint32_t> retry_after_s = std::nullopt);

  // ---- rooms ----
  RoomAsker asker(const Asking& asking) const;
  template <typename Body>
  void ask_room(Asking& asking, Body& body);
  void ask_host(const RoomAsker& asker, Request& request, RoomOutput& said);
  void ask_host(const RoomAsker& asker, Update& update, RoomOutput& said);
  void ask_host(const RoomAsker& asker, Leave& leave, RoomOutput& said);
  void ask_host(const RoomAsker& asker, Roster& roster, RoomOutput& said);
  void ask_host(const RoomAsker& asker, Send& send, RoomOutput& said);
  template <typename Body>
  void moderate(Asking& asking, Body& body);
  void ask_host(const RoomAsker& asker, Configure& request, RoomOutput& said);
  void ask_host(const RoomAsker& asker, Kick& request, RoomOutput& said);
  void ask_host(const RoomAsker& asker, Admit& request, RoomOutput& said);
  void ask_host(const RoomAsker& asker, Deny& request, RoomOutput& said);
  void ask_host(const RoomAsker& asker, RequestMute& request, RoomOutput& said);
  void ask_host(const RoomAsker& asker, SetRole& request, RoomOutput& said);
  void ask_host(const RoomAsker& asker, EndRoom& request, RoomOutput& said);
  void ask_host(const RoomAsker& asker, Invite& request, RoomOutput& said);
  void ask_roster(Asking& asking);
  void tell_presence(Now now, SeatId id, bool away, Output& output);
  void leave_room(Now now, SeatId id, LeaveReason reason, Output& output);
  // `asking`: whose request the host has answered, when it is one of a client of this node.
  void obey(Now now, RoomOutput& said, Output& output, Asking* asking = nullptr);
  void obey(Now now, RoomDelivery& delivery, Output& output, Asking* asking);
  void obey(Now now, RoomJoined& joined, Output& output, Asking* asking);
  void obey(Now now, RoomWaiting& waiting, Output& output, Asking* asking);
  void obey(Now now, RoomInvited& invited, Output& output, Asking* asking);
  void obey(Now now, RoomLeft& left, Output& output, Asking* asking);
  void obey(Now now, RoomRefused& refused, Output& output, Asking* asking);
  void obey(Now now, RoomAttached& attached, Output& output, Asking* asking);
  void obey(Now now, RoomChanged& changed, Output& output, Asking* asking);
  void obey(Now now, RoomRulesChanged& changed, Output& output, Asking* asking);
  void obey(Now now, RoomTicketSpent& spent, Output& output, Asking* asking);
  void answer_join(Now now, SeatId id, std::string_view re, JoinedView& view, Output& output);
  void leave_place(SeatId id, const std::string& text, Output& output);
  void refuse_seat(SeatId id, std::string_view re, ErrorCode code, std::string_view message,
                   std::optional<uint32_t> retry_after_s, Output& output);
  void deliver_elsewhere(Now now, const RoomDelivery& delivery);

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
  Found find_seat(Now now, const Resume& resume, Output& output);
  void end_former_life(Now now, const std::string& tag, uint64_t life, Output& output);
  uint64_t new_life(Wall now);
  void make_seat(Asking& asking, const Hello& hello, const Ticket& claimed);
  void attach(Asking& asking, SeatId seat);
  void replay(Asking& asking, uint64_t received);
  void take_over(SessionId old, Output& output);
  void welcome(Asking& asking, const Hello& hello, std::optional<ResumeOutcome> outcome);
  void welcome_back(Asking& asking, const Hello& hello, ResumeOutcome outcome);
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

  SavedSeat saved_seat(Now now, const Seat& seat);
  SeatId take_in(Now now, SavedSeat from);
  void save_remote_rooms(const std::vector<size_t>& index_of_seat, SavedState& state);
  void restore_remote_room(Now saved_at, const SavedRemoteRoom& saved, const SavedState& state,
                           const std::vector<SeatId>& seats);
  void wake(Now now, Seat& seat);

  // ---- one node of several (nodes_ is there) ----
  void heed(Now now, Output& output);  // nothing when it is not
  void heed(Now now, const ClusterEvent& event, Output& output);
  void heed(Now now, uint32_t from, const node::Message& message, Output& output);
  void heed(Now now, uint32_t from, const node::JoinAsked& asked, Output& output);
  void heed(Now now, uint32_t from, const node::Asked& asked, Output& output);
  void heed(Now now, uint32_t from, const node::SeatEnded& ended, Output& output);
  void heed(Now now, uint32_t from, const node::SeatAway& seat, Output& output);
  void heed(Now now, uint32_t from, const node::SeatDetaching& detaching, Output& output);
  void heed(Now now, uint32_t from, const node::AttachAsked& asked, Output& output);
  void heed(Now now, uint32_t from, const node::Delivered& delivered, Output& output);
  void heed(Now now, uint32_t from, const node::Joined& joined, Output& output);
  void heed(Now now, uint32_t from, const node::Waits& waits, Output& output);
  void heed(Now now, uint32_t from, const node::Rules& rules, Output& output);
  void heed(Now now, uint32_t from, const node::LeftRoom& left, Output& output);
  void heed(Now now, uint32_t from, const node::Refused& refused, Output& output);
  void heed(Now now, uint32_t from, const node::SeatDetached& detached, Output& output);
  void heed(Now now, uint32_t from, const node::Moved& moved, Output& output);
  void heed(Now now, uint32_t from, const node::Attached& attached, Output& output);
  void heed(Now now, uint32_t from, const node::Changed& changed, Output& output);
  void heed(Now now, uint32_t from, const node::Census& census, Output& output);
  void heed(Now now, uint32_t from, const node::CensusAnswered& answered, Output& output);
  void heed(Now now, uint32_t from, const node::HandedOver& handed, Output& output);
  void heed(Now now, uint32_t from, const node::PassedOn& passed, Output& output);
  void heed(Now now, uint32_t from, const node::SeatWanted& wanted, Output& output);
  void heed(Now now, uint32_t from, const node::SeatGiven& given, Output& output);
  void heed(Now now, uint32_t from, const node::AuditAsked& asked, Output& output);
  void heed(Now now, uint32_t from, const node::Audited& audited, Output& output);
  void heed(Now now, uint32_t from, const node::Bounced& bounced, Output& output);
  void heed(Now now, uint32_t from, const node::TicketsSpent& spent, Output& output);
  void tell_spent_tickets(Now now, uint32_t node);
  void heed(Now now, uint32_t from, const node::OperatorAsked& asked, Output& output);
  void heed(Now now, uint32_t from, const node::OperatorAnswered& answered, Output& output);
  void audit(Now now, Output& output);
  void tell_audit(Now now, uint32_t node, RoomId id);
  void heed_view(Now now, Output& output);
  void heed_reset(Now now, uint32_t node);
  void find_new_owners(Now now);
  void tell_node(Now now, uint32_t node, const node::Message& message);
  void tick_nodes(Now now, Output& output);
  NodeLoad load() const;
  void set_node_tick(Now now);
  void expect_answer(Now now);
  std::optional<Mono> next_node_deadline() const;
  void fill_in_nodes(SavedRoom& room) const;
  void fill_in_node(SavedMember& member) const;
  void number_nodes(SavedRoom& room);
  void number_node(SavedMember& member);
  std::string node_name() const;
  bool is_cut_off() const;  // from the bus, which there should be

  void ask_to_join(Asking& asking, const std::string& room, const Grant& grant);
  void tick_joining(Now now, Output& output);
  void refuse_misplaced(Asking& asking);
  void tick_questions(Now now, Output& output);
  void ask_owner(Asking& asking);
  void tell_owner(Now now, RemoteRoom& room, node::Message message);
  void ask_to_attach(Now now, RemoteRoom& room);
  void ask_owner_to_attach(Now now, RemoteRoom& room);
  RemoteRoom& take_room(uint32_t owner, RoomId id, const SavedRoom& room);
  SavedRoom room_for_edge(SavedRoom room, uint32_t edge) const;
  uint32_t owner_of_remote(std::string_view name) const;
  void bring_along(Now now, RemoteRoom& room);
  node::AttachAsked attachment_of(RemoteRoom& room, RoomId former);
  void place_at(SeatId seat, uint32_t owner, RoomId room);
  void keep_in_step(Now now, uint32_t owner, std::vector<SeatAddress>& receivers, const Counted& counted);
  void mend_steps(Now now);
  void audit_seats(Now now, Output& output);
  void forget_remote(SeatId seat, std::string_view name);

  bool owns(std::string_view room);
  bool must_gather(std::string_view room);
  void admit(Now now, uint32_t edge, const node::JoinAsked& asked, Output& output);
  void gather(Now now, const std::string& room, std::optional<Attachment> part,
              std::pair<const node::JoinAsked*, uint32_t> join, Output& output);
  void finish_gathering(Now now, const std::string& room, Output& output);
  void give_up_gathering(Now now, const std::string& room, uint32_t owner);
  void hand_over(Now now, RoomId id, uint32_t owner, Output& output);
  template <typename Message>
  void pass_on(Now now, uint32_t edge, std::string_view room, const Message& message);
  template <typename Message>
  bool pass_on_if_handed_over(Now now, uint32_t edge, RoomId id, const Message& message);

  bool fetch_seat(Asking& asking, const Hello& hello, const Ticket& ticket);
  void detach_going(Now now, SeatId id);
  bool is_detaching(SeatId id) const;
  void give_seat(Now now, SeatId id, bool complete);
  void keep_seat(Now now, SeatId id);
  void take_in_place(Now now, SeatId id, const node::SeatGiven& given, Output& output);
  void finish_hello(Now now, SessionId id, Session& session, const SeatComing& coming, ResumeOutcome outcome,
                    SeatId seat, Output& output);
  void tick_moves(Now now, Output& output);

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
  std::shared_ptr<const Admission> admission_;
  Secret key_;  // of tickets and marks
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
  LiveRevocations revocations_;
  bool draining_ = false;
  std::unique_ptr<Nodes> nodes_;  // null: this hub is alone
};

}  // namespace noom::signal
