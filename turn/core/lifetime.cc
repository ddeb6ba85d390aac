// Finding allocations, how long they live, and how they end. RFC 8656 §7.2, §8.2.
#include <algorithm>

#include "turn/core/core.h"

namespace noom::turn {

Core::Found Core::find(const FiveTuple& client) {
  const auto entry = by_client_.find(client);
  if (entry == by_client_.end()) return {};
  return {entry->second, allocations_.find(entry->second)};
}

// RFC 8656 §5: no allocation 437, another user's 441. One whose relay is still being opened does not exist for its
// client yet.
Allocation* Core::own_allocation(const Request& request, AllocationId& id) {
  const Found found = find(request.from.client);
  if (found.allocation == nullptr || !found.allocation->open) {
    refuse(request, Reason::kNoAllocation);
    return nullptr;
  }
  if (found.allocation->username != request.from.username) {
    refuse(request, Reason::kOtherUser);
    return nullptr;
  }
  id = found.id;
  return found.allocation;
}

// RFC 8656 §7.2: max(default, min(asked, max)); nothing asked is the default.
uint32_t Core::granted_lifetime_s(const Request& request) const {
  const auto seconds = [](Duration lifetime) {
    return static_cast<uint32_t>(std::chrono::duration_cast<std::chrono::seconds>(lifetime).count());
  };
  const uint32_t least = seconds(settings_->lifetime_default);
  const uint32_t asked = request.message.u32(wire::Attr::kLifetime).value_or(least);
  return std::max(least, std::min(asked, seconds(settings_->lifetime_max)));
}

void Core::reschedule(AllocationId id, const Allocation& allocation) {
  deadlines_.set(id.index, allocation.next_deadline());
}

std::optional<Mono> Core::next_deadline() const {
  std::optional<Mono> first = deadlines_.next();
  for (const auto& other : {reservations_.next(), connection_deadlines_.next()})
    if (other && (!first || *other < *first)) first = other;
  return first;
}

void Core::on_tick(Now now, Output& output) {
  expire_reservations(now.mono);
  expire_connections(now, output);
  while (const auto index = deadlines_.pop_due(now.mono)) {
    const AllocationId id = allocations_.at_index(*index);
    Allocation& allocation = *allocations_.find(id);
    if (allocation.credential_deadline <= now.mono) {
      end_allocation(id, EndReason::kCredentialExpired, now, output);
    } else if (std::ranges::none_of(allocation.relays, [&](const RelayOfFamily& relay) {
                 return relay.id.valid() && relay.expires > now.mono;
               })) {
      end_allocation(id, EndReason::kExpired, now, output);
    } else {
      for (const Family family : kFamilies)
        if (allocation.has(family) && allocation.relay(family).expires <= now.mono) end_relay(id, family, now, output);
      const Allocation::Removed removed = allocation.remove_expired(now.mono);
      stats_.permissions_live.subtract(removed.permissions);
      stats_.channels_live.subtract(removed.channels);
      reschedule(id, allocation);
    }
  }
}

// One relayed address of an allocation, and what was permitted and bound through it.
void Core::end_relay(AllocationId id, Family family, Now now, Output& output) {
  Allocation& allocation = *allocations_.find(id);
  if (allocation.open) {
    AllocationCounts& counts = stats_.allocations_of(allocation.client.transport, family);
    counts.live.subtract();
    counts.ended.add();
  }
  end_connections(allocation, family, now, output);
  const Allocation::Removed removed = allocation.remove_peers_of(family);
  stats_.permissions_live.subtract(removed.permissions);
  stats_.channels_live.subtract(removed.channels);
  const RelayId relay = allocation.relay(family).id;
  output.commands.emplace_back(CloseRelay{relay});
  give_back_port(*relays_.find(relay), output);
  relays_.erase(relay);
  allocation.relay(family) = {};
}

void Core::end_allocation(AllocationId id, EndReason reason, Now now, Output& output) {
  const Allocation& allocation = *allocations_.find(id);
  if (allocation.open) {
    stats_.ended[reason].add();
    output.events.push_back(AllocationEnded{.allocation = id,
                                            .client = allocation.client,
                                            .relayed = relayed(allocation),
                                            .username = allocation.username,
                                            .reason = reason,
                                            .traffic = allocation.traffic,
                                            .duration = now.mono - allocation.created});
  }
  if (reason == EndReason::kClientClosed) abandon_connects(allocation, output);
  for (const Family family : kFamilies)
    if (allocation.has(family)) end_relay(id, family, now, output);
  // A connection whose allocation ran out has an absent client; one that deleted it may allocate again.
  const bool is_over = reason == EndReason::kExpired || reason == EndReason::kCredentialExpired ||
                       reason == EndReason::kClientDenied || reason == EndReason::kRevoked ||
                       reason == EndReason::kRestart;
  if (allocation.mobility.arriving) {
    stats_.moves[Move::kAbandoned].add();
    part(id, *allocation.mobility.arriving, is_over, output);
  }
  part(id, {allocation.client, allocation.client_shard}, is_over, output);
  release(id);
}

// Gives back what an allocation holds beside its relays, which have ended.
void Core::release(AllocationId id) {
  const Allocation& allocation = *allocations_.find(id);
  shared_->quota.release(allocation.quota_user());
  if (const auto entry = by_client_.find(allocation.client); entry != by_client_.end() && entry->second == id)
    by_client_.erase(entry);
  deadlines_.clear(id.index);
  allocations_.erase(id);
}

}  // namespace noom::turn
