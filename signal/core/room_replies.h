// How the parts of RoomHost answer: short forms for what goes into a RoomOutput.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "signal/core/room_host.h"

namespace noom::signal {

inline void refuse(const RoomAsker& asker, ErrorCode code, std::string message, RoomOutput& output,
                   std::optional<uint32_t> retry_after_s = std::nullopt) {
  output.items.emplace_back(RoomRefused{asker.seat, asker.re, code, std::move(message), retry_after_s});
}

// An event about a member that a later one of the same `kind` makes pointless.
inline Supersedable superseded_by(const Room& room, const Member& member, uint64_t kind) {
  return {uint64_t{member.seat.seat.index} << 18 | uint64_t{member.seat.node} << 2 | kind,
          build_superseded(room.name(), room.at())};
}

}  // namespace noom::signal
