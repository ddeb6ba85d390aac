// noom-signal's rows.
#include "signal/config.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>

#include "common/io/clocks.h"
#include "common/io/tls_context.h"
#include "common/ops/text_file.h"

namespace noom::signal {
namespace {

constexpr uint16_t kHttpPort = 8080;
constexpr uint16_t kHttpsPort = 8443;
constexpr uint16_t kMetricsPort = 9643;
constexpr std::string_view kInstalledWebRoot = "/usr/share/noom/web";
constexpr size_t kSecretBytesMin = 16;

std::vector<IpEndpoint> everywhere(uint16_t port) {
  return {{IpAddress(), port}, {*IpAddress::parse("::"), port}};
}

// $STATE_DIRECTORY is systemd's; the rest is the XDG base directory specification.
std::string default_dev_directory() {
  if (const char* state = std::getenv("STATE_DIRECTORY")) return std::string(state) + "/dev";
  if (const char* state = std::getenv("XDG_STATE_HOME")) return std::string(state) + "/noom/dev";
  if (const char* home = std::getenv("HOME")) return std::string(home) + "/.local/state/noom/dev";
  return "noom-dev";
}

void add_limit_rows(ops::ConfigTable& table, Config& config) {
  table
      .integer("limits.sessions", &config.hub.sessions_max, {.min = 1, .max = 1'000'000, .unit = "sessions"},
               "Sessions with a connection at a time, over WebSocket or a fallback; further ones are answered 503.")
      .integer("limits.rooms", &config.hub.rooms_max, {.min = 1, .max = 1'000'000, .unit = "rooms"},
               "Rooms at a time; a join that would make another is refused with too_many_rooms.")
      .integer("limits.connections", &config.shell.connections_max, {.min = 1, .max = 1'100'000, .unit = "connections"},
               "TCP connections at a time, WebSockets included; further ones are closed at once.")
      .integer("limits.frame_bytes", &config.hub.frame_bytes_max, {.min = 4096, .max = 1 << 20, .unit = "bytes"},
               "The longest message a client may send, and the longest POST of a fallback; a longer one is answered "
               "frame_too_big and the session closed with 1009.")
      .boolean("limits.permessage_deflate", &config.shell.permessage_deflate,
               "Compress WebSocket messages for clients that offer it (RFC 7692): less traffic, for memory and time of "
               "each connection.")
      .integer("limits.outbound_bytes", &config.shell.outbound_bytes_max,
               {.min = kOutboundBytesMin, .max = 64 << 20, .unit = "bytes"},
               "What may wait for one client that reads slowly; beyond it the session is closed with 4408.")
      .integer("limits.coalesce_bytes", &config.shell.coalesce_bytes, {.min = 4096, .max = 64 << 20, .unit = "bytes"},
               "What may wait for one client before presence and updates that later ones make pointless are dropped.")
      .integer("limits.outbound_total_bytes", &config.shell.outbound_bytes_total_max,
               {.min = kOutboundBytesMin, .max = int64_t{1} << 36, .unit = "bytes"},
               "What may wait for all clients together; beyond it whoever is to be sent more is closed with 4408.")
      .integer("limits.messages_per_s", &config.messages_per_s, {.min = 0, .max = 100'000, .unit = "a second"},
               "Messages of one session, `send` not counted; 0: unlimited.")
      .integer("limits.messages_burst", &config.messages_burst, {.min = 1, .max = 100'000, .unit = "messages"},
               "How many of them may come at once.")
      .integer("limits.sends_per_s", &config.sends_per_s, {.min = 0, .max = 100'000, .unit = "a second"},
               "`send` messages of one session (descriptions, candidates); 0: unlimited.")
      .integer("limits.sends_burst", &config.sends_burst, {.min = 1, .max = 100'000, .unit = "messages"},
               "How many of them may come at once.")
      .integer("limits.joins_per_s", &config.joins_per_s, {.min = 0, .max = 100'000, .unit = "a second"},
               "`join` and `roster` messages of one session, beside limits.messages_per_s; 0: unlimited.")
      .integer("limits.joins_burst", &config.joins_burst, {.min = 1, .max = 100'000, .unit = "messages"},
               "How many of them may come at once.")
      .integer("limits.acks_per_s", &config.acks_per_s, {.min = 0, .max = 100'000, .unit = "a second"},
               "`ack` messages of one session; 0: unlimited.")
      .integer("limits.acks_burst", &config.acks_burst, {.min = 1, .max = 100'000, .unit = "messages"},
               "How many of them may come at once.")
      .integer("limits.moderation_per_s", &config.moderation_per_s, {.min = 0, .max = 100'000, .unit = "a second"},
               "What one session asks as a moderator (kick, admit, configure, …), beside limits.messages_per_s; 0: "
               "unlimited.")
      .integer("limits.moderation_burst", &config.moderation_burst, {.min = 1, .max = 100'000, .unit = "messages"},
               "How many of them may come at once.")
      .integer("limits.room_events_per_s", &config.room_events_per_s, {.min = 0, .max = 100'000, .unit = "a second"},
               "`update` messages and `send` to everyone, of all members of one room together; 0: unlimited.")
      .integer("limits.room_events_burst", &config.room_events_burst, {.min = 1, .max = 100'000, .unit = "messages"},
               "How many of them may come at once.")
      .integer(
          "limits.replay_bytes", &config.hub.replay_bytes_max, {.min = 4096, .max = 64 << 20, .unit = "bytes"},
          "What is kept of one session until its client confirms it; a client that missed more is told so. More than "
          "limits.outbound_bytes, or who reads too slowly can never be recovered.")
      .integer("limits.replay_total_bytes", &config.hub.replay_bytes_total_max,
               {.min = 4096, .max = int64_t{1} << 36, .unit = "bytes"},
               "What is kept of all sessions together; beyond it sessions lose their replay, not their place.")
      .integer("limits.sessions_away", &config.hub.away_max, {.min = 0, .max = 1'000'000, .unit = "sessions"},
               "Sessions without a connection that are kept at a time; beyond it a lost connection ends its session.")
      .integer("limits.openings_per_minute", &config.openings_per_minute,
               {.min = 0, .max = 1'000'000, .unit = "a minute"},
               "New connections of sessions from one IPv4 address or IPv6 /64; beyond it they are answered 429; 0: "
               "unlimited.")
      .integer("limits.openings_burst", &config.openings_burst, {.min = 1, .max = 1'000'000, .unit = "sessions"},
               "How many of them may come at once.")
      .value_list("limits.openings_exempt", &config.hub.openings_exempt, "\"127.0.0.0/8\" or \"2001:db8::/32\"",
                  "Addresses without a limit on new sessions: this host, a proxy in front.");
}

void add_patience_rows(ops::ConfigTable& table, Config& config) {
  table
      .seconds("limits.hello_timeout_s", &config.hub.hello_timeout, {.min = 1, .max = 300},
               "How long a new session may take to say hello.")
      .seconds("limits.ping_interval_s", &config.hub.ping_interval, {.min = 1, .max = 3600},
               "How long a session may be silent before it is pinged.")
      .seconds("limits.ping_timeout_s", &config.hub.ping_timeout, {.min = 1, .max = 3600},
               "How long it may then take to answer, before it is closed with 4000.");
}

void add_resume_rows(ops::ConfigTable& table, Config& config) {
  table
      .seconds("resume.window_s", &config.hub.resume_window, {.min = 0, .max = 3600},
               "How long a session without a connection is kept, its room seeing no leave; 0: sessions end with their "
               "connections.")
      .seconds("resume.away_after_s", &config.hub.away_after, {.min = 0, .max = 3600},
               "How long it may be gone before its room is told that it is away.")
      .seconds("resume.reconnect_spread_s", &config.hub.reconnect_spread, {.min = 0, .max = 600},
               "Over how long clients spread their return when this server goes away.");
}

void add_fallback_rows(ops::ConfigTable& table, Config& config) {
  FallbackSettings& fallback = config.shell.fallback;
  table
      .boolean("fallback.sse", &fallback.sse,
               "Serve clients that cannot open a WebSocket by an event stream and POSTs, at /v1/sse.")
      .boolean("fallback.poll", &fallback.poll,
               "Serve clients for whom streams do not work either by long polls and POSTs, at /v1/poll.")
      .seconds("fallback.poll_wait_s", &fallback.poll_wait, {.min = 1, .max = 300},
               "How long a poll may wait for something to answer; less than what proxies between allow.");
}

bool is_ice_url(std::string_view url) {
  return url.starts_with("stun:") || url.starts_with("stuns:") || url.starts_with("turn:") || url.starts_with("turns:");
}

bool needs_secret(const Config& config) {
  const auto& urls = config.hub.ice_urls;
  return std::any_of(urls.begin(), urls.end(), [](const std::string& url) { return url.starts_with("turn"); });
}

void check_tls(const Config& config, const ops::ConfigTable& table, ops::Findings& findings) {
  if (config.tls_certificate.empty() != config.tls_key.empty()) {
    const char* key = config.tls_key.empty() ? "tls.key" : "tls.certificate";
    findings.errors.push_back(table.fault(key, "is missing", "tls.certificate and tls.key go together"));
    return;
  }
  if (config.tls_certificate.empty()) {
    if (!config.dev && config.listen_https != Config().listen_https && !config.listen_https.empty()) {
      findings.errors.push_back(
          table.fault("listen.https", "HTTPS needs a certificate", "set tls.certificate and tls.key, or use --dev"));
    }
    return;
  }
  if (config.dev) {
    findings.errors.push_back(table.fault("tls.certificate", "--dev makes its own certificate",
                                          "drop --dev, or tls.certificate and tls.key"));
    return;
  }
  const auto context = io::TlsContext::load({config.tls_certificate, config.tls_key, {}}, io::read_clocks().wall);
  if (!context.ok()) {
    findings.errors.push_back(table.fault("tls.certificate", std::string(context.status().message())));
    return;
  }
  for (const std::string& warning : (*context)->warnings())
    findings.warnings.push_back(table.fault("tls.certificate", warning));
}

void check_turn(const Config& config, const ops::ConfigTable& table, ops::Findings& findings) {
  for (const std::string& url : config.hub.ice_urls) {
    if (!is_ice_url(url)) {
      findings.errors.push_back(table.fault("turn.urls", "\"" + url + "\" is no STUN or TURN URI",
                                            "write it as \"turn:{host}:3478?transport=udp\" (RFC 7065)"));
    }
  }
  const bool has_inline = !config.hub.turn_secret.empty();
  if (has_inline && !config.turn_secret_file.empty()) {
    findings.errors.push_back(table.fault("turn.rest_secret", "turn.rest_secret_file is set too", "keep one of them"));
  } else if (!has_inline && config.turn_secret_file.empty() && needs_secret(config)) {
    findings.warnings.push_back(table.fault(
        "turn.rest_secret_file", "without a secret no TURN server is handed out, and calls behind strict NATs fail",
        "name the file that noom-turn's auth.rest_secret_files names"));
  }
  if (const auto settings = settings_of(config, table); !settings.ok()) {
    findings.errors.push_back(std::string(settings.status().message()));
  } else if (!config.turn_secret_file.empty()) {
    if (const auto file = ops::read_text_file(config.turn_secret_file); file.ok() && file->others_may_read) {
      findings.warnings.push_back(table.fault("turn.rest_secret_file",
                                              config.turn_secret_file + " can be read by others",
                                              "chmod 600 " + config.turn_secret_file));
    }
  }
}

void check_web(const Config& config, const ops::ConfigTable& table, ops::Findings& findings) {
  if (config.web_root.empty()) return;
  std::error_code error;
  if (std::filesystem::is_regular_file(config.web_root + "/index.html", error)) return;
  const std::string line = table.fault("web.root", config.web_root + "/index.html cannot be found",
                                       "name the folder of the web client, or \"\" to serve no pages");
  (config.web_root == kInstalledWebRoot ? findings.warnings : findings.errors).push_back(line);
}

}  // namespace

Config::Config()
    : listen_http(everywhere(kHttpPort)), listen_https(everywhere(kHttpsPort)), web_root(kInstalledWebRoot) {
  hub.ice_urls = {"stun:{host}:3478", "turn:{host}:3478?transport=udp", "turn:{host}:3478?transport=tcp"};
  hub.openings_exempt = {*auth::IpPrefix::parse("127.0.0.0/8"), *auth::IpPrefix::parse("::1/128")};
  hub.server_name = "noom-signal/" + std::string(ops::version());
  dev_directory = default_dev_directory();
  if (const char* state = std::getenv("STATE_DIRECTORY")) state_directory = state;
  ops.metrics_listen = {{IpAddress::v4(127, 0, 0, 1), kMetricsPort}};
}

ops::ConfigTable config_table(Config& config) {
  ops::ConfigTable table;
  table
      .endpoints("listen.http", &config.listen_http,
                 "Where pages and WebSockets are served without TLS: behind a proxy, or for localhost.")
      .endpoints("listen.https", &config.listen_https, "Where they are served over TLS, when there is a certificate.")
      .value_list("listen.proxy_protocol_from", &config.shell.proxies, "\"192.0.2.0/24\" or \"2001:db8::/32\"",
                  "Proxies whose connections, HTTP and HTTPS, begin with a PROXY protocol header, version 1 or 2, and "
                  "count for the client it names; the header is required from these addresses and refused from others.")
      .path("tls.certificate", &config.tls_certificate, "PEM file: the server's certificate, then its chain.")
      .path("tls.key", &config.tls_key, "PEM file with the certificate's private key.")
      .path("web.root", &config.web_root,
            "Folder of the web client, read at start and on reload; \"\" to serve no pages.")
      .boolean("probe.count", &config.shell.count_probes,
               "Count which ways of a call the doctor page found to work, when its users allow it: "
               "noom_client_probe_total.")
      .text_list("http.allowed_origins", &config.shell.http.allowed_origins,
                 "Origins, beside this host itself, whose pages may open sessions, as \"https://app.example\"; \"*\" "
                 "for all.")
      .text_list(
          "turn.urls", &config.hub.ice_urls,
          "STUN and TURN URIs given to clients; {host} stands for the name by which the client reached this server.")
      .secret("turn.rest_secret", &config.hub.turn_secret,
              "Secret shared with noom-turn, for tests; better name a file.")
      .path("turn.rest_secret_file", &config.turn_secret_file,
            "File whose first line is the secret shared with noom-turn.")
      .seconds("turn.ttl_s", &config.hub.turn_ttl, {.min = 10, .max = 86'400},
               "How long TURN credentials are good for; they are renewed at two thirds of that. Renewing costs relayed "
               "calls an ICE restart: less than 600 is for tests.");
  add_relay_order_rows(table, config.admin);
  table
      .integer("rooms.capacity", &config.hub.room_capacity, {.min = 2, .max = kRoomCapacityMax, .unit = "people"},
               "How many may be in one room; calls in a mesh grow heavy beyond 6.")
      .seconds("rooms.lobby_timeout_s", &config.hub.lobby_timeout, {.min = 10, .max = 86'400},
               "How long somebody waits in a lobby before being sent away.");
  add_admission_rows(table, config.admission);
  table.path(
      "state.directory", &config.state_directory,
      "Where sessions are kept, sealed, while the daemon restarts, and the key of their tickets; \"\": sessions end "
      "with the daemon.");
  add_fallback_rows(table, config);
  add_resume_rows(table, config);
  add_limit_rows(table, config);
  add_patience_rows(table, config);
  bus::add_bus_rows(table, config.cluster);
  table.path(
      "cluster.session_key_file", &config.session_key_file,
      "File with the secret that seals session tickets and invitations, the same on all nodes, so that any of them "
      "takes what another has made; \"\": made from the secret shared with noom-turn.");
  table
      .boolean("dev.enabled", &config.dev,
               "Serve HTTPS with a certificate of a local authority and print address and QR code for phones; --dev "
               "for short.")
      .path("dev.directory", &config.dev_directory, "Where that authority, its certificate and keys are kept.");
  add_admin_rows(table, config.admin);
  add_usage_rows(table, config.usage);
  ops::add_ops_rows(table, config.ops);
  return table;
}

ops::Findings check(const Config& config, const ops::ConfigTable& table) {
  ops::Findings findings;
  const bool has_https = config.serves_https() && !config.listen_https.empty();
  if (config.listen_http.empty() && !has_https) {
    findings.errors.push_back(
        table.fault("listen.http", "no listener is left", "give listen.http or listen.https an address"));
  }
  check_tls(config, table, findings);
  check_turn(config, table, findings);
  check_web(config, table, findings);
  check_admission(config.admission, table, findings);
  bus::check_bus(config.cluster, table, findings);
  check_usage(config.usage, table, findings);
  if (const auto key = shared_key_of(config, table); !key.ok() && !config.session_key_file.empty())
    findings.errors.push_back(std::string(key.status().message()));
  if (config.cluster.enabled() && config.session_key_file.empty() && config.turn_secret_file.empty() &&
      config.hub.turn_secret.empty()) {
    findings.errors.push_back(table.fault("cluster.session_key_file",
                                          "without a secret that all nodes share no session can be resumed on another",
                                          "make one: openssl rand -hex 32, and give it to every node"));
  }
  check_admin(config.admin, config.hub.turn_ttl, table, findings);
  return findings;
}

// One secret of at least kSecretBytesMin.
static absl::StatusOr<Secret> read_secret(const ops::ConfigTable& table, std::string_view key,
                                          const std::string& file) {
  auto read = ops::read_secret_file(file);
  const std::string where = file + ": ";
  if (!read.ok()) {
    return absl::NotFoundError(table.fault(key, where + std::string(read.status().message()),
                                           "name a file that this daemon may read and that holds one secret"));
  }
  if (read->secret.bytes().size() < kSecretBytesMin) {
    return absl::InvalidArgumentError(
        table.fault(key, where + "no secret of at least 16 characters", "make one: openssl rand -hex 32"));
  }
  return std::move(read->secret);
}

static absl::StatusOr<Secret> turn_secret_of(const Config& config, const ops::ConfigTable& table) {
  if (config.turn_secret_file.empty()) return config.hub.turn_secret.clone();
  return read_secret(table, "turn.rest_secret_file", config.turn_secret_file);
}

absl::StatusOr<Secret> shared_key_of(const Config& config, const ops::ConfigTable& table) {
  if (!config.cluster.enabled()) return Secret();
  if (config.session_key_file.empty()) return turn_secret_of(config, table);
  return read_secret(table, "cluster.session_key_file", config.session_key_file);
}

absl::StatusOr<std::shared_ptr<const Settings>> settings_of(const Config& config, const ops::ConfigTable& table,
                                                            Secret resume_key,
                                                            std::shared_ptr<const Admission> admission) {
  auto settings = std::make_shared<Settings>();
  settings->resume_key = std::move(resume_key);
  settings->admission = std::move(admission);
  const Settings& from = config.hub;
  settings->notices = !config.admin.webhook_urls.empty() || config.usage.enabled();
  settings->server_name = from.server_name;
  settings->room_capacity = from.room_capacity;
  settings->rooms_max = from.rooms_max;
  settings->sessions_max = from.sessions_max;
  settings->frame_bytes_max = from.frame_bytes_max;
  settings->requests = {.per_second = static_cast<double>(config.messages_per_s),
                        .burst = static_cast<double>(config.messages_burst)};
  settings->sends = {.per_second = static_cast<double>(config.sends_per_s),
                     .burst = static_cast<double>(config.sends_burst)};
  settings->joins = {.per_second = static_cast<double>(config.joins_per_s),
                     .burst = static_cast<double>(config.joins_burst)};
  settings->acks = {.per_second = static_cast<double>(config.acks_per_s),
                    .burst = static_cast<double>(config.acks_burst)};
  settings->room_events = {.per_second = static_cast<double>(config.room_events_per_s),
                           .burst = static_cast<double>(config.room_events_burst)};
  settings->moderation = {.per_second = static_cast<double>(config.moderation_per_s),
                          .burst = static_cast<double>(config.moderation_burst)};
  settings->lobby_timeout = from.lobby_timeout;
  settings->replay_bytes_max = from.replay_bytes_max;
  settings->replay_bytes_total_max = from.replay_bytes_total_max;
  settings->away_max = from.away_max;
  settings->resume_window = from.resume_window;
  settings->away_after = from.away_after;
  settings->reconnect_spread = from.reconnect_spread;
  settings->openings = {.per_second = config.openings_per_minute / 60.0,
                        .burst = static_cast<double>(config.openings_burst)};
  settings->openings_exempt = from.openings_exempt;
  settings->hello_timeout = from.hello_timeout;
  settings->ping_interval = from.ping_interval;
  settings->ping_timeout = from.ping_timeout;
  settings->ice_urls = from.ice_urls;
  settings->turn_ttl = from.turn_ttl;
  auto turn_secret = turn_secret_of(config, table);
  if (!turn_secret.ok()) return turn_secret.status();
  settings->turn_secret = *std::move(turn_secret);
  return std::shared_ptr<const Settings>(std::move(settings));
}

}  // namespace noom::signal
