// One-time tickets: whoever brings one may join a certain room, once. Sealed, so that nothing is stored before one is
// used. A moderator of the room gets them as invitations, an application over the admin API.
#pragma once

#include <cstddef>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "common/auth/seal.h"
#include "signal/core/grant.h"

namespace noom::signal {

constexpr std::string_view kJoinTicketPrefix = "nt_";
constexpr Duration kJoinTicketLifetimeMax = std::chrono::hours(7 * 24);
constexpr size_t kJoinTicketCharactersMax = 512;

// What a ticket is to say.
struct JoinTicket {
  std::string room;  // a room's name, not a pattern: its owner alone knows which tickets were used
  Role role = Role::kMember;
  std::string identity;  // as Grant::identity, at most kIdentityBytesMax
  Duration lifetime{};   // at most kJoinTicketLifetimeMax; more is cut down to it
};

auth::Seal join_ticket_seal(
    Secret master);  // at least 32 bytes, the same on all servers that take each other's tickets
// kJoinTicketPrefix and base64url, at most kJoinTicketCharactersMax characters.
std::string mint_join_ticket(const auth::Seal& seal, Wall now, Random& random, const JoinTicket& ticket);
// Any text is legal input. Whether the ticket has been used is asked of SpentTickets.
std::variant<Grant, TokenRefusal> open_join_ticket(const auth::Seal& seal, Wall now, std::string_view room,
                                                   std::string_view text);

// The tickets that have been used and could still be shown again. Single-threaded.
class SpentTickets {
 public:
  explicit SpentTickets(size_t uses_max) : uses_max_(uses_max) {}

  enum class Verdict : uint8_t { kFresh, kUsed, kFull };
  // kFull: as many tickets are remembered as may be, so none can be taken safely until some expire.
  Verdict look_up(Wall now, const TicketUse& use);
  // After kFresh.
  void spend(const TicketUse& use) { uses_.insert(use); }
  // Heard from elsewhere; passed over at the limit.
  void note(Wall now, const TicketUse& use);
  size_t size() const { return uses_.size(); }

  // Those that could be shown again, for another process.
  const std::set<TicketUse>& uses() const { return uses_; }

 private:
  size_t uses_max_;
  std::set<TicketUse> uses_;  // the first to expire comes first
};

}  // namespace noom::signal
