#include "stun/shell/choose_ports.h"

#include <sys/socket.h>

#include <cerrno>

#include "common/io/listen_socket.h"
#include "common/io/socket_address.h"

namespace noom::stun {
namespace {

// The kernel's choice for one address is taken on the other now and then; with this many tries never each time.
constexpr int kTries = 64;

// Bound, and alone on its port: nothing shares with a socket that does not ask for it.
io::Fd hold(Transport transport, const IpEndpoint& at) {
  io::Fd fd = io::new_socket(at.address.family(), transport == Transport::kUdp ? SOCK_DGRAM : SOCK_STREAM);
  if (fd.get() < 0 || !io::bind_to(fd.get(), at)) return io::Fd();
  return fd;
}

struct HeldPort {
  uint16_t port = 0;
  io::Fd first, second;
};

absl::StatusOr<HeldPort> hold_port(Transport transport, const IpAddress& a, const IpAddress& b) {
  for (int i = 0; i < kTries; ++i) {
    HeldPort held;
    held.first = hold(transport, {a, 0});
    if (held.first.get() < 0) return io::listen_error(transport, {a, 0}, errno);
    held.port = io::bound_endpoint(held.first.get()).port;
    if (a == b) return held;
    held.second = hold(transport, {b, held.port});
    if (held.second.get() >= 0) return held;
    if (errno != EADDRINUSE) return io::listen_error(transport, {b, held.port}, errno);
  }
  return io::listen_error(transport, {b, 0}, EADDRINUSE);
}

}  // namespace

absl::StatusOr<AddressMatrix> choose_ports(Transport transport, const IpEndpoint& primary,
                                           const IpEndpoint& alternate) {
  IpEndpoint first = primary;
  IpEndpoint second = alternate;
  HeldPort held;  // so that the second choice is another
  if (first.port == 0) {
    auto chosen = hold_port(transport, primary.address, alternate.address);
    if (!chosen.ok()) return chosen.status();
    held = std::move(*chosen);
    first.port = held.port;
  }
  if (second.port == 0) {
    const auto chosen = hold_port(transport, primary.address, alternate.address);
    if (!chosen.ok()) return chosen.status();
    second.port = chosen->port;
  }
  return AddressMatrix::of(first, second);
}

}  // namespace noom::stun
