#include "common/io/inherited_sockets.h"

#include <absl/strings/str_cat.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <string>
#include <vector>

#include "common/io/listen_socket.h"
#include "common/io/socket_address.h"

namespace noom::io {
namespace {

struct Inherited {
  Transport transport;
  IpEndpoint local;
  Fd fd;  // empty: taken, a datagram socket's
  bool taken = false;
  bool own = false;  // of the process before this one
};

std::vector<Inherited>& inherited() {
  static std::vector<Inherited> sockets;
  return sockets;
}

int option_of(int fd, int level, int option) {
  int value = 0;
  socklen_t size = sizeof(value);
  return ::getsockopt(fd, level, option, &value, &size) == 0 ? value : -1;
}

std::string name_of(const Inherited& socket) {
  return absl::StrCat(std::string(to_string(socket.transport)), " ", socket.local.to_string());
}

absl::StatusOr<Inherited> describe(Fd fd) {
  const int domain = option_of(fd.get(), SOL_SOCKET, SO_DOMAIN);
  const int type = option_of(fd.get(), SOL_SOCKET, SO_TYPE);
  const bool is_ip = domain == AF_INET || domain == AF_INET6;
  if (!is_ip || (type != SOCK_STREAM && type != SOCK_DGRAM)) {
    return absl::InvalidArgumentError(
        "systemd hands over a descriptor that is no TCP or UDP socket; the .socket unit may have ListenStream= and "
        "ListenDatagram= with addresses and ports");
  }
  const int number = fd.get();
  Inherited socket{type == SOCK_STREAM ? Transport::kTcp : Transport::kUdp, bound_endpoint(number), std::move(fd)};
  if (type == SOCK_STREAM && option_of(number, SOL_SOCKET, SO_ACCEPTCONN) != 1)
    return absl::InvalidArgumentError(absl::StrCat(name_of(socket),
                                                   ": systemd hands over a connection; take Accept=yes out of the "
                                                   ".socket unit"));
  if (domain == AF_INET6 && option_of(number, IPPROTO_IPV6, IPV6_V6ONLY) != 1)
    return absl::InvalidArgumentError(absl::StrCat(name_of(socket),
                                                   ": systemd hands over a socket of both families; write "
                                                   "BindIPv6Only=ipv6-only and one Listen line for each family"));
  const int flags = ::fcntl(number, F_GETFL);
  if (flags < 0 || ::fcntl(number, F_SETFL, flags | O_NONBLOCK) != 0)
    return listen_error(socket.transport, socket.local, errno);
  return socket;
}

}  // namespace

absl::Status inherit_sockets(std::span<const int> fds) {
  inherited().clear();
  absl::Status first = absl::OkStatus();
  for (const int number : fds) {
    auto socket = describe(Fd(number));
    if (socket.ok())
      inherited().push_back(*std::move(socket));
    else
      first.Update(socket.status());
  }
  return first;
}

void take_back_sockets(std::vector<Fd> sockets) {
  for (Fd& each : sockets) {
    auto socket = describe(std::move(each));
    if (!socket.ok()) continue;
    inherited().push_back(*std::move(socket));
    inherited().back().own = true;
  }
}

bool is_inherited(Transport transport, const IpEndpoint& local) {
  for (const Inherited& socket : inherited())
    if (socket.transport == transport && socket.local == local) return true;
  return false;
}

absl::StatusOr<Fd> take_inherited(Transport transport, const IpEndpoint& local) {
  size_t taken = 0;
  for (Inherited& socket : inherited()) {
    if (socket.transport != transport || socket.local != local) continue;
    const bool only_once = transport == Transport::kUdp || socket.own;
    if (only_once && socket.taken) {
      ++taken;
      continue;
    }
    socket.taken = true;
    if (only_once) return std::move(socket.fd);
    Fd copy(::fcntl(socket.fd.get(), F_DUPFD_CLOEXEC, 0));
    if (!copy) return listen_error(transport, local, errno);
    return copy;
  }
  if (taken == 0) return Fd();
  return absl::InvalidArgumentError(absl::StrCat(
      "udp ", local.to_string(), ": systemd hands over fewer sockets than there are shards: ", taken,
      "; write ReusePort=yes and this ListenDatagram= once for each shard into the .socket unit, or set shards"));
}

absl::Status check_all_taken() {
  std::erase_if(inherited(), [](const Inherited& socket) { return socket.own; });
  for (const Inherited& socket : inherited()) {
    if (socket.taken) continue;
    return absl::InvalidArgumentError(
        absl::StrCat(name_of(socket),
                     ": systemd hands over a socket that no listener has a use for; name the endpoint in listen.*, "
                     "or take it out of the .socket unit; of UDP there must be as many as shards"));
  }
  return absl::OkStatus();
}

}  // namespace noom::io
