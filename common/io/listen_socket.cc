#include "common/io/listen_socket.h"

#include <absl/strings/str_cat.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>

#include "common/io/inherited_sockets.h"
#include "common/io/socket_address.h"

namespace noom::io {

Fd new_socket(Family family, int type) {
  Fd fd(::socket(family == Family::kV4 ? AF_INET : AF_INET6, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (fd && family == Family::kV6) set_option(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY);
  return fd;
}

bool has_family(Family family) {
  return new_socket(family, SOCK_DGRAM) || errno != EAFNOSUPPORT;
}

bool set_option(int fd, int level, int option, int value) {
  return ::setsockopt(fd, level, option, &value, sizeof(value)) == 0;
}

bool bind_to(int fd, const IpEndpoint& local) {
  SocketAddress address;
  const socklen_t size = to_sockaddr(local, address);
  return ::bind(fd, &address.generic, size) == 0;
}

absl::Status listen_error(Transport transport, const IpEndpoint& local, int error_number) {
  const std::string where = absl::StrCat(std::string(to_string(transport)), " ", local.to_string(), ": ");
  switch (error_number) {
    case EADDRINUSE:
      return absl::AlreadyExistsError(
          absl::StrCat(where, "address already in use; stop the program that holds it or choose another port"));
    case EACCES:
    case EPERM:
      return absl::PermissionDeniedError(absl::StrCat(where,
                                                      "permission denied; choose a port of 1024 or above, or let "
                                                      "systemd hand the socket or CAP_NET_BIND_SERVICE over"));
    case EADDRNOTAVAIL:
      return absl::InvalidArgumentError(
          absl::StrCat(where, "not an address of this host; see `ip address` for those it has"));
    case EAFNOSUPPORT:
      return absl::InvalidArgumentError(
          absl::StrCat(where, "this host has no such address family; remove the address or enable the family"));
    case EMFILE:
    case ENFILE:
      return absl::UnavailableError(absl::StrCat(where, "out of file descriptors; raise LimitNOFILE"));
    default:
      return absl::UnavailableError(absl::StrCat(where, std::strerror(error_number)));
  }
}

absl::Status check_port_free(Transport transport, const IpEndpoint& local) {
  if (local.port == 0 || is_inherited(transport, local)) return absl::OkStatus();
  const bool udp = transport == Transport::kUdp;
  const Fd fd = new_socket(local.address.family(), udp ? SOCK_DGRAM : SOCK_STREAM);
  if (!fd) return listen_error(transport, local, errno);
  if (!udp) set_option(fd.get(), SOL_SOCKET, SO_REUSEADDR);  // connections in TIME_WAIT do not hold the port
  if (!bind_to(fd.get(), local)) return listen_error(transport, local, errno);
  // With SO_REUSEADDR bind lets a listener pass; listen does not.
  if (!udp && ::listen(fd.get(), 1) != 0) return listen_error(transport, local, errno);
  return absl::OkStatus();
}

}  // namespace noom::io
