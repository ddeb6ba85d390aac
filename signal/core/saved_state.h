// What of the hub outlives its process: the seats that may be resumed and their rooms, as plain values and as text.
// Nodes hand each other the same values. Knows no rules; hub_state.cc and room_host_state.cc make it and take it over.
// Times are durations before or after the saving.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/time.h"
#include "signal/core/answers.h"
#include "signal/core/replay_ring.h"
#include "signal/core/role.h"
#include "signal/core/seat_address.h"

namespace noom::signal {

struct SavedSeat {
  std::string tag;
  std::string host;
  uint64_t life = 0;
  uint64_t generation = 0;
  uint64_t oldest = 0;
  uint64_t received = 0;
  uint64_t appended = 0;
  std::vector<Text> kept;
  Duration lost_since{};
  uint64_t lost_by = 0;
  bool told_away = false;
  std::optional<Duration> ice_left;  // until its ICE servers are due
  uint64_t counted_since = 0;
  EventPosition at{};  // Place::at
};
// What a detached member would have been sent.
struct SavedDelivery {
  std::string text;
  std::optional<Counted> counted;
};
// Of a member, or of somebody who waits to be one.
struct SavedMember {
  size_t seat = 0;  // index into SavedState::seats
  std::string peer;
  std::string identity;
  std::string mark;
  std::string name;
  std::string metadata_json;
  std::optional<Duration> metadata_left;
  uint64_t role = 0;
  bool may_inherit = false;
  bool name_is_given = false;
  bool away = false;
  EventPosition since;
  uint64_t joined_s = 0;
  Duration waiting_left{};   // of who waits
  std::string session = {};  // its tag

  // Between nodes only.
  std::string node = {};                 // that holds its seat; empty: none
  uint64_t incarnation = 0;              // of that node: a later process of the name knows nothing of the seat
  SeatAddress address = {};              // of the seat; the number of the node has no meaning to another one
  std::vector<SavedDelivery> kept = {};  // Detached, of a room that is handed over
  bool has_gap = false;
};
// The role of a member, whatever number came.
inline Role role_of(const SavedMember& member) {
  return member.role < kRoleCount ? static_cast<Role>(member.role) : Role::kViewer;
}
struct SavedBan {
  std::string identity;
  std::string session;
  std::string mark;
  Duration left{};
};
struct SavedRoom {
  std::string name;
  std::string tag;
  EventPosition at;
  uint64_t made_s = 0;
  bool locked = false;
  bool lobby = false;
  std::string password_key;  // empty: there is no password
  std::string password_hash;
  std::vector<SavedMember> members;
  std::vector<SavedMember> waiting;
  std::vector<SavedBan> bans;
};
// Another node's, with seats of this one in it or in its lobby.
struct SavedRemoteRoom {
  struct Own {
    size_t seat = 0;  // index into SavedState::seats
    std::string peer;
    bool waiting = false;
  };
  SavedRoom known;
  std::vector<Own> own;
};
struct SavedTicketUse {
  uint64_t expires_s = 0;
  std::string id;
};
struct SavedState {
  Wall saved{};
  uint64_t last_epoch = 0;
  std::vector<SavedSeat> seats;
  std::vector<SavedRoom> rooms;
  std::vector<SavedRemoteRoom> remote_rooms;
  std::vector<SavedTicketUse> spent;
};

// Texts that several seats keep are written once.
std::string encode_state(const SavedState& state);
// nullopt for what encode_state did not write.
std::optional<SavedState> decode_state(std::string_view text);

}  // namespace noom::signal
