#include "turn/relay_route.h"

#include <sys/socket.h>

#include "common/io/fd.h"
#include "common/io/socket_address.h"

namespace noom::turn {

std::optional<IpAddress> default_route_source(Family family) {
  // Addresses for documentation (RFC 5737, RFC 3849): nothing more specific than the default route leads there.
  // Connecting a UDP socket only looks the route up.
  const IpAddress anywhere = family == Family::kV4 ? IpAddress::v4(198, 51, 100, 1) : *IpAddress::parse("2001:db8::1");
  io::SocketAddress address;
  const socklen_t length = io::to_sockaddr({anywhere, 9}, address);
  const io::Fd socket(::socket(address.generic.sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!socket || ::connect(socket.get(), &address.generic, length) != 0) return std::nullopt;
  return io::bound_endpoint(socket.get()).address;
}

}  // namespace noom::turn
