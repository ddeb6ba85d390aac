// Session tickets: what a client shows to get its session back, sealed so that only servers with the same key can make
// or read it. docs/protocol/noom-v1.md, docs/decisions/0008.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "common/auth/seal.h"

namespace noom::signal {

struct Ticket {
  std::string session;      // "s_…"
  uint64_t life = 0;        // of the session; grows each time it had to begin anew
  uint32_t generation = 0;  // grows with each resumption within a life
  std::string room;         // empty: in none
  std::string peer;
  std::string node = {};  // that made it; empty: the only one

  friend bool operator==(const Ticket&, const Ticket&) = default;
};

// A ticket opens for at least this long; sessions get a new one when half of it has passed.
constexpr Duration kTicketRotation = std::chrono::hours(12);
constexpr size_t kTicketCharactersMax = 512;

// Printable, at most kTicketCharactersMax characters.
std::string seal_ticket(const auth::Seal& seal, Wall now, Random& random, const Ticket& ticket);
// Any text is legal input; nullopt for what seal_ticket did not make or made too long ago.
std::optional<Ticket> open_ticket(const auth::Seal& seal, Wall now, std::string_view text);

}  // namespace noom::signal
