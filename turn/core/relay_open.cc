// Opening the relay of an Allocate: choosing a port, trying another when the system refuses it, answering when one is
// bound. RFC 8656 §7.2.
#include "turn/core/core.h"

namespace noom::turn {

// Where a relay for the client may be opened on that pool; nullptr: nowhere.
const RelayAddress* Core::address_for(size_t pool, const FiveTuple& client) const {
  for (const RelayAddress& relay : settings_->relays_of(client))
    if (relay.local == pools_[pool].local()) return relay.is_known() ? &relay : nullptr;
  return nullptr;
}

// What the relay is known by from now on: what its client's listener says, else what everybody's says.
void Core::name_relay(Relay& relay, const FiveTuple& client) const {
  const RelayAddress* named = address_for(relay.pool, client);
  if (named == nullptr) named = &settings_->relay_addresses[relay.pool];
  relay.external = named->external;
  relay.lease = named->lease;
}

// The address the client came to if relays are opened on it, else any of the family with a free port. O(addresses).
bool Core::choose_port(Relay& relay, RelayId id, Family family, const FiveTuple& client) {
  const auto count = static_cast<uint32_t>(pools_.size());
  uint32_t first = random_.below(count);
  for (uint32_t i = 0; i < count; ++i)
    if (pools_[i].local() == client.server.address) first = i;
  for (uint32_t i = 0; i < count; ++i) {
    const uint32_t candidate = (first + i) % count;
    if (pools_[candidate].local().family() != family || address_for(candidate, client) == nullptr) continue;
    if (const auto port = take_port(pools_[candidate], relay, id)) {
      relay.pool = static_cast<uint8_t>(candidate);
      relay.port = *port;
      name_relay(relay, client);
      return true;
    }
  }
  return false;
}

std::optional<uint16_t> Core::take_port(PortPool& pool, const Relay& relay, RelayId id) {
  if (relay.reserving && reservations_.full()) return std::nullopt;
  const auto port = relay.reserving ? pool.take_pair(random_, id) : pool.take(random_, relay.even_port, id);
  if (port) stats_.relay_ports_free.subtract(relay.reserving ? 2 : 1);
  return port;
}

void Core::open_relay(RelayId id, Output& output) {
  Relay& relay = *relays_.find(id);
  ++relay.tries;
  output.commands.emplace_back(OpenRelay{id, {pools_[relay.pool].local(), relay.port}, relay.tcp});
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
  Relay* const relay = relays_.find(id);
  if (relay == nullptr) return;  // ended meanwhile: CloseRelay has been said
  relay->open = true;
  conclude(relay->owner, now, output);
}

void Core::on_relay_open_failed(Now now, RelayId id, Output& output) {
  Relay* relay = relays_.find(id);
  if (relay == nullptr) return;
  stats_.relay_open_failures.add();
  const AllocationId owner = relay->owner;
  Allocation& allocation = *allocations_.find(owner);
  if (allocation.open) return end_allocation(owner, EndReason::kRestart, now, output);
  const Family family = pools_[relay->pool].local().family();
  // The new port is chosen while the refused one is still held, so that it is another one.
  const Relay refused = *relay;
  const bool again =
      !refused.reserved && refused.tries < kRelayOpenTriesMax && choose_port(*relay, id, family, allocation.client);
  give_back_port(refused, output);
  if (again) return open_relay(id, output);
  relays_.erase(id);
  allocation.relay(family) = {};
  allocation.unavailable[family == Family::kV6] = static_cast<uint16_t>(code_of(Reason::kRelayOpenFailed));
  conclude(owner, now, output);
}

// Answers once no relay is still being opened: with what there is, or 508.
void Core::conclude(AllocationId id, Now now, Output& output) {
  Allocation& allocation = *allocations_.find(id);
  for (const RelayOfFamily& relay : allocation.relays)
    if (relay.id.valid() && !relays_.find(relay.id)->open) return;
  if (!allocation.has_any()) {
    refuse(requester_of(allocation), output, Reason::kRelayOpenFailed);
    return release(id);
  }
  allocation.open = true;
  allocation.created = now.mono;
  allocation.live_until(now.mono + std::chrono::seconds(allocation.granted_s));
  for (const Family family : kFamilies) {
    if (!allocation.has(family)) continue;
    Relay& relay = *relays_.find(allocation.relay(family).id);
    if (relay.reserving) reserve_next_port(relay, allocation, now.mono);
    AllocationCounts& counts = stats_.allocations_of(allocation.client.transport, family);
    counts.created.add();
    counts.live.add();
  }
  reschedule(id, allocation);
  output.events.push_back(created(id, allocation));
  succeed_allocate(requester_of(allocation), output, allocation);
}

AllocationCreated Core::created(AllocationId id, const Allocation& allocation) const {
  return {.allocation = id,
          .client = allocation.client,
          .relayed = relayed(allocation),
          .username = allocation.username,
          .lifetime = std::chrono::seconds(allocation.granted_s)};
}

std::vector<IpEndpoint> Core::relayed(const Allocation& allocation) const {
  std::vector<IpEndpoint> addresses;
  for (const Family family : kFamilies)
    if (allocation.has(family)) addresses.push_back(relayed(relay_of(allocation, family)));
  return addresses;
}

}  // namespace noom::turn
