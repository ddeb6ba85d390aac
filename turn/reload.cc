#include "turn/reload.h"

#include <algorithm>
#include <array>

#include "common/ops/config_changes.h"
#include "turn/listeners.h"

namespace noom::turn {
namespace {

// Keys of a TOML table that may change while clients are served, and those in it that may not.
constexpr std::array<std::string_view, 5> kLiveTables = {"auth.", "clients.", "limits.", "peers.", "tls."};
constexpr std::array<std::string_view, 7> kFixedKeys = {"auth.realm",
                                                        "auth.listener_realms",
                                                        "auth.nonce_lifetime_s",
                                                        "limits.stream_connections",
                                                        "limits.stream_connections_per_source",
                                                        "limits.dtls_sessions",
                                                        "limits.dtls_sessions_per_source"};

bool is_live(std::string_view key) {
  if (key.starts_with("relay.alternate_") || key.starts_with("relay.external_") || key.starts_with("relay.mobility") ||
      key == "relay.listener_addresses" || key == "relay.tcp" || key == "relay.family_when_unasked")
    return true;
  if (std::ranges::find(kFixedKeys, key) != kFixedKeys.end()) return false;
  return std::ranges::any_of(kLiveTables, [&](std::string_view table) { return key.starts_with(table); });
}

// What does not change is what it was, so that the fresh rest is checked and built against it.
void keep_fixed(const Config& running, const Settings& settings, Config& fresh) {
  fresh.shards = running.shards;
  fresh.listen_udp = running.listen_udp;
  fresh.listen_tcp = running.listen_tcp;
  fresh.listen_tls = running.listen_tls;
  fresh.listen_tcp_or_tls = running.listen_tcp_or_tls;
  fresh.listen_dtls = running.listen_dtls;
  fresh.listen_udp_or_dtls = running.listen_udp_or_dtls;
  fresh.relay_addresses.clear();  // also where they were found out
  for (const RelayAddress& relay : settings.relay_addresses) fresh.relay_addresses.push_back(relay.local);
  fresh.settings.realm = running.settings.realm;
  fresh.listener_realms = running.listener_realms;
  fresh.settings.port_min = running.settings.port_min;
  fresh.settings.port_max = running.settings.port_max;
}

std::shared_ptr<const Settings> merge(const Settings& running, const Settings& fresh) {
  auto merged = std::make_shared<Settings>(fresh);
  merged->realm = running.realm;
  merged->port_min = running.port_min;
  merged->port_max = running.port_max;
  merged->shard_count = running.shard_count;
  return merged;
}

}  // namespace

Reload read_again(const Config& running, const ops::ConfigTable& table, const Settings& settings,
                  const std::function<std::vector<std::string>(ops::ConfigTable&)>& load,
                  const std::vector<io::LocalAddress>& host, Wall now) {
  Config fresh;
  ops::ConfigTable fresh_table = config_table(fresh);
  Reload reload;
  reload.findings.errors = load(fresh_table);
  if (!reload.findings.errors.empty()) return reload;
  std::vector<std::string> said_at_start;
  fit_listeners(fresh, fresh_table, said_at_start);
  reload.restart_keys = ops::keys_for_restart(table, fresh_table, is_live);
  keep_fixed(running, settings, fresh);
  Prepared prepared = prepare(fresh, fresh_table, host, now);
  reload.findings = std::move(prepared.findings);
  if (!reload.findings.errors.empty()) return reload;
  reload.settings = merge(settings, *prepared.options.settings);
  reload.external_uses = std::move(prepared.external_uses);
  reload.external_refresh = fresh.external_refresh;
  for (const auto& slot : prepared.tls) reload.certificates.push_back(slot == nullptr ? nullptr : slot->get());
  return reload;
}

}  // namespace noom::turn
