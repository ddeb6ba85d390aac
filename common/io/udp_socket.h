// Opening UDP sockets the way a relay needs them. What happens on an open socket is udp_pump.h.
#pragma once

#include <absl/status/statusor.h>

#include "common/base/endpoint.h"
#include "common/io/fd.h"
#include "common/io/listen_socket.h"

namespace noom::io {

struct UdpSocketOptions {
  bool reuse_port = false;       // listeners: one socket per shard on one port (SO_REUSEPORT), or systemd's
  int receive_buffer_bytes = 0;  // 0 = the system's default; more than net.core.rmem_max is cut to it
  int send_buffer_bytes = 0;
  bool report_icmp = false;       // ICMP errors that its datagrams met are kept for the pump (IP_RECVERR)
  bool report_ip_fields = false;  // each datagram received says its traffic class and hop limit
};

// An open, bound, non-blocking, unconnected socket of one family (IPv6 is v6-only).
class UdpSocket {
 public:
  // Port 0 lets the kernel choose. Errors: AlreadyExists (port in use), PermissionDenied, Unavailable (no descriptors,
  // no memory), InvalidArgument (the address is not this host's, or the family is missing); the message reads "udp
  // 192.0.2.1:3478: <reason>; <remedy>".
  static absl::StatusOr<UdpSocket> open(const IpEndpoint& local, const UdpSocketOptions& options);

  // A bound socket that open() with the same options has made in a process before this one.
  static UdpSocket adopt(Fd fd, const UdpSocketOptions& options);

  int fd() const { return fd_.get(); }
  const IpEndpoint& local() const { return local_; }
  // Bound to 0.0.0.0 or [::]: each datagram says to which address it came, and an answer names the address it leaves
  // from.
  bool wildcard() const { return wildcard_; }
  bool reports_icmp() const { return reports_icmp_; }

 private:
  UdpSocket(Fd fd, const IpEndpoint& local, bool wildcard, bool reports_icmp)
      : fd_(std::move(fd)), local_(local), wildcard_(wildcard), reports_icmp_(reports_icmp) {}

  Fd fd_;
  IpEndpoint local_;
  bool wildcard_ = false;
  bool reports_icmp_ = false;
};

}  // namespace noom::io
