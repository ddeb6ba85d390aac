// Sending a client to another server, RFC 8489 §10: ALTERNATE-SERVER with 300.
#include "turn/core/core.h"

namespace noom::turn {

// One of those that the client can reach, each as likely: §14.15 wants the family of the request's source. Borrowed
// from the settings.
const IpEndpoint* Core::alternate_for(const FiveTuple& client) {
  const IpEndpoint* chosen = nullptr;
  uint32_t seen = 0;
  for (const IpEndpoint& server : settings_->alternates.servers) {
    if (server.address.family() != client.client.address.unmapped().family()) continue;
    if (random_.below(++seen) == 0) chosen = &server;
  }
  return chosen;
}

// Of an Allocate that would otherwise be granted, counted in the quota already.
bool Core::send_elsewhere(Request& request) {
  const uint32_t above = settings_->alternates.above_allocations;
  const bool is_loaded = above != 0 && shared_->quota.total() > above;
  if (!draining_ && !is_loaded) return false;
  if (const IpEndpoint* const alternate = alternate_for(request.from.client)) {
    refuse(request, Reason::kTryAlternate, {.alternate = alternate});
    return true;
  }
  if (!draining_) return false;  // better here than nowhere
  refuse(request, Reason::kDraining);
  return true;
}

}  // namespace noom::turn
