#include "turn/setup.h"

#include <absl/strings/escaping.h>
#include <absl/strings/string_view.h>

#include <algorithm>
#include <array>
#include <span>
#include <thread>

#include "common/io/system_random.h"
#include "common/ops/text_file.h"
#include "turn/relay_route.h"
#include "turn/shell/limits.h"

namespace noom::turn {
namespace {

// One pass over the configuration: what each step finds wrong goes into `findings`, with the key it is about.
class Preparation {
 public:
  Preparation(Config& config, const ops::ConfigTable& table, const std::vector<io::LocalAddress>& host)
      : config_(config), table_(table), host_(host) {}

  void error(std::string_view key, std::string_view what, std::string_view remedy) {
    findings.errors.push_back(table_.fault(key, what, remedy));
  }
  void warning(std::string_view key, std::string_view what, std::string_view remedy) {
    findings.warnings.push_back(table_.fault(key, what, remedy));
  }
  void add_listeners(std::string_view key, Transport transport, const std::vector<IpEndpoint>& endpoints);
  void check_listeners();
  void load_credentials(auth::CredentialStore& store);
  std::vector<RelayAddress> relay_addresses();
  std::vector<IpAddress> own_addresses(const std::vector<RelayAddress>& relays) const;
  void check_ports();
  void check_realm(std::string_view key, const std::string& realm);
  std::vector<std::string> listener_realms();
  void check_alternates();
  std::shared_ptr<const auth::TokenKeys> token_keys();
  void load_certificate(io::TlsContextSlot& slot, Wall now);

  ops::Findings findings;
  std::vector<Listener> listeners;

 private:
  void add_user(auth::CredentialStore& store, std::string_view key, std::string_view entry, const std::string& place);
  void load_user_file(auth::CredentialStore& store);
  void load_rest_secrets(auth::CredentialStore& store);
  void check_relay_address(const IpAddress& address);
  std::vector<IpAddress> detect_relay_addresses();

  Config& config_;
  const ops::ConfigTable& table_;
  const std::vector<io::LocalAddress>& host_;
};

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

// Neither names nor passwords are repeated in messages: an entry may be a password in the wrong place.
void Preparation::add_user(auth::CredentialStore& store, std::string_view key, std::string_view entry,
                           const std::string& place) {
  auth::ParsedUserEntry parsed = auth::parse_user_entry(entry);
  if (!parsed.entry) return error(key, place + " " + std::string(parsed.problem), "write name:password");
  store.add_user(std::move(parsed.entry->name), std::move(parsed.entry->user));
}

void Preparation::load_user_file(auth::CredentialStore& store) {
  if (config_.user_file.empty()) return;
  auto file = ops::read_text_file(config_.user_file);
  if (!file.ok())
    return error("auth.user_file", config_.user_file + " cannot be read: " + std::string(file.status().message()),
                 "check the path and that the daemon's user may read it");
  if (file->others_may_read)
    warning("auth.user_file", config_.user_file + " can be read by others", "chmod 600 " + config_.user_file);
  size_t number = 0;
  for (const std::string_view line : ops::meaningful_lines(file->text))
    add_user(store, "auth.user_file", line, "entry " + std::to_string(++number) + " of " + config_.user_file);
  secure_zero(std::as_writable_bytes(std::span(file->text)));
}

void Preparation::load_rest_secrets(auth::CredentialStore& store) {
  constexpr size_t kSecretBytesMin = 16;  // shorter ones can be guessed from one pair of credentials
  constexpr std::string_view kShort = "has a secret shorter than 16 characters";
  constexpr std::string_view kMakeOne = "make one with: openssl rand -hex 32";
  for (Secret& secret : config_.rest_secrets) {
    if (secret.empty()) {
      error("auth.rest_secrets", "has an empty secret", kMakeOne);
      continue;
    }
    if (secret.bytes().size() < kSecretBytesMin) warning("auth.rest_secrets", kShort, kMakeOne);
    store.add_rest_secret(std::move(secret));
  }
  for (const std::string& path : config_.rest_secret_files) {
    auto file = ops::read_secret_file(path);
    if (!file.ok()) {
      error("auth.rest_secret_files", path + ": " + std::string(file.status().message()),
            "check the path and that the daemon's user may read it, or make one with: openssl rand -hex 32");
      continue;
    }
    if (file->others_may_read) warning("auth.rest_secret_files", path + " can be read by others", "chmod 600 " + path);
    if (file->secret.bytes().size() < kSecretBytesMin) warning("auth.rest_secret_files", kShort, kMakeOne);
    store.add_rest_secret(std::move(file->secret));
  }
}

void Preparation::load_credentials(auth::CredentialStore& store) {
  size_t number = 0;
  for (const Secret& user : config_.users)
    add_user(store, "auth.users", user.reveal(), "entry " + std::to_string(++number));
  load_user_file(store);
  load_rest_secrets(store);
  if (store.empty() && config_.token_keys.empty() && findings.errors.empty())
    error("auth.users", "no credentials are configured, so that nobody could use the relay",
          "add a user (auth.users, auth.user_file), or make a secret to share with noom-signal (openssl rand -hex 32 > "
          "FILE) "
          "and name it in auth.rest_secret_files");
}

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

uint32_t shard_count(const Config& config) {
  return config.shards > 0 ? config.shards : std::clamp(std::thread::hardware_concurrency(), 1u, kShardsMax);
}

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

std::shared_ptr<const auth::TokenKeys> Preparation::token_keys() {
  const std::string& name = config_.token_server_name;
  if (name.empty() && config_.token_keys.empty()) return nullptr;
  if (name.empty() || name.size() > kTokenServerNameBytesMax)
    error("auth.token_server_name", "has " + std::to_string(name.size()) + " bytes",
          "name the server as the authorisation server does");
  if (config_.token_keys.empty())
    error("auth.token_keys", "is empty", "add a key shared with the authorisation server, \"id:base64\"");
  auto keys = std::make_shared<auth::TokenKeys>(name);
  size_t number = 0;
  for (const Secret& entry : config_.token_keys) {
    ++number;
    const std::string_view text = entry.reveal();
    const size_t colon = text.find(':');
    std::string key;
    if (colon == text.npos || colon == 0 ||
        !absl::Base64Unescape(absl::string_view(text.data() + colon + 1, text.size() - colon - 1), &key) ||
        !keys->add(std::string(text.substr(0, colon)), Secret(key)))
      error("auth.token_keys",
            "entry " + std::to_string(number) + " is not an id, a colon and 16 or 32 bytes in base64",
            "make one with: openssl rand -base64 32");
    secure_zero(std::as_writable_bytes(std::span(key)));
  }
  return keys;
}

void Preparation::load_certificate(io::TlsContextSlot& slot, Wall now) {
  if (const auto status = reload_certificate(config_, table_, slot, now); !status.ok()) {
    findings.errors.emplace_back(status.message());
    return;
  }
  for (const std::string& warning : slot.get()->warnings())
    findings.warnings.push_back(table_.fault("tls.certificate", warning));
}

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
