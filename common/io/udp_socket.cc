#include "common/io/udp_socket.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>

#include "common/io/inherited_sockets.h"
#include "common/io/socket_address.h"

namespace noom::io {

namespace {

// What the data path relies on, where the kernel has it; each is an optimisation or a report, so that refusal is no
// error.
void tune(int fd, const IpEndpoint& local, bool wildcard, const UdpSocketOptions& options) {
  if (options.receive_buffer_bytes > 0) set_option(fd, SOL_SOCKET, SO_RCVBUF, options.receive_buffer_bytes);
  if (options.send_buffer_bytes > 0) set_option(fd, SOL_SOCKET, SO_SNDBUF, options.send_buffer_bytes);
  set_option(fd, SOL_SOCKET, SO_RXQ_OVFL);
  if (local.address.is_v4()) {
    // With DF the kernel need not draw an identification per packet (some 8 % of a small datagram's cost). A datagram
    // that then does not fit its path's MTU is refused with EMSGSIZE, and the pump sends it again with fragmentation
    // allowed.
    set_option(fd, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DO);
    if (wildcard) set_option(fd, IPPROTO_IP, IP_PKTINFO);
    if (options.report_ip_fields) {
      set_option(fd, IPPROTO_IP, IP_RECVTOS);
      set_option(fd, IPPROTO_IP, IP_RECVTTL);
    }
  } else {
    if (wildcard) set_option(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO);
    if (options.report_ip_fields) {
      set_option(fd, IPPROTO_IPV6, IPV6_RECVTCLASS);
      set_option(fd, IPPROTO_IPV6, IPV6_RECVHOPLIMIT);
    }
  }
}

}  // namespace

absl::StatusOr<UdpSocket> UdpSocket::open(const IpEndpoint& local, const UdpSocketOptions& options) {
  auto handed_over = options.reuse_port ? take_inherited(Transport::kUdp, local) : Fd();
  if (!handed_over.ok()) return handed_over.status();
  const bool is_bound = static_cast<bool>(*handed_over);
  Fd fd = is_bound ? *std::move(handed_over) : new_socket(local.address.family(), SOCK_DGRAM);
  if (!fd) return listen_error(Transport::kUdp, local, errno);
  if (!is_bound && options.reuse_port && !set_option(fd.get(), SOL_SOCKET, SO_REUSEPORT))
    return listen_error(Transport::kUdp, local, errno);
  const bool wildcard = is_wildcard(local.address);
  tune(fd.get(), local, wildcard, options);
  if (!is_bound && !bind_to(fd.get(), local)) return listen_error(Transport::kUdp, local, errno);
  const IpEndpoint bound = bound_endpoint(fd.get());
  const bool is_v4 = local.address.is_v4();
  const bool reports_icmp =
      options.report_icmp && set_option(fd.get(), is_v4 ? IPPROTO_IP : IPPROTO_IPV6, is_v4 ? IP_RECVERR : IPV6_RECVERR);
  return UdpSocket(std::move(fd), bound, wildcard, reports_icmp);
}

UdpSocket UdpSocket::adopt(Fd fd, const UdpSocketOptions& options) {
  const IpEndpoint bound = bound_endpoint(fd.get());
  const bool wildcard = is_wildcard(bound.address);
  tune(fd.get(), bound, wildcard, options);
  return UdpSocket(std::move(fd), bound, wildcard, options.report_icmp);
}

}  // namespace noom::io
