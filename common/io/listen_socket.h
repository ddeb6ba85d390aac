// What UDP and TCP sockets share while they are opened: creation, options, and errors an operator can act upon.
#pragma once

#include <absl/status/status.h>

#include "common/base/endpoint.h"
#include "common/io/fd.h"

namespace noom::io {

// Non-blocking, close-on-exec, v6-only where the family is IPv6. `type` is SOCK_DGRAM or SOCK_STREAM. Empty with errno
// set on failure.
Fd new_socket(Family family, int type);
// Whether the kernel knows the family at all: IPv6 can be disabled there.
bool has_family(Family family);
// False with errno set on failure.
bool set_option(int fd, int level, int option, int value = 1);
bool bind_to(int fd, const IpEndpoint& local);

// With SO_REUSEPORT a second copy of a daemon would share the port in silence. Called once before the first shard
// binds: AlreadyExists when any socket holds the endpoint, or another endpoint that collides with it. Port 0 is always
// free, and so is what systemd handed over. `transport` is kUdp or kTcp.
absl::Status check_port_free(Transport transport, const IpEndpoint& local);

// "<transport> <endpoint>: <reason>; <remedy>" for an errno of socket(), bind() or listen().
absl::Status listen_error(Transport transport, const IpEndpoint& local, int error_number);

}  // namespace noom::io
