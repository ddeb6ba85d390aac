// One room: who is in it, in which order they came, and the count of its events. Decides capacity and roles; knows
// seats only as the addresses of deliveries, and neither limits nor JSON requests. `RoomHost` has them all.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/base/handle.h"
#include "common/base/time.h"
#include "common/base/token_bucket.h"
#include "signal/core/answers.h"
#include "signal/core/ban_list.h"
#include "signal/core/grant.h"
#include "signal/core/replay_ring.h"
#include "signal/core/role.h"
#include "signal/core/room_password.h"
#include "signal/core/seat_address.h"

namespace noom::signal {

struct RoomTag;
using RoomId = Handle<RoomTag>;
using PeerId = std::string;  // "p_…", drawn for each join

constexpr size_t kWaitingMax = 64;  // in one room's lobby

// Of a member whose node is gone, or is about to give its seat to another: what it would have been sent.
struct Detached {
  struct Kept {
    Text text;
    std::optional<Counted> counted;
  };
  Mono ends{};  // when it leaves the room
  std::vector<Kept> kept;
  size_t bytes = 0;
  bool has_gap = false;  // something was not kept
};

struct Member {
  SeatAddress seat;  // kNoNode: detached
  PeerId peer;
  std::string session;   // its tag
  std::string identity;  // what a token vouches for; empty: nobody in particular
  std::string mark;      // Visitor::mark
  std::string name;
  std::string metadata_json;
  std::optional<Mono> metadata_ends = std::nullopt;  // when it becomes {}
  Role role = Role::kMember;
  bool may_inherit = true;     // becomes host when none is left; not who was given a lesser role by a token
  bool name_is_given = false;  // by a token: not the client's to change
  bool away = false;
  EventPosition since{};  // its joining; orders members, also of rooms that were put together again
  uint64_t joined_s = 0;  // the same, in Unix seconds
  std::unique_ptr<Detached> detached = nullptr;

  Visitor visitor() const { return {identity, session, mark}; }
  PeerView view(bool polite) const { return {peer, name, to_string(role), metadata_json, away, polite}; }
};

// Somebody in the lobby: what becomes a member when let in, and until when to wait for that.
struct Waiting {
  Member guest;
  Mono until{};

  // Or until its edge has to have said that it is still there.
  Mono ends() const { return guest.detached != nullptr ? std::min(until, guest.detached->ends) : until; }
};

// What those who may have made of the room.
struct RoomRules {
  bool locked = false;
  bool lobby = false;
  std::optional<RoomPassword> password;

  RoomFlags flags() const { return {locked, lobby, password.has_value()}; }
};

// Lives as long as it has members. Every event takes the next seq and goes to each member once. Members are in order of
// joining: whoever stands behind is the polite one of a pair. O(members) for look-ups; members are few
// (kRoomCapacityMax).
class Room {
 public:
  // `tag` names the room where its name must not appear: in logs and TURN usernames.
  Room(std::string name, std::string tag, uint64_t epoch, size_t capacity)
      : name_(std::move(name)), tag_(std::move(tag)), epoch_(epoch), capacity_(capacity) {}

  const std::string& name() const { return name_; }
  const std::string& tag() const { return tag_; }
  bool full() const { return members_.size() >= capacity_; }
  bool empty() const { return members_.empty(); }
  size_t capacity() const { return capacity_; }
  // When it began, in Unix seconds; stays when the room goes to another process or node.
  // Where the host has it.
  RoomId id() const { return id_; }
  void set_id(RoomId id) { id_ = id; }
  uint64_t made_s() const { return made_s_; }
  void set_made_s(uint64_t seconds) { made_s_ = seconds; }
  const std::vector<Member>& members() const { return members_; }
  // When the first member's metadata ends, a detached member leaves, or somebody has waited long enough.
  std::optional<Mono> next_deadline() const;
  // A member whose metadata has ended by then and not been taken away yet; nullptr: none.
  Member* metadata_ended(Mono now);
  // A detached member whose time is over by then; nullptr: none.
  Member* expired(Mono now);
  Waiting* waited_too_long(Mono now);
  EventPosition at() const { return {epoch_, seq_}; }
  TokenBucket& events() { return events_; }
  TokenBucket& guesses() { return guesses_; }
  RoomRules& rules() { return rules_; }
  const RoomRules& rules() const { return rules_; }
  BanList& bans() { return bans_; }
  const BanList& bans() const { return bans_; }
  std::vector<Waiting>& waiting() { return waiting_; }  // in order of coming
  const std::vector<Waiting>& waiting() const { return waiting_; }
  // nullptr when nobody of that name, or with that seat, is in the lobby.
  Waiting* find_waiting(std::string_view peer);
  Waiting* find_waiting(const SeatAddress& seat);

  std::vector<Member>& members() { return members_; }

  // Borrowed until the next join or leave; nullptr when there is nobody of that name or with that seat.
  Member* find(std::string_view peer);
  Member* find(const SeatAddress& seat);

  // Each takes the next seq. `member` must not be in the room yet and the room not full.
  void join(Member member);
  void leave(std::string_view peer);
  void update(Member& member, std::optional<std::string> name, std::optional<std::string_view> metadata_json);
  void set_away(Member& member, bool away);
  void set_role(Member& member, Role role);
  EventPosition count_event();
  void count_anew(uint64_t epoch) {
    epoch_ = epoch;
    seq_ = 0;
  }

  // Who becomes host when none is there: of those who may, the one of the highest role, then one who is not away, then
  // the one who has been here longest. nullptr when there is a host, or nobody may.
  Member* heir();

  std::vector<SeatAddress> everyone() const;
  // Everyone's seat but that peer's; and of these, those who have that role.
  std::vector<SeatAddress> others(std::string_view peer) const;
  std::vector<SeatAddress> others(std::string_view peer, std::string_view role) const;
  // Of those who decide about the lobby.
  std::vector<SeatAddress> moderators() const;
  // Who is in the lobby, for a member of that role; nobody for those who do not decide about it.
  std::vector<WaitingView> views_of_waiting(Role role) const;
  // As that peer sees them.
  std::vector<PeerView> views_of_others(std::string_view peer) const;

  // A room that another process or node had: members are there without being counted.
  void restore(EventPosition at, std::vector<Member> members);

 private:
  std::string name_;
  std::string tag_;
  uint64_t epoch_ = 0;
  RoomId id_;
  uint64_t made_s_ = 0;
  uint64_t seq_ = 0;
  size_t capacity_ = 0;
  std::vector<Member> members_;
  std::vector<Waiting> waiting_;
  RoomRules rules_;
  BanList bans_;
  TokenBucket events_;
  TokenBucket guesses_;  // of the password, by anybody
};

}  // namespace noom::signal
