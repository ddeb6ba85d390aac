#include "turn/setup.h"

#include <algorithm>
#include <array>
#include <thread>

#include "common/io/system_random.h"
#include "turn/preparation.h"
#include "turn/shell/limits.h"

namespace noom::turn {

void Preparation::add_listeners(std::string_view key, Transport transport, const std::vector<IpEndpoint>& endpoints) {
  for (const IpEndpoint& endpoint : endpoints) listeners.push_back({std::string(key), transport, endpoint});
}

void Preparation::check_listeners() {
  if (listeners.empty())
    error("listen.udp", "no listener is left", "give listen.udp, listen.tcp or listen.tls an address");
  if (listeners.size() > kListenersMax)
    error("listen.udp", "there are more than " + std::to_string(kListenersMax) + " listeners",
          "use wildcard addresses");
}

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
    const std::string name = entry.substr(0, equals);
    const auto listener = std::find_if(listeners.begin(), listeners.end(), [&](const Listener& each) {
      return name == std::string(to_string(each.transport)) + "://" + each.local.to_string();
    });
    if (equals == entry.npos || listener == listeners.end()) {
      error("auth.listener_realms", entry + " names no listener", "write it as \"udp://0.0.0.0:3478=example.org\"");
      continue;
    }
    std::string& realm = realms[static_cast<size_t>(listener - listeners.begin())];
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

void Preparation::load_certificate(io::TlsContextSlot& slot, Wall now) {
  if (const auto status = reload_certificate(config_, table_, slot, now); !status.ok()) {
    findings.errors.emplace_back(status.message());
    return;
  }
  for (const std::string& warning : slot.get()->warnings())
    findings.warnings.push_back(table_.fault("tls.certificate", warning));
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

absl::Status reload_certificate(const Config& config, const ops::ConfigTable& table, io::TlsContextSlot& slot,
                                Wall now) {
  auto context = io::TlsContext::load({.certificate_file = config.tls_certificate,
                                       .key_file = config.tls_key,
                                       .alpn = {"stun.turn", "stun.nat-discovery"}},  // RFC 7443 §3
                                      now);
  if (!context.ok()) {
    const std::string message(context.status().message());
    return absl::InvalidArgumentError(
        table.fault(message.starts_with("key ") ? "tls.key" : "tls.certificate", message));
  }
  slot.set(*context);
  return absl::OkStatus();
}

Prepared prepare(Config& config, const ops::ConfigTable& table, const std::vector<io::LocalAddress>& host, Wall now) {
  Preparation steps(config, table, host);
  steps.add_listeners("listen.udp", Transport::kUdp, config.listen_udp);
  steps.add_listeners("listen.tcp", Transport::kTcp, config.listen_tcp);
  steps.add_listeners("listen.tls", Transport::kTls, config.listen_tls);
  steps.check_listeners();
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
  settings.peer_policy = std::make_shared<auth::PeerPolicy>(config.peers_allow, config.peers_deny,
                                                            steps.own_addresses(settings.relay_addresses));
  settings.shard_count = shard_count(config);
  settings.challenges_per_source = {.per_second = static_cast<double>(config.challenges_per_second),
                                    .burst = 5.0 * config.challenges_per_second};

  Prepared prepared;
  prepared.options = config.service;
  prepared.options.listeners = std::move(steps.listeners);
  prepared.options.settings = std::make_shared<Settings>(settings);
  prepared.options.shared = make_shared_state(config.nonce_lifetime);
  if (!config.listen_tls.empty()) {
    prepared.options.tls = prepared.tls = std::make_shared<io::TlsContextSlot>();
    steps.load_certificate(*prepared.tls, now);
  }
  prepared.findings = std::move(steps.findings);
  return prepared;
}

}  // namespace noom::turn
