// What a token says about who wants to join, and why one is not taken. Values: they travel to the room's owner.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "common/base/time.h"
#include "signal/core/role.h"

namespace noom::signal {

constexpr size_t kIdentityBytesMax = 128;

// A ticket that is good once. Ordered by when it may be forgotten.
struct TicketUse {
  Wall expires{};
  std::string id;  // kTicketIdBytes bytes

  friend auto operator<=>(const TicketUse&, const TicketUse&) = default;
};
constexpr size_t kTicketIdBytes = 12;

struct Grant {
  std::string identity;                      // who it is to the application; empty: nobody in particular
  std::optional<Role> role;                  // nullopt: what the room makes of the client
  std::optional<std::string> name;           // in place of the client's own
  std::optional<std::string> metadata_json;  // likewise; an object
  std::optional<TicketUse> once;             // came by a ticket
};

enum class TokenFault : uint8_t {
  kRequired,   // none was given
  kInvalid,    // not one of this server's, or says what it must not
  kExpired,    // was good once
  kWrongRoom,  // good, but for another room
};

struct TokenRefusal {
  TokenFault fault = TokenFault::kInvalid;
  std::string_view why;  // one sentence, a literal
};

}  // namespace noom::signal
