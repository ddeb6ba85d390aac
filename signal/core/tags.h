// Names drawn for sessions, rooms and peers.
#pragma once

#include <string>
#include <string_view>

#include "common/base/random.h"

namespace noom::signal {

constexpr std::string_view kRoomTagPrefix = "r_";

// The prefix and 72 random bits in base64url: enough that nobody guesses or meets another's.
std::string draw_tag(Random& random, std::string_view prefix);

}  // namespace noom::signal
