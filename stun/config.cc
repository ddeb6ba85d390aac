// noom-stun's rows.
#include "stun/config.h"

#include <algorithm>

namespace noom::stun {
namespace {

constexpr uint16_t kPort = 3479;  // noom-turn answers on 3478: one host can run both
constexpr uint16_t kAlternatePort = 3480;
constexpr uint16_t kMetricsPort = 9641;

IpAddress any_v6() {
  return *IpAddress::parse("::");
}

bool is_wildcard(const IpAddress& address) {
  return address == IpAddress() || address == any_v6();
}

std::string_view name_of(Family family) {
  return family == Family::kV4 ? "IPv4" : "IPv6";
}

// The listeners of a family that has an alternate address: RFC 5780 §6 wants answers from an address the client did
// not ask, so each must be a real one, and one only, for it shares the alternate port.
void check_listeners(std::string_view key, const std::vector<IpEndpoint>& listeners, Family family,
                     const Config& config, const ops::ConfigTable& table, ops::Findings& findings) {
  size_t count = 0;
  for (const IpEndpoint& listener : listeners) {
    if (listener.address.family() != family) continue;
    ++count;
    if (is_wildcard(listener.address))
      findings.errors.push_back(table.fault(
          key, listener.to_string() + " stands for every address, and listen.alternate_addresses needs to know which",
          "give the address that clients are told"));
    if (listener.port != 0 && listener.port == config.alternate_port)
      findings.errors.push_back(table.fault("listen.alternate_port",
                                            "it is the port of " + std::string(key) + " " + listener.to_string(),
                                            "give another port: behaviour discovery takes two"));
  }
  if (count > 1)
    findings.errors.push_back(
        table.fault(key, "two " + std::string(name_of(family)) + " listeners would share one alternate address",
                    "leave one, or take the address out of listen.alternate_addresses"));
}

void check_alternates(const Config& config, const ops::ConfigTable& table, ops::Findings& findings) {
  constexpr std::string_view kKey = "listen.alternate_addresses";
  for (const Family family : {Family::kV4, Family::kV6}) {
    const auto of_family = [&](const IpAddress& address) { return address.family() == family; };
    const auto alternates = std::ranges::count_if(config.alternate_addresses, of_family);
    if (alternates == 0) continue;
    const std::string name(name_of(family));
    if (alternates > 1)
      findings.errors.push_back(table.fault(kKey, "more than one " + name + " address", "give one of each family"));
    if (std::ranges::any_of(config.alternate_addresses,
                            [&](const IpAddress& a) { return of_family(a) && is_wildcard(a); }))
      findings.errors.push_back(
          table.fault(kKey, "an answer cannot leave from every address at once", "give an address of this host"));
    if (std::ranges::none_of(config.listen_udp, of_family, &IpEndpoint::address))
      findings.errors.push_back(table.fault(kKey, "listen.udp has no " + name + " address to be the other one",
                                            "add one to listen.udp, or give an address of its family"));
    check_listeners("listen.udp", config.listen_udp, family, config, table, findings);
    check_listeners("listen.tcp", config.listen_tcp, family, config, table, findings);
  }
  if (config.policy.response_port && config.alternate_addresses.empty())
    findings.errors.push_back(table.fault("binding.response_port", "behaviour discovery is off",
                                          "give listen.alternate_addresses, or leave this off"));
}

}  // namespace

Config::Config()
    : listen_udp{{IpAddress(), kPort}, {any_v6(), kPort}}, listen_tcp(listen_udp), alternate_port(kAlternatePort) {
  ops.metrics_listen = {{IpAddress::v4(127, 0, 0, 1), kMetricsPort}};
}

std::optional<IpEndpoint> Config::alternate_of(const IpEndpoint& listener) const {
  for (const IpAddress& address : alternate_addresses)
    if (address.family() == listener.address.family()) return IpEndpoint{address, alternate_port};
  return std::nullopt;
}

ops::ConfigTable config_table(Config& config) {
  ops::ConfigTable table;
  table
      .integer("shards", &config.shards, {.min = 0, .max = 256, .unit = "threads"},
               "Threads that serve clients, each with its own sockets; 0: one for each CPU.")
      .endpoints("listen.udp", &config.listen_udp, "Where STUN over UDP is served.")
      .endpoints("listen.tcp", &config.listen_tcp, "Where STUN over TCP is served.")
      .value_list("listen.alternate_addresses", &config.alternate_addresses, "\"192.0.2.2\" or \"2001:db8::2\"",
                  "Second address, one a family, for NAT behaviour discovery (RFC 5780), which takes listeners on one "
                  "real address; "
                  "the listener's own: two ports only; empty: off.")
      .integer("listen.alternate_port", &config.alternate_port, {.min = 0, .max = 65535},
               "Second port for NAT behaviour discovery, on both addresses, UDP and TCP.")
      .value_list(
          "listen.proxy_protocol_from", &config.proxies, "\"192.0.2.0/24\" or \"2001:db8::/32\"",
          "Proxies whose TCP connections begin with a PROXY protocol header, version 1 or 2, and are answered as "
          "the client it names; the header is required from these addresses and refused from others.")
      .boolean("binding.response_port", &config.policy.response_port,
               "Honour RESPONSE-PORT (RFC 5780): answers then go to any port of the asking address, on anyone's word.")
      .boolean("binding.classic", &config.policy.classic,
               "Answer classic STUN over UDP too (RFC 3489: requests without the magic cookie).")
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
  check_alternates(config, table, findings);
  return findings;
}

}  // namespace noom::stun
