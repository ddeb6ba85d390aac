// A shard's state left to the next process, and taken back from the one before.
#include <algorithm>

#include "turn/core/core.h"
#include "turn/core/saved_state.h"

namespace noom::turn {
namespace {

constexpr uint32_t kAllocationIndexMax = 1u << 22;  // more than there are ports on 64 addresses

// Whether a connection of that transport is worth nothing without what the process holds of it.
constexpr bool has_keys(Transport transport) {
  return transport == Transport::kTls || transport == Transport::kDtls;
}

}  // namespace

size_t Core::begin_save(Now now, Output& output) {
  const size_t before = allocations_.size();
  std::vector<AllocationId> unkept;
  std::vector<FiveTuple> gone;
  allocations_.for_each([&](AllocationId id, const Allocation& allocation) {
    if (allocation.tcp) return unkept.push_back(id);
    if (has_keys(allocation.client.transport)) gone.push_back(allocation.client);
    const auto& arriving = allocation.mobility.arriving;
    if (arriving && has_keys(arriving->client.transport)) gone.push_back(arriving->client);
  });
  for (const AllocationId id : unkept) end_allocation(id, EndReason::kRestart, now, output);
  for (const FiveTuple& client : gone) client_gone(now, client, output);
  return before - allocations_.size();
}

SavedShard Core::save(Mono now) {
  SavedShard saved;
  allocations_.for_each([&](AllocationId id, Allocation& allocation) {
    if (!allocation.is_live(now) || allocation.tcp) return;
    SavedAllocation each{.id = id, .value = {}, .relays = {}};
    for (const Family family : kFamilies) {
      if (!allocation.has(family)) continue;
      const Relay& relay = relay_of(allocation, family);
      each.relays[family == Family::kV6] = SavedRelay{.local = {pools_[relay.pool].local(), relay.port},
                                                      .external = relay.external,
                                                      .tcp = relay.tcp,
                                                      .reserved = relay.reserved};
    }
    each.value = std::move(allocation);
    saved.allocations.push_back(std::move(each));
  });
  const auto endpoint = [&](uint32_t key) { return IpEndpoint{pools_[key >> 16].local(), static_cast<uint16_t>(key)}; };
  reservations_.for_each([&](uint64_t token, const RelayPort& port, const std::string& user, Mono expires) {
    saved.reservations.push_back({token, {pools_[port.pool].local(), port.port}, user, expires});
  });
  for (const auto& [key, shard] : lent_) saved.lent.push_back({endpoint(key), shard});
  for (const auto& [client, owner] : forwarded_) saved.forwarded.push_back({client, owner});
  std::ranges::sort(saved.lent, {}, &SavedLoan::port);
  std::ranges::sort(saved.forwarded, {}, &SavedForward::client);
  revocations_.for_each([&](const std::string& name, Wall until) { saved.revocations.push_back({name, until}); });

  saved.unused_generation = allocations_.unused_generation();

  allocations_ = {};
  relays_ = {};
  by_client_.clear();
  deadlines_ = {};
  reservations_ = {};
  forwarded_.clear();
  connections_ = {};
  by_connection_.clear();
  connection_deadlines_ = {};
  return saved;
}

// The pool of a saved port that is this shard's; nullopt: the configuration has it no more.
std::optional<uint8_t> Core::pool_of(const IpEndpoint& port) const {
  for (size_t i = 0; i < pools_.size(); ++i)
    if (pools_[i].local() == port.address && pools_[i].covers(port.port)) return static_cast<uint8_t>(i);
  return std::nullopt;
}

bool Core::take_back_port(const RelayPort& port, RelayId holder) {
  if (!pools_[port.pool].claim(port.port, holder)) return false;
  stats_.relay_ports_free.subtract();
  return true;
}

// Nothing: its port is not to be had.
std::optional<RelayId> Core::take_back(const SavedRelay& saved, const FiveTuple& client) {
  const auto pool = pool_of(saved.local);
  if (!pool) return std::nullopt;
  const RelayPort port{*pool, saved.local.port};
  const RelayId id = relays_.insert({.port = port.port, .pool = port.pool, .tcp = saved.tcp, .open = true});
  Relay& relay = *relays_.find(id);
  relay.reserved = saved.reserved;
  name_relay(relay, client);
  if (relay.external != saved.external) {
    relay.external = saved.external;
    relay.lease = nullptr;
    for (const OtherExternal& other : settings_->other_externals)
      if (other.pool == port.pool && other.address == saved.external) relay.lease = other.lease.lock();
  }
  if (is_own_port(port.port) ? take_back_port(port, id) : borrowed_.emplace(key_of(port), id).second) return id;
  relays_.erase(id);
  return std::nullopt;
}

bool Core::take_back(SavedAllocation saved, Now now, std::vector<RestoredRelay>& relays) {
  Allocation& fresh = saved.value;
  const bool has_place = saved.id.index < kAllocationIndexMax && !allocations_.at_index(saved.id.index).valid() &&
                         !by_client_.contains(fresh.client);
  if (!has_place || fresh.quota_user().size() > kUsernameBytesMax) return false;
  for (const Family family : kFamilies) {
    const auto& relay = saved.relays[family == Family::kV6];
    const auto id = relay ? take_back(*relay, fresh.client) : std::nullopt;
    if (!id) continue;
    fresh.relay(family).id = *id;
    relays.push_back({*id, relay->local});
  }
  if (!fresh.has_any()) return false;
  fresh.open = true;
  shared_->quota.acquire(fresh.quota_user(), 0, 0);
  set_rates(fresh, now);
  allocations_.insert_at(saved.id, std::move(fresh));
  const Allocation& allocation = *allocations_.find(saved.id);
  for (const Family family : kFamilies) {
    if (!allocation.has(family)) continue;
    relays_.find(allocation.relay(family).id)->owner = saved.id;
    stats_.allocations_of(allocation.client.transport, family).live.add();
  }
  if (!allocation.mobility.absent) by_client_.emplace(allocation.client, saved.id);
  if (allocation.mobility.arriving) by_client_.emplace(allocation.mobility.arriving->client, saved.id);
  stats_.permissions_live.add(allocation.permissions.size());
  stats_.channels_live.add(allocation.channels.size());
  reschedule(saved.id, allocation);
  return true;
}

Restored Core::restore(Now now, SavedShard saved) {
  Restored restored;
  allocations_.begin_at_generation(saved.unused_generation);
  for (const SavedRevocation& each : saved.revocations) revocations_.add(each.name, each.until, now.wall);
  stats_.revocations_live.set(revocations_.size());
  for (SavedAllocation& each : saved.allocations) {
    const AllocationId id = each.id;
    if (take_back(std::move(each), now, restored.relays)) {
      restored.allocations.push_back(created(id, *allocations_.find(id)));
    } else {
      ++restored.lost;
    }
  }
  for (SavedReservation& each : saved.reservations) {
    const auto pool = pool_of(each.port);
    if (!pool || !take_back_port({*pool, each.port.port}, PortPool::kNobody)) continue;
    reservations_.restore(each.token, {*pool, each.port.port}, std::move(each.user), each.expires);
    stats_.relay_ports_reserved.add();
  }
  for (const SavedLoan& each : saved.lent) {
    const auto pool = pool_of(each.port);
    if (pool && each.to < settings_->shard_count && take_back_port({*pool, each.port.port}, PortPool::kNobody))
      lent_.emplace(key_of({*pool, each.port.port}), each.to);
  }
  for (const SavedForward& each : saved.forwarded) {
    if (each.owner >= settings_->shard_count || by_client_.contains(each.client)) continue;
    if (forwarded_.emplace(each.client, each.owner).second) stats_.clients_forwarded.add();
  }
  return restored;
}

}  // namespace noom::turn
