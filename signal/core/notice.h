// What an application may want to know of a room's life, as values; webhooks carry them
// (common/post/post_sender.h).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "signal/core/role.h"

namespace noom::signal {

struct Notice {
  enum class Kind : uint8_t { kRoomStarted, kRoomEnded, kMemberJoined, kMemberLeft };
  // Of kMemberJoined and kMemberLeft.
  struct Person {
    std::string peer;
    std::string name;
    std::string session;   // its tag
    std::string identity;  // what a token vouches for; empty: nobody in particular
    Role role = Role::kMember;
  };

  Kind kind = Kind::kRoomStarted;
  uint64_t at_s = 0;  // Unix seconds
  std::string room;
  std::string room_tag;
  uint64_t epoch = 0;
  uint64_t since_s = 0;     // Unix seconds: when the room began, or the member joined
  std::string_view reason;  // of kRoomEnded and kMemberLeft: a literal
  Person member{};
};

std::string_view to_string(Notice::Kind kind);  // "room.started", …

// The JSON text that an application gets. `node`: of a cluster; empty: the only one.
std::string build_notice(std::string_view id, std::string_view node, const Notice& notice);

}  // namespace noom::signal
