// Refresh, RFC 8656 §8.2, in its order.
#include "turn/core/core.h"

namespace noom::turn {

using wire::Attr;

void Core::refresh(Request& request) {
  const wire::MessageView& message = request.message;
  // The five-tuple's allocation: 437; made with another username: 441. With a ticket, the ticket's (RFC 8016 §3.2.2).
  const bool moves = message.has(Attr::kMobilityTicket);
  AllocationId id;
  Allocation* allocation = moves ? moved_allocation(request, id) : own_allocation(request, id);
  if (allocation == nullptr) return;

  // REQUESTED-ADDRESS-FAMILY that no relayed address has: 443; otherwise it means that address alone.
  std::optional<Family> only;
  if (message.has(Attr::kRequestedAddressFamily)) {
    const auto asked = message.leading_u8(Attr::kRequestedAddressFamily);
    if (!asked) return refuse(request, Reason::kMalformedAttribute);
    for (const Family family : kFamilies)
      if (*asked == static_cast<uint8_t>(family) && allocation->has(family)) only = family;
    if (!only) return refuse(request, Reason::kRelayFamilyMismatch);
  }

  const auto asked = message.u32(Attr::kLifetime);
  if (!asked && message.has(Attr::kLifetime)) return refuse(request, Reason::kMalformedAttribute);

  // LIFETIME 0 deletes; anything else starts a new lifetime, computed as for Allocate.
  if (asked && *asked == 0) {
    const bool leaves_one = only && allocation->has(*only == Family::kV4 ? Family::kV6 : Family::kV4);
    if (!leaves_one) {
      end_allocation(id, EndReason::kDeleted, request.now, request.output);
      return succeed(request.from, request.output, 0);
    }
    end_relay(id, *only, request.now, request.output);
    reschedule(id, *allocation);
    return succeed_refresh(request, id, moves, 0);
  }
  const uint32_t lifetime_s = granted_lifetime_s(request);
  const Mono expires = request.now.mono + std::chrono::seconds(lifetime_s);
  if (only)
    allocation->relay(*only).expires = expires;
  else
    allocation->live_until(expires);
  reschedule(id, *allocation);
  succeed_refresh(request, id, moves, lifetime_s);
}

void Core::succeed_refresh(const Request& request, AllocationId id, bool moves, uint32_t lifetime_s) {
  if (!moves) return succeed(request.from, request.output, lifetime_s);
  begin_move(id, request, lifetime_s);
  succeed_moved(request.from, request.output, id, lifetime_s);
}

}  // namespace noom::turn
