// Between the kernel's sockaddr and Noom's IpEndpoint. No scope ids: link-local IPv6 is not served.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include "common/base/endpoint.h"

namespace noom::io {

// Room for either family, a third of sockaddr_storage: one per queued datagram.
union SocketAddress {
  sockaddr generic;
  sockaddr_in v4;
  sockaddr_in6 v6;
};

// Returns the length that goes with the address.
socklen_t to_sockaddr(const IpEndpoint& endpoint, SocketAddress& address);
// An address of any other family yields 0.0.0.0:0.
IpEndpoint from_sockaddr(const SocketAddress& address);
// 0.0.0.0 or [::].
bool is_wildcard(const IpAddress& address);
// The endpoint that a bound socket has: the kernel's answer where the port asked for was 0.
IpEndpoint bound_endpoint(int fd);
// The peer of a connected socket; 0.0.0.0:0 once it is gone.
IpEndpoint peer_endpoint(int fd);

}  // namespace noom::io
