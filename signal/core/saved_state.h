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
#include "signal/core/seat_address.h"

namespace noom::signal {

struct SavedSeat {
  std::string tag;
  std::string host;
  uint64_t generation = 0;
  uint64_t oldest = 0;
  uint64_t received = 0;
  uint64_t appended = 0;
  std::vector<Text> kept;
  Duration lost_since{};
  uint64_t lost_by = 0;
  bool told_away = false;
  std::optional<Duration> ice_left;  // until its ICE servers are due
};
struct SavedMember {
  size_t seat = 0;  // index into SavedState::seats
  std::string peer;
  std::string name;
  std::string metadata_json;
  std::optional<Duration> metadata_left;
  bool is_host = false;
  bool away = false;
  EventPosition since;

  // Between nodes only.
  std::string session = {};  // its tag
  std::string node = {};     // that holds its seat; empty: none
  SeatAddress address = {};  // of the seat; the number of the node has no meaning to another one
};
struct SavedRoom {
  std::string name;
  std::string tag;
  EventPosition at;
  std::vector<SavedMember> members;
};
struct SavedState {
  Wall saved{};
  uint64_t last_epoch = 0;
  std::vector<SavedSeat> seats;
  std::vector<SavedRoom> rooms;
};

// Texts that several seats keep are written once.
std::string encode_state(const SavedState& state);
// nullopt for what encode_state did not write.
std::optional<SavedState> decode_state(std::string_view text);

}  // namespace noom::signal
