// Opening the relay of an Allocate: choosing a port, trying another when the system refuses it, answering when one is
// bound. RFC 8656 §7.2.
#include "turn/core/core.h"

namespace noom::turn {

// The address the client came to if relays are opened on it, else any of the family with a free port. O(addresses).
bool Core::choose_port(Relay& relay, RelayId id, Family family, const IpAddress& preferred) {
  const auto count = static_cast<uint32_t>(pools_.size());
  uint32_t first = random_.below(count);
  for (uint32_t i = 0; i < count; ++i)
    if (pools_[i].address().local == preferred) first = i;
  for (uint32_t i = 0; i < count; ++i) {
    const uint32_t candidate = (first + i) % count;
    if (pools_[candidate].address().external.family() != family) continue;
    if (const auto port = pools_[candidate].take(random_, relay.even_port, id)) {
      relay.pool = static_cast<uint8_t>(candidate);
      relay.port = *port;
      stats_.relay_ports_free.subtract();
      return true;
    }
  }
  return false;
}

void Core::open_relay(RelayId id, Output& output) {
  Relay& relay = *relays_.find(id);
  ++relay.tries;
  output.commands.emplace_back(OpenRelay{id, {pools_[relay.pool].address().local, relay.port}});
}

Requester Core::requester_of(const Allocation& allocation) {
  return {.client = allocation.client,
          .method = wire::Method::kAllocate,
          .transaction_id = allocation.transaction_id,
          .fingerprint = allocation.fingerprint,
          .integrity = allocation.integrity,
          .key = allocation.key.bytes(),
          .username = allocation.username};
}

void Core::on_relay_opened(Now now, RelayId id, Output& output) {
  const Relay* relay = relays_.find(id);
  if (relay == nullptr) return;  // ended meanwhile: CloseRelay has been said
  const AllocationId owner = relay->owner;
  Allocation& allocation = *allocations_.find(owner);
  allocation.open = true;
  allocation.created = now.mono;
  allocation.expires = now.mono + std::chrono::seconds(allocation.granted_s);
  reschedule(owner, allocation);

  AllocationCounts& counts = stats_.allocations_of(allocation.client.transport, family_of(allocation));
  counts.created.add();
  counts.live.add();
  output.events.push_back(AllocationCreated{.allocation = owner,
                                            .client = allocation.client,
                                            .relayed = relayed(*relay),
                                            .username = allocation.username,
                                            .lifetime = std::chrono::seconds(allocation.granted_s)});
  succeed_allocate(requester_of(allocation), output, allocation);
}

void Core::on_relay_open_failed(Now, RelayId id, Output& output) {
  Relay* relay = relays_.find(id);
  if (relay == nullptr) return;
  stats_.relay_open_failures.add();
  const AllocationId owner = relay->owner;
  const Allocation& allocation = *allocations_.find(owner);
  // The new port is chosen while the refused one is still held, so that it is another one.
  const Relay refused = *relay;
  const bool again = refused.tries < kRelayOpenTriesMax &&
                     choose_port(*relay, id, family_of(allocation), allocation.client.server.address);
  if (again) {
    pools_[refused.pool].release(refused.port);
    stats_.relay_ports_free.add();
    return open_relay(id, output);
  }
  refuse(requester_of(allocation), output, Reason::kRelayOpenFailed);
  release(owner);
}

}  // namespace noom::turn
