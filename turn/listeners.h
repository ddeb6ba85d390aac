// The service's listeners, from listen.*, and the names by which other keys mean one of them.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/ops/config_table.h"
#include "common/ops/daemon.h"
#include "turn/config.h"

namespace noom::turn {

// In the order of the keys; too few and too many are findings.
std::vector<Listener> listeners_of(const Config& config, const ops::ConfigTable& table, ops::Findings& findings);
// Takes IPv6 out of the defaults where there is none, see ops::leave_out_ipv6.
void fit_listeners(Config& config, const ops::ConfigTable& table, std::vector<std::string>& warnings);
// "udp", "tcp", "tls" or "tcp_or_tls".
std::string scheme_of(const Listener& listener);
// "tls://0.0.0.0:5349", as auth.listener_realms and tls.listener_certificates have it.
std::string url_of(const Listener& listener);
std::optional<size_t> find_listener(const std::vector<Listener>& listeners, std::string_view url);

}  // namespace noom::turn
