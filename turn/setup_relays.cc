// The addresses that relays are opened on, and those they are known by.
#include <algorithm>

#include "turn/preparation.h"
#include "turn/relay_route.h"

namespace noom::turn {

void Preparation::check_relay_address(const IpAddress& address) {
  const auto& all = config_.relay_addresses;
  if (std::count(all.begin(), all.end(), address) > 1)
    return error("relay.addresses", address.to_string() + " is there more than once", "keep one of them");
  const bool is_own =
      std::any_of(host_.begin(), host_.end(), [&](const io::LocalAddress& own) { return own.address == address; });
  if (is_own || host_.empty()) return;
  std::string choices;
  for (const io::LocalAddress& own : host_)
    if (own.up && !own.loopback && !own.link_local) choices += (choices.empty() ? "" : ", ") + own.address.to_string();
  error("relay.addresses", address.to_string() + " is not an address of this host",
        "choose from " + (choices.empty() ? "127.0.0.1" : choices) +
            "; behind NAT the public one goes into relay.external_addresses");
}

std::vector<IpAddress> Preparation::detect_relay_addresses() {
  std::vector<IpAddress> found;
  for (const Family family : {Family::kV4, Family::kV6})
    if (const auto source = default_route_source(family)) found.push_back(*source);
  if (!found.empty()) return found;
  warning("relay.addresses", "this host has no default route, so that only peers on this host can be reached",
          "name the addresses to relay from");
  return {IpAddress::v4(127, 0, 0, 1)};
}

std::vector<RelayAddress> Preparation::relay_addresses() {
  const bool detected = config_.relay_addresses.empty();
  const std::vector<IpAddress> local = detected ? detect_relay_addresses() : config_.relay_addresses;
  if (!detected)
    std::for_each(local.begin(), local.end(), [this](const IpAddress& address) { check_relay_address(address); });

  const std::vector<IpAddress>& external = config_.external_addresses;
  std::vector<RelayAddress> relays;
  for (size_t i = 0; i < local.size(); ++i) relays.push_back({local[i], i < external.size() ? external[i] : local[i]});
  if (!external.empty() && external.size() != local.size())
    error("relay.external_addresses",
          "has " + std::to_string(external.size()) + " addresses for " + std::to_string(local.size()) +
              " relay addresses",
          "give one for each of relay.addresses, in the same order");
  for (const RelayAddress& relay : relays)
    if (relay.local.family() != relay.external.family())
      error("relay.external_addresses",
            relay.external.to_string() + " is of another family than " + relay.local.to_string(),
            "keep the order of relay.addresses");
  return relays;
}

std::vector<IpAddress> Preparation::own_addresses(const std::vector<RelayAddress>& relays) const {
  std::vector<IpAddress> own;
  for (const io::LocalAddress& address : host_) own.push_back(address.address);
  for (const RelayAddress& relay : relays) own.insert(own.end(), {relay.local, relay.external});
  return own;
}

}  // namespace noom::turn
