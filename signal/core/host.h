// The Host header as a client sent it: who it says we are. Used to name STUN and TURN servers on the same host, so its
// characters are checked.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace noom::signal {

// The host part of "host", "host:port", "192.0.2.1:8080" or "[2001:db8::1]:8080", in lower case, IPv6 with its
// brackets. nullopt for anything else: a name is at most 253 characters of A-Z a-z 0-9 . - (and _, which names in
// private networks contain).
std::optional<std::string> host_of(std::string_view host_header);

// "turn:{host}:3478" with every {host} replaced.
std::string fill_host(std::string_view pattern, std::string_view host);

}  // namespace noom::signal
