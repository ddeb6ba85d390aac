// Refresh, RFC 8656 §8.2, in its order.
#include "turn/core/core.h"

namespace noom::turn {

using wire::Attr;

void Core::refresh(Request& request) {
  const wire::MessageView& message = request.message;
  // The five-tuple's allocation: 437; made with another username: 441.
  AllocationId id;
  Allocation* allocation = own_allocation(request, id);
  if (allocation == nullptr) return;

  // REQUESTED-ADDRESS-FAMILY other than the relay's: 443.
  if (message.has(Attr::kRequestedAddressFamily)) {
    const auto family = message.leading_u8(Attr::kRequestedAddressFamily);
    if (!family) return refuse(request, Reason::kMalformedAttribute);
    if (*family != static_cast<uint8_t>(family_of(*allocation))) return refuse(request, Reason::kRelayFamilyMismatch);
  }

  const auto asked = message.u32(Attr::kLifetime);
  if (!asked && message.has(Attr::kLifetime)) return refuse(request, Reason::kMalformedAttribute);

  // LIFETIME 0 deletes; anything else starts a new lifetime, computed as for Allocate.
  if (asked && *asked == 0) {
    end_allocation(id, EndReason::kDeleted, request.now, request.output);
    return succeed(request.from, request.output, 0);
  }
  const uint32_t lifetime_s = granted_lifetime_s(request);
  allocation->expires = request.now.mono + std::chrono::seconds(lifetime_s);
  reschedule(id, *allocation);
  succeed(request.from, request.output, lifetime_s);
}

}  // namespace noom::turn
