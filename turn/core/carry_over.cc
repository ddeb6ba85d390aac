// What new settings take along of the running ones: the external addresses that living relays are known by.
#include "turn/core/settings.h"

#include <algorithm>

namespace noom::turn {
namespace {

// Every external address that the settings know, with its pool.
template <typename Visit>
void for_each_external(const Settings& settings, Visit&& visit) {
  const auto pool_of = [&](const IpAddress& local) {
    const auto found = std::ranges::find(settings.relay_addresses, local, &RelayAddress::local);
    return static_cast<uint8_t>(found - settings.relay_addresses.begin());
  };
  for (const RelayAddress& relay : settings.relay_addresses)
    if (relay.is_known()) visit(pool_of(relay.local), relay.external, relay.lease);
  for (const std::vector<RelayAddress>& relays : settings.listener_relays)
    for (const RelayAddress& relay : relays)
      if (relay.is_known()) visit(pool_of(relay.local), relay.external, relay.lease);
  for (const OtherExternal& other : settings.other_externals)
    if (auto lease = other.lease.lock()) visit(other.pool, other.address, std::move(lease));
}

struct Leased {
  uint8_t pool;
  IpAddress address;
  std::shared_ptr<const void> lease;
};

const Leased* find(const std::vector<Leased>& known, uint8_t pool, const IpAddress& address) {
  for (const Leased& each : known)
    if (each.pool == pool && each.address == address) return &each;
  return nullptr;
}

}  // namespace

void carry_over(const Settings* running, Settings& fresh) {
  std::vector<Leased> known;
  const auto note = [&](uint8_t pool, const IpAddress& address, const std::shared_ptr<const void>& lease) {
    if (lease != nullptr && find(known, pool, address) == nullptr) known.push_back({pool, address, lease});
  };
  if (running != nullptr) for_each_external(*running, note);

  const auto give_lease = [&](RelayAddress& relay) {
    if (!relay.is_known()) return;
    const auto place = std::ranges::find(fresh.relay_addresses, relay.local, &RelayAddress::local);
    const auto pool = static_cast<uint8_t>(place - fresh.relay_addresses.begin());
    if (find(known, pool, relay.external) == nullptr)
      known.push_back({pool, relay.external, std::make_shared<const char>()});
    relay.lease = find(known, pool, relay.external)->lease;
  };
  for (RelayAddress& relay : fresh.relay_addresses) give_lease(relay);
  for (std::vector<RelayAddress>& relays : fresh.listener_relays)
    for (RelayAddress& relay : relays) give_lease(relay);

  fresh.other_externals.clear();
  for (const Leased& each : known)
    if (fresh.relay_addresses[each.pool].external != each.address)
      fresh.other_externals.push_back({each.pool, each.address, each.lease});
}

}  // namespace noom::turn
