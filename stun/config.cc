// noom-stun's rows.
#include "stun/config.h"

namespace noom::stun {
namespace {

constexpr uint16_t kPort = 3479;  // noom-turn answers on 3478: one host can run both
constexpr uint16_t kMetricsPort = 9641;

IpAddress any_v6() {
  return *IpAddress::parse("::");
}

}  // namespace

Config::Config() : listen_udp{{IpAddress(), kPort}, {any_v6(), kPort}}, listen_tcp(listen_udp) {
  ops.metrics_listen = {{IpAddress::v4(127, 0, 0, 1), kMetricsPort}};
}

ops::ConfigTable config_table(Config& config) {
  ops::ConfigTable table;
  table
      .integer("shards", &config.shards, {.min = 0, .max = 256, .unit = "threads"},
               "Threads that serve clients, each with its own sockets; 0: one for each CPU.")
      .endpoints("listen.udp", &config.listen_udp, "Where STUN over UDP is served.")
      .endpoints("listen.tcp", &config.listen_tcp, "Where STUN over TCP is served.")
      .integer("limits.tcp_connections", &config.tcp_connections, {.min = 1, .max = 1000000, .unit = "connections"},
               "TCP connections open at a time; further ones are closed at once.")
      .seconds("limits.tcp_idle_timeout_s", &config.tcp_idle_timeout, {.min = 1, .max = 3600},
               "How long a TCP connection may go without a complete request.");
  ops::add_ops_rows(table, config.ops);
  return table;
}

ops::Findings check(const Config& config, const ops::ConfigTable& table) {
  ops::Findings findings;
  if (config.listen_udp.empty() && config.listen_tcp.empty())
    findings.errors.push_back(
        table.fault("listen.udp", "no listener is left", "give listen.udp or listen.tcp an address"));
  return findings;
}

}  // namespace noom::stun
