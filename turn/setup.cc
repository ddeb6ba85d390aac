#include "turn/setup.h"

#include <algorithm>
#include <array>
#include <thread>

#include "common/io/system_random.h"
#include "turn/certificates.h"
#include "turn/listeners.h"
#include "turn/preparation.h"

namespace noom::turn {

namespace {

uint32_t shard_count(const Config& config) {
  return config.shards > 0 ? config.shards : std::clamp(std::thread::hardware_concurrency(), 1u, kShardsMax);
}

}  // namespace

void Preparation::check_ports() {
  const uint32_t min = config_.settings.port_min;
  const uint32_t max = config_.settings.port_max;
  if (min > max)
    return error("relay.port_min", std::to_string(min) + " is above relay.port_max, which is " + std::to_string(max),
                 "swap them");
  const uint32_t shards = shard_count(config_);
  if (max + 1 - min < 2 * shards)
    error("relay.port_max",
          "leaves " + std::to_string(max + 1 - min) + " ports for " + std::to_string(shards) +
              " shards, which need 2 each",
          "widen the range, or set shards lower");
}

void Preparation::check_realm(std::string_view key, const std::string& realm) {
  if (realm.empty() || realm.size() > kRealmBytesMax)
    error(key, "has " + std::to_string(realm.size()) + " bytes", "choose 1 to " + std::to_string(kRealmBytesMax));
}

std::vector<std::string> Preparation::listener_realms() {
  std::vector<std::string> realms(listeners.size());
  for (const std::string& entry : config_.listener_realms) {
    const size_t equals = entry.find('=');
    const auto listener = find_listener(listeners, std::string_view(entry).substr(0, equals));
    if (equals == entry.npos || !listener) {
      error("auth.listener_realms", entry + " names no listener", "write it as \"udp://0.0.0.0:3478=example.org\"");
      continue;
    }
    std::string& realm = realms[*listener];
    realm = entry.substr(equals + 1);
    check_realm("auth.listener_realms", realm);
  }
  return realms;
}

void Preparation::check_alternates() {
  const Alternates& alternates = config_.settings.alternates;
  if (alternates.domain.size() > kDomainBytesMax)
    error("relay.alternate_domain", "is longer than a domain name can be", "give the name alone");
  for (const IpEndpoint& server : alternates.servers)
    if (server.port == 0)
      error("relay.alternate_servers", server.to_string() + " has no port", "write it as \"192.0.2.1:3478\"");
  if (alternates.above_allocations != 0 && alternates.servers.empty())
    error("relay.alternate_above_allocations", "has no servers to send clients to", "name relay.alternate_servers");
}

void Preparation::check_cluster() {
  bus::check_bus(config_.cluster, table_, findings);
  check_usage(config_.usage, table_, findings);
  // As noom-signal takes them.
  constexpr size_t kUrlsMax = 8;
  constexpr size_t kUrlBytesMax = 256;
  for (const std::string& url : config_.cluster_urls)
    if ((!url.starts_with("turn:") && !url.starts_with("turns:")) || url.size() > kUrlBytesMax)
      error("cluster.urls", "\"" + url + "\" is no TURN URI",
            "write it as \"turn:turn1.example.com:3478?transport=udp\" (RFC 7065)");
  if (config_.cluster_urls.size() > kUrlsMax)
    error("cluster.urls", "has " + std::to_string(config_.cluster_urls.size()) + " URIs", "choose up to 8");
  if (config_.cluster.enabled() && config_.cluster_urls.empty())
    warning("cluster.urls", "is empty, and nobody will hand this relay out", "name the URIs by which clients reach it");
}

namespace {

std::shared_ptr<Shared> make_shared_state(Duration nonce_lifetime) {
  std::array<std::byte, 32> key;
  io::SystemRandom random;
  random.fill(key);
  auto shared = std::make_shared<Shared>(Secret(Bytes(key)), nonce_lifetime);
  secure_zero(key);
  return shared;
}

}  // namespace

Prepared prepare(Config& config, const ops::ConfigTable& table, const std::vector<io::LocalAddress>& host, Wall now) {
  Preparation steps(config, table, host);
  steps.listeners = listeners_of(config, table, steps.findings);
  steps.check_ports();
  steps.check_realm("auth.realm", config.settings.realm);
  steps.check_alternates();
  config.settings.listener_realms = steps.listener_realms();
  auto credentials = std::make_shared<auth::CredentialStore>();
  steps.load_credentials(*credentials);
  credentials->add_realm(config.settings.realm);
  for (const std::string& realm : config.settings.listener_realms)
    if (!realm.empty()) credentials->add_realm(realm);

  Settings& settings = config.settings;
  settings.relay_addresses = steps.relay_addresses();
  settings.credentials = std::move(credentials);
  settings.token_keys = steps.token_keys();
  settings.ticket_keys = steps.ticket_keys();
  steps.check_cluster();
  settings.listener_relays = steps.listener_relays(settings.relay_addresses);
  settings.peer_policy =
      std::make_shared<auth::PeerPolicy>(config.peers_allow, config.peers_deny, std::vector<IpAddress>());
  if (!config.clients_allow.empty() || !config.clients_deny.empty())
    settings.client_policy = std::make_shared<auth::ClientPolicy>(config.clients_allow, config.clients_deny);
  settings.rate_burst.data = std::chrono::milliseconds(config.burst_ms);
  settings.shard_count = shard_count(config);
  settings.challenges_per_source = {.per_second = static_cast<double>(config.challenges_per_second),
                                    .burst = 5.0 * config.challenges_per_second};

  Prepared prepared;
  prepared.admin_token = steps.admin_token();
  prepared.options = config.service;
  prepared.options.listeners = std::move(steps.listeners);
  prepared.options.settings = with_answers(settings, {}, {}, nullptr, host);
  prepared.external_uses = std::move(steps.external_uses);
  prepared.options.shared = make_shared_state(config.nonce_lifetime);
  prepared.tls = load_certificates(config, table, prepared.options.listeners, now, steps.findings);
  for (size_t i = 0; i < prepared.tls.size(); ++i) prepared.options.listeners[i].tls = prepared.tls[i];
  prepared.findings = std::move(steps.findings);
  return prepared;
}

}  // namespace noom::turn
