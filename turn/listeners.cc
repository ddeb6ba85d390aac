#include "turn/listeners.h"

#include <algorithm>

#include "common/io/listen_socket.h"
#include "common/ops/default_listeners.h"
#include "turn/shell/limits.h"

namespace noom::turn {

std::vector<Listener> listeners_of(const Config& config, const ops::ConfigTable& table, ops::Findings& findings) {
  std::vector<Listener> listeners;
  const auto add = [&](std::string_view key, Transport transport, const std::vector<IpEndpoint>& endpoints) {
    for (const IpEndpoint& endpoint : endpoints) listeners.push_back({std::string(key), transport, endpoint});
  };
  add("listen.udp", Transport::kUdp, config.listen_udp);
  add("listen.tcp", Transport::kTcp, config.listen_tcp);
  add("listen.tls", Transport::kTls, config.listen_tls);
  for (const IpEndpoint& endpoint : config.listen_tcp_or_tls)
    listeners.push_back({"listen.tcp_or_tls", Transport::kTcp, endpoint, true});
  add("listen.dtls", Transport::kDtls, config.listen_dtls);
  for (const IpEndpoint& endpoint : config.listen_udp_or_dtls)
    listeners.push_back({"listen.udp_or_dtls", Transport::kUdp, endpoint, true});
  if (listeners.empty())
    findings.errors.push_back(
        table.fault("listen.udp", "no listener is left", "give listen.udp, listen.tcp or listen.tls an address"));
  if (listeners.size() > kListenersMax)
    findings.errors.push_back(table.fault(
        "listen.udp", "there are more than " + std::to_string(kListenersMax) + " listeners", "use wildcard addresses"));
  return listeners;
}

void fit_listeners(Config& config, const ops::ConfigTable& table, std::vector<std::string>& warnings) {
  ops::leave_out_ipv6(table, {{"listen.udp", &config.listen_udp}, {"listen.tcp", &config.listen_tcp}},
                      io::has_family(Family::kV6), warnings);
}

std::string scheme_of(const Listener& listener) {
  if (!listener.or_tls) return std::string(to_string(listener.transport));
  return is_stream(listener.transport) ? "tcp_or_tls" : "udp_or_dtls";
}

std::string url_of(const Listener& listener) {
  return scheme_of(listener) + "://" + listener.local.to_string();
}

std::optional<size_t> find_listener(const std::vector<Listener>& listeners, std::string_view url) {
  const auto found = std::ranges::find(listeners, url, url_of);
  if (found == listeners.end()) return std::nullopt;
  return static_cast<size_t>(found - listeners.begin());
}

}  // namespace noom::turn
