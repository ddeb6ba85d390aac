// The addresses that relays are opened on, and those they are known by.
#include <algorithm>
#include <array>

#include "turn/listeners.h"
#include "turn/preparation.h"
#include "turn/relay_route.h"

namespace noom::turn {
namespace {

constexpr std::string_view kExternalKey = "relay.external_addresses";

IpAddress unspecified(Family family) {
  return family == Family::kV4 ? IpAddress() : IpAddress::v6(std::array<std::byte, 16>{});
}

}  // namespace

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

  const std::vector<ExternalSource>& external = config_.external_addresses;
  if (!external.empty() && external.size() != local.size())
    error(kExternalKey,
          "has " + std::to_string(external.size()) + " addresses for " + std::to_string(local.size()) +
              " relay addresses",
          "give one for each of relay.addresses, in the same order");
  std::vector<RelayAddress> relays;
  for (size_t i = 0; i < local.size(); ++i) {
    relays.push_back({local[i], local[i]});
    if (i < external.size()) set_external(kExternalKey, relays.back(), external[i], std::nullopt, i);
  }
  return relays;
}

// A look-up leaves it unspecified until it is answered.
void Preparation::set_external(std::string_view key, RelayAddress& relay, const ExternalSource& source,
                               std::optional<size_t> listener, size_t index) {
  if (source.is_looked_up()) {
    relay.external = unspecified(relay.local.family());
    external_uses.push_back({{relay.local, source}, listener, index});
    return;
  }
  relay.external = source.address;
  if (relay.local.family() != relay.external.family())
    error(key, relay.external.to_string() + " is of another family than " + relay.local.to_string(),
          "keep the order of relay.addresses");
  if (!relay.is_known()) error(key, relay.external.to_string() + " is no address to reach", "give a real one");
}

std::vector<std::vector<RelayAddress>> Preparation::listener_relays(const std::vector<RelayAddress>& relays) {
  constexpr std::string_view kKey = "relay.listener_addresses";
  constexpr std::string_view kExample = "\"udp://0.0.0.0:3478=10.0.0.7 203.0.113.7\"";
  std::vector<std::vector<RelayAddress>> by_listener(listeners.size());
  for (const std::string& entry : config_.listener_addresses) {
    const size_t equals = entry.find('=');
    const auto listener = find_listener(listeners, std::string_view(entry).substr(0, equals));
    if (equals == entry.npos || !listener) {
      error(kKey, entry + " names no listener", "write it as " + std::string(kExample));
      continue;
    }
    const std::string_view addresses = std::string_view(entry).substr(equals + 1);
    const size_t blank = addresses.find(' ');
    const auto local = IpAddress::parse(addresses.substr(0, blank));
    const auto relay = std::find_if(relays.begin(), relays.end(),
                                    [&](const RelayAddress& each) { return local && each.local == *local; });
    if (relay == relays.end()) {
      error(kKey, entry + " has no address of relay.addresses", "write it as " + std::string(kExample));
      continue;
    }
    std::vector<RelayAddress>& own = by_listener[*listener];
    own.push_back({*local, relay->external});
    if (blank == addresses.npos) {
      // As everybody's, also where that one is looked up.
      const auto index = static_cast<size_t>(relay - relays.begin());
      for (size_t i = 0; i < external_uses.size(); ++i)
        if (const ExternalUse use = external_uses[i]; !use.listener && use.relay == index)
          external_uses.push_back({use.question, *listener, own.size() - 1});
      continue;
    }
    const auto source = ExternalSource::parse(addresses.substr(blank + 1));
    if (source)
      set_external(kKey, own.back(), *source, *listener, own.size() - 1);
    else
      error(kKey, entry + " has an external address that cannot be understood", "write it as " + std::string(kExample));
  }
  return by_listener;
}

std::shared_ptr<const Settings> with_answers(const Settings& prepared, const std::vector<ExternalUse>& uses,
                                             const std::vector<ExternalAnswer>& answers, const Settings* running,
                                             const std::vector<io::LocalAddress>& host) {
  auto settings = std::make_shared<Settings>(prepared);
  for (const ExternalUse& use : uses) {
    const auto answer = std::ranges::find(answers, use.question, &ExternalAnswer::question);
    if (answer == answers.end() || !answer->address) continue;
    auto& relays = use.listener ? settings->listener_relays[*use.listener] : settings->relay_addresses;
    relays[use.relay].external = *answer->address;
  }
  carry_over(running, *settings);

  // What is this host's own, whatever it is known by.
  std::vector<IpAddress> own;
  for (const io::LocalAddress& address : host) own.push_back(address.address);
  for (const RelayAddress& relay : settings->relay_addresses) {
    own.push_back(relay.local);
    if (relay.is_known()) own.push_back(relay.external);
  }
  for (const OtherExternal& other : settings->other_externals) own.push_back(other.address);
  settings->peer_policy = std::make_shared<auth::PeerPolicy>(prepared.peer_policy->with_own(own));
  return settings;
}

}  // namespace noom::turn
