// noom-turn's rows.
#include "turn/config.h"

namespace noom::turn {
namespace {

constexpr uint16_t kPort = 3478;  // RFC 8656 §5: "turn" and "stun"
constexpr uint16_t kMetricsPort = 9642;

constexpr std::string_view kPrefixExample = "\"192.0.2.0/24\" or \"2001:db8::/32\"";
constexpr std::string_view kAddressExample = "\"192.0.2.1\" or \"2001:db8::1\"";

void add_listen_rows(ops::ConfigTable& table, Config& config) {
  table
      .integer("shards", &config.shards, {.min = 0, .max = 256, .unit = "threads"},
               "Threads that serve clients, each with its own sockets and its share of the relay ports; 0: one for "
               "each CPU.")
      .endpoints("listen.udp", &config.listen_udp, "Where TURN and STUN over UDP are served.")
      .endpoints("listen.tcp", &config.listen_tcp, "Where TURN and STUN over TCP are served.")
      .endpoints("listen.tls", &config.listen_tls,
                 "Where TURN and STUN over TLS are served; needs tls.certificate and tls.key. The usual port is 5349.")
      .endpoints(
          "listen.tcp_or_tls", &config.listen_tcp_or_tls,
          "Where both TCP and TLS are served on one port, told apart by the first byte; needs tls.certificate and "
          "tls.key.")
      .value_list("listen.proxy_protocol_from", &config.service.proxies, kPrefixExample,
                  "Proxies whose TCP and TLS connections begin with a PROXY protocol header, version 1 or 2, and count "
                  "for the client it names; the header is required from these addresses and refused from others.")
      .endpoints("listen.dtls", &config.listen_dtls,
                 "Where TURN and STUN over DTLS are served; needs tls.certificate and tls.key. The usual port is 5349.")
      .endpoints("listen.udp_or_dtls", &config.listen_udp_or_dtls,
                 "Where both UDP and DTLS are served on one port, told apart by the first byte of each datagram; needs "
                 "tls.certificate and tls.key.")
      .path("tls.certificate", &config.tls_certificate,
            "The certificate chain, PEM, the server's own first. Read again on SIGHUP.")
      .path("tls.key", &config.tls_key,
            "The certificate's private key, PEM, without a passphrase. Read again on SIGHUP.")
      .path_list("tls.further_certificates", &config.further_certificates,
                 "More certificates, each \"CERTIFICATE:KEY\": clients are shown the one whose subjectAltName has the "
                 "name they ask for, and tls.certificate when none has; RSA and ECDSA ones of one name stand side by "
                 "side. Read again on SIGHUP.")
      .path_list(
          "tls.listener_certificates", &config.listener_certificates,
          "Certificates of single listeners in place of all others, each "
          "\"tls://0.0.0.0:5349=CERTIFICATE:KEY\" with the listener as listen.* has it; several for one listener "
          "are chosen from by name, the first when none fits. Read again on SIGHUP.");
}

void add_relay_rows(ops::ConfigTable& table, Config& config) {
  table
      .value_list("relay.addresses", &config.relay_addresses, kAddressExample,
                  "This host's addresses on which peers are reached, one or more of a family; empty: those of the "
                  "default routes.")
      .value_list("relay.external_addresses", &config.external_addresses,
                  "\"192.0.2.1\", \"relay.example.org\" or \"stun://stun.example.org:3478\"",
                  "Behind 1:1 NAT: what clients and peers must use instead of relay.addresses, one for each, in the "
                  "same order: an address, a DNS name that has it, or a STUN server that sees it.")
      .seconds("relay.external_refresh_s", &config.external_refresh, {.min = 1, .max = 86400},
               "How often names and STUN servers in relay.external_addresses are asked again; sooner after a failure.")
      .text_list("relay.listener_addresses", &config.listener_addresses,
                 "For clients of single listeners, where to relay from and what that is known by, in place of the "
                 "above: each \"udp://10.0.0.7:3478=10.0.0.7\" or \"udp://10.0.0.7:3478=10.0.0.7 203.0.113.7\", with "
                 "the listener as listen.* has it, an address of relay.addresses, and its external one.")
      .choice<std::optional<Family>>(
          "relay.family_when_unasked", &config.settings.family_when_unasked,
          {{"ipv4", Family::kV4}, {"ipv6", Family::kV6}, {"client", std::nullopt}},
          "The family of the relayed address for clients that ask for none, as browsers do: ipv4 is RFC 8656's, client "
          "that of the client's own address; ipv6 or client where relay.addresses has no IPv4.")
      .integer("relay.port_min", &config.settings.port_min, {.min = 1024, .max = 65535},
               "The lowest port relayed from.")
      .integer("relay.port_max", &config.settings.port_max, {.min = 1024, .max = 65535},
               "The highest port relayed from.")
      .boolean("relay.carry_ip_fields", &config.service.carry_ip_fields,
               "Pass DSCP, ECN and hop limit of a datagram on from one side of the relay to the other (RFC 8656 §14); "
               "off: what is sent has the host's defaults.")
      .boolean("relay.tcp", &config.settings.tcp_relays,
               "Relay TCP between clients over TCP or TLS and peers (RFC 6062), from the same ports as UDP; otherwise "
               "such allocations are answered 442.")
      .endpoints("relay.alternate_servers", &config.settings.alternates.servers,
                 "Servers that clients are sent to (300) while this one drains or is above "
                 "relay.alternate_above_allocations; of the client's own address family.")
      .text("relay.alternate_domain", &config.settings.alternates.domain,
            "The domain name of relay.alternate_servers, against which clients over TLS check their certificates.")
      .integer("relay.alternate_above_allocations", &config.settings.alternates.above_allocations,
               {.max = 10'000'000, .unit = "allocations"},
               "With more allocations than this, clients are sent to relay.alternate_servers; 0: only while draining.")
      .boolean(
          "relay.mobility", &config.settings.mobility,
          "Let clients that ask for it take their allocation to another address, port or transport (RFC 8016); off: "
          "they are refused with 405.")
      .path_list(
          "relay.mobility_key_files", &config.mobility_key_files,
          "Files that hold one secret each under which mobility tickets are sealed: the first seals, every one "
          "opens; the same on every server that clients may be sent to. Empty: a key of this process's own. Read "
          "again on SIGHUP.")
      .value_list("peers.allow", &config.peers_allow, kPrefixExample,
                  "Peers to allow although they are denied by default, as all that is not public unicast is; the "
                  "longest prefix wins.")
      .value_list("peers.deny", &config.peers_deny, kPrefixExample,
                  "Peers to deny; the longest prefix wins, and deny wins against an equal allow.")
      .value_list("clients.allow", &config.clients_allow, kPrefixExample,
                  "Clients to serve, by the address they come from; with any, nobody else is served. The longest "
                  "prefix wins.")
      .value_list("clients.deny", &config.clients_deny, kPrefixExample,
                  "Clients to ignore; the longest prefix wins, and deny wins against an equal allow.");
}

void add_auth_rows(ops::ConfigTable& table, Config& config) {
  table.text("auth.realm", &config.settings.realm, "The realm that credentials belong to; your domain, usually.")
      .text_list("auth.listener_realms", &config.listener_realms,
                 "Realms of single listeners in place of auth.realm, each \"tls://0.0.0.0:5349=example.org\" with the "
                 "listener as listen.* has it.")
      .secret_list("auth.users", &config.users, "Static users, each \"name:password\"; as in auth.user_file.")
      .path("auth.user_file", &config.user_file,
            "A file of static users, a line \"name:password\" for each, with further columns behind tabs: "
            "allocations=N, and bits_per_second=N, packets_per_second=N, new_peers_per_second=N over all of the user's "
            "allocations; instead of a password md5=HEX, sha256=HEX, the keys for auth.realm. # "
            "begins a comment. Read again on SIGHUP.")
      .secret_list("auth.rest_secrets", &config.rest_secrets,
                   "Secrets that time-limited credentials may be signed with; better kept in auth.rest_secret_files.")
      .path_list(
          "auth.rest_secret_files", &config.rest_secret_files,
          "Files that hold one such secret each; several at a time let secrets be changed without refusing anybody.")
      .text("auth.token_server_name", &config.token_server_name,
            "This server's name to authorisation servers (RFC 7635): what a 401 says and access tokens are bound to; "
            "empty: no access tokens are taken.")
      .secret_list(
          "auth.token_keys", &config.token_keys,
          "Keys shared with authorisation servers, each \"id:base64\" of 16 or 32 bytes; several at a time let "
          "them be changed.")
      .boolean("auth.end_at_expiry", &config.settings.end_at_credential_expiry,
               "End an allocation when the time-limited credentials it was made with expire.")
      .boolean("auth.end_at_revocation", &config.settings.end_at_revocation,
               "End an allocation when a reload no longer knows the user, password or secret it was made with.")
      .boolean(
          "auth.offer_password_algorithms", &config.settings.offer_password_algorithms,
          "Offer SHA-256 keys (RFC 8489) beside MD5 ones; clients that know nothing of them are served either way.")
      .seconds("auth.nonce_lifetime_s", &config.nonce_lifetime, {.min = 60, .max = 86400},
               "How long a nonce is accepted before the client must answer a new challenge (438).");
}

void add_cluster_rows(ops::ConfigTable& table, Config& config) {
  bus::add_bus_rows(table, config.cluster);
  table
      .text_list("cluster.urls", &config.cluster_urls,
                 "What this relay wants handed out to clients, each \"turn:turn1.example.com:3478?transport=udp\" (RFC "
                 "7065); published on the bus.")
      .integer("cluster.capacity_bits_per_second", &config.cluster_capacity_bits_per_second,
               {.max = 1'000'000'000'000, .unit = "bits a second"},
               "What this host's network carries, for the load that is published; 0: not counted.")
      .path(
          "admin.token_file", &config.admin_token_file,
          "A file with the bearer token of POST /v1/revocations on metrics.listen, at least 16 bytes; empty: there is "
          "no such path.");
}

void add_limit_rows(ops::ConfigTable& table, Config& config) {
  Settings& settings = config.settings;
  table
      .integer("limits.allocations", &settings.allocations_max, {.max = 10'000'000, .unit = "allocations"},
               "Allocations at a time, over all users; further ones are answered 508. 0: no limit but the ports.")
      .integer("limits.allocations_per_user", &settings.allocations_per_user_max,
               {.max = 1'000'000, .unit = "allocations"},
               "Allocations at a time with one username; further ones are answered 486. 0: no limit.")
      .integer("limits.permissions", &settings.permissions_max, {.min = 1, .max = 65536, .unit = "permissions"},
               "Permissions of one allocation; further ones are answered 508.")
      .integer("limits.channels", &settings.channels_max, {.min = 1, .max = 4096, .unit = "channels"},
               "Channels of one allocation; further ones are answered 508.")
      .integer("limits.peer_connections", &settings.peer_connections_max,
               {.min = 1, .max = 4096, .unit = "connections"},
               "TCP connections with peers of one allocation (RFC 6062); further ones that a client asks for are "
               "answered 508, those of peers closed at once.")
      .seconds("limits.lifetime_max_s", &settings.lifetime_max, {.min = 600, .max = 86400},
               "The longest lifetime granted to an allocation at once; clients refresh it.")
      .integer("limits.stream_connections", &config.service.connections_max,
               {.min = 1, .max = 1'000'000, .unit = "connections"},
               "TCP and TLS connections open at a time, over all shards; further ones are closed at once.")
      .integer("limits.stream_connections_per_source", &config.service.connections_per_source_max,
               {.min = 1, .max = 1'000'000, .unit = "connections"}, "Of these, from one IPv4 address or IPv6 /64.")
      .integer("limits.dtls_sessions", &config.service.dtls_sessions_max,
               {.min = 1, .max = 1'000'000, .unit = "sessions"},
               "DTLS sessions alive at a time, of about 36 KB each; clients beyond it get no answer.")
      .integer("limits.dtls_sessions_per_source", &config.service.dtls_sessions_per_source_max,
               {.min = 1, .max = 1'000'000, .unit = "sessions"}, "Of these, from one IPv4 address or IPv6 /64.")
      .integer("limits.challenges_per_second", &config.challenges_per_second,
               {.max = 1'000'000, .unit = "answers a second"},
               "Errors sent to one unauthenticated source, on one shard; a burst of five times as many passes. 0: no "
               "limit.");
}

void add_rate_rows(ops::ConfigTable& table, Config& config) {
  constexpr int64_t kBitsMax = 1'000'000'000'000;
  constexpr int64_t kPacketsMax = 1'000'000'000;
  constexpr int64_t kPeersMax = 1'000'000;
  RateSettings& allocation = config.settings.allocation_rates;
  RateSettings& user = config.settings.user_rates;
  table
      .integer("limits.bits_per_second", &allocation.bits_per_second, {.max = kBitsMax, .unit = "bits a second"},
               "Payload of one allocation, each direction by itself; what exceeds it is dropped. 0: no limit.")
      .integer("limits.packets_per_second", &allocation.packets_per_second,
               {.max = kPacketsMax, .unit = "packets a second"},
               "Datagrams of one allocation, each direction by itself; what exceeds it is dropped. 0: no limit.")
      .integer("limits.new_peers_per_second", &allocation.new_peers_per_second,
               {.max = kPeersMax, .unit = "peers a second"},
               "Peer addresses that one allocation asks a permission for and has none; further ones are answered 508. "
               "0: no limit.")
      .integer("limits.user_bits_per_second", &user.bits_per_second, {.max = kBitsMax, .unit = "bits a second"},
               "As limits.bits_per_second, of all allocations with one username. 0: no limit.")
      .integer("limits.user_packets_per_second", &user.packets_per_second,
               {.max = kPacketsMax, .unit = "packets a second"},
               "As limits.packets_per_second, of all allocations with one username. 0: no limit.")
      .integer("limits.user_new_peers_per_second", &user.new_peers_per_second,
               {.max = kPeersMax, .unit = "peers a second"},
               "As limits.new_peers_per_second, of all allocations with one username. 0: no limit.")
      .integer(
          "limits.burst_ms", &config.burst_ms, {.min = 1, .max = 60'000, .unit = "milliseconds"},
          "What may pass at once after a pause, by the time in which the limited bits or packets flow in; at least "
          "one datagram of 1500 bytes.")
      .integer("limits.new_peers_burst", &config.settings.rate_burst.new_peers,
               {.min = 1, .max = 65'536, .unit = "peers"},
               "New peers that may be asked for at once after a pause, where their rate is limited.");
}

}  // namespace

Config::Config() {
  const IpAddress any_v6 = *IpAddress::parse("::");
  listen_udp = {{IpAddress(), kPort}, {any_v6, kPort}};
  listen_tcp = listen_udp;
  settings.software = "noom-turn";
  ops.metrics_listen = {{IpAddress::v4(127, 0, 0, 1), kMetricsPort}};
}

ops::ConfigTable config_table(Config& config) {
  ops::ConfigTable table;
  add_listen_rows(table, config);
  add_relay_rows(table, config);
  add_auth_rows(table, config);
  add_limit_rows(table, config);
  add_rate_rows(table, config);
  add_cluster_rows(table, config);
  add_usage_rows(table, config.usage);
  table.seconds("usage.interim_s", &config.service.usage_interval, {.min = 0, .max = 86'400},
                "How often an allocation that goes on is recorded; 0: only its beginning and its end.");
  ops::add_ops_rows(table, config.ops);
  return table;
}

}  // namespace noom::turn
