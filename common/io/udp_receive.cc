#include "common/io/udp_receive.h"

#include <linux/errqueue.h>
#include <netinet/icmp6.h>
#include <netinet/ip_icmp.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace noom::io {
namespace {

constexpr int kErrorsPerRead = 32;  // the rest waits for the next turn

std::optional<sock_extended_err> extended_error(msghdr& header) {
  for (cmsghdr* control = CMSG_FIRSTHDR(&header); control != nullptr; control = CMSG_NXTHDR(&header, control)) {
    const bool is_v4 = control->cmsg_level == IPPROTO_IP && control->cmsg_type == IP_RECVERR;
    const bool is_v6 = control->cmsg_level == IPPROTO_IPV6 && control->cmsg_type == IPV6_RECVERR;
    if (!is_v4 && !is_v6) continue;
    sock_extended_err error;
    std::memcpy(&error, CMSG_DATA(control), sizeof(error));
    return error;
  }
  return std::nullopt;
}

}  // namespace

SlabPool::SlabPool() : slabs_(new std::byte[kSlabs * kSlabBytes]) {}

std::byte* SlabPool::jumbo(size_t bytes) {
  jumbos_.emplace_back(new std::byte[bytes]);
  return jumbos_.back().get();
}

void SlabPool::reset() {
  used_ = 0;
  jumbos_.clear();
}

std::optional<uint16_t> RefusedAsTooBig::port_of(const IpAddress& address) const {
  for (size_t i = 1; i <= std::min(next_, last_.size()); ++i) {
    const IpEndpoint& to = last_[(next_ - i) % last_.size()];
    if (to.address == address) return to.port;
  }
  return std::nullopt;
}

UdpReceive::UdpReceive(UdpPumpStats& stats) : stats_(stats), overflow_(new std::byte[kBatch * kOverflowBytes]) {
  batch_.reserve(kBatch);
  for (size_t i = 0; i < kBatch; ++i) {
    vectors_[i][0].iov_len = SlabPool::kSlabPayload;
    vectors_[i][1] = {.iov_base = overflow_.get() + i * kOverflowBytes, .iov_len = kOverflowBytes};
    messages_[i] = {};
    messages_[i].msg_hdr.msg_name = &sources_[i];
    messages_[i].msg_hdr.msg_iov = vectors_[i].data();
    messages_[i].msg_hdr.msg_iovlen = vectors_[i].size();
    messages_[i].msg_hdr.msg_control = controls_[i].bytes;
  }
}

void UdpReceive::prepare(size_t count) {
  for (size_t i = 0; i < count; ++i) {
    vectors_[i][0].iov_base = slabs_.peek(i) + kHeadroom;
    messages_[i].msg_hdr.msg_namelen = sizeof(SocketAddress);
    messages_[i].msg_hdr.msg_controllen = sizeof(Control);
  }
}

size_t UdpReceive::read(const UdpSocket& socket, uint32_t& overflows, size_t budget) {
  batch_.clear();
  const size_t wanted = std::min({budget, kBatch, slabs_.room()});
  prepare(wanted);
  stats_.receive_calls.add();
  const int got = ::recvmmsg(socket.fd(), messages_.data(), static_cast<unsigned>(wanted), MSG_DONTWAIT, nullptr);
  if (got < 0) {
    // Anything else is an ICMP error of an earlier send, reported once: the socket is as good as before.
    if (errno != EAGAIN && errno != EINTR) stats_.receive_errors.add();
    return 0;
  }
  const auto count = static_cast<size_t>(got);
  if (count > 0) stats_.receive_batches.observe(count);
  for (size_t i = 0; i < count; ++i) take(socket, overflows, i);
  slabs_.use(count);
  return count;
}

std::optional<IcmpError> UdpReceive::read_icmp(const UdpSocket& socket, const RefusedAsTooBig& refused) {
  for (int i = 0; i < kErrorsPerRead; ++i) {
    SocketAddress peer;
    alignas(cmsghdr) std::array<std::byte, 256> control;
    msghdr header{};
    header.msg_name = &peer;
    header.msg_namelen = sizeof(peer);
    header.msg_control = control.data();
    header.msg_controllen = control.size();
    if (::recvmsg(socket.fd(), &header, MSG_ERRQUEUE | MSG_DONTWAIT) < 0) return std::nullopt;
    const auto error = extended_error(header);
    if (!error) continue;
    IcmpError told{.peer = from_sockaddr(peer),
                   .type = error->ee_type,
                   .code = error->ee_code,
                   .mtu = error->ee_errno == EMSGSIZE ? error->ee_info : 0};
    if (error->ee_origin == SO_EE_ORIGIN_ICMP || error->ee_origin == SO_EE_ORIGIN_ICMP6) return told;
    if (error->ee_origin != SO_EE_ORIGIN_LOCAL || error->ee_errno != EMSGSIZE) continue;
    const auto port = refused.port_of(told.peer.address);
    if (!port) continue;  // it was sent again in fragments
    told.peer.port = *port;
    told.type = told.peer.address.is_v4() ? ICMP_DEST_UNREACH : ICMP6_PACKET_TOO_BIG;
    told.code = told.peer.address.is_v4() ? ICMP_FRAG_NEEDED : 0;
    return told;
  }
  return std::nullopt;
}

void UdpReceive::take(const UdpSocket& socket, uint32_t& overflows, size_t index) {
  msghdr& header = messages_[index].msg_hdr;
  const size_t size = messages_[index].msg_len;
  stats_.received.add();
  stats_.received_bytes.add(size);
  Datagram datagram{.room = {}, .source = from_sockaddr(sources_[index]), .destination = socket.local(), .ip = {}};
  if (header.msg_controllen > 0) read_control(header, datagram, overflows);
  if ((header.msg_flags & MSG_TRUNC) != 0) {
    stats_.receive_truncated.add();
    return;
  }
  std::byte* room = slabs_.peek(index);
  if (size > SlabPool::kSlabPayload) {
    std::byte* jumbo = slabs_.jumbo(kHeadroom + size + kTailroom);
    std::memcpy(jumbo + kHeadroom, room + kHeadroom, SlabPool::kSlabPayload);
    std::memcpy(jumbo + kHeadroom + SlabPool::kSlabPayload, vectors_[index][1].iov_base, size - SlabPool::kSlabPayload);
    room = jumbo;
  }
  datagram.room = {room, kHeadroom + size + kTailroom};
  batch_.push_back(datagram);
}

void UdpReceive::read_control(msghdr& header, Datagram& datagram, uint32_t& overflows) {
  const auto int_of = [](const cmsghdr* control) {
    int value;
    std::memcpy(&value, CMSG_DATA(control), sizeof(value));
    return value;
  };
  const auto set_hop_limit = [&](int value) {
    datagram.ip.hop_limit = static_cast<uint8_t>(std::clamp(value, 1, 255));
  };
  for (cmsghdr* control = CMSG_FIRSTHDR(&header); control != nullptr; control = CMSG_NXTHDR(&header, control)) {
    if (control->cmsg_level == IPPROTO_IP && control->cmsg_type == IP_PKTINFO) {
      in_pktinfo info;
      std::memcpy(&info, CMSG_DATA(control), sizeof(info));
      datagram.destination.address = IpAddress::v4(std::as_bytes(std::span(&info.ipi_addr, 1)).first<4>());
    } else if (control->cmsg_level == IPPROTO_IPV6 && control->cmsg_type == IPV6_PKTINFO) {
      in6_pktinfo info;
      std::memcpy(&info, CMSG_DATA(control), sizeof(info));
      datagram.destination.address = IpAddress::v6(std::as_bytes(std::span(&info.ipi6_addr, 1)).first<16>());
    } else if (control->cmsg_level == IPPROTO_IP && control->cmsg_type == IP_TOS) {
      datagram.ip.traffic_class = *CMSG_DATA(control);  // one byte, unlike IPv6's
    } else if (control->cmsg_level == IPPROTO_IP && control->cmsg_type == IP_TTL) {
      set_hop_limit(int_of(control));
    } else if (control->cmsg_level == IPPROTO_IPV6 && control->cmsg_type == IPV6_TCLASS) {
      datagram.ip.traffic_class = static_cast<uint8_t>(int_of(control));
    } else if (control->cmsg_level == IPPROTO_IPV6 && control->cmsg_type == IPV6_HOPLIMIT) {
      set_hop_limit(int_of(control));
    } else if (control->cmsg_level == SOL_SOCKET && control->cmsg_type == SO_RXQ_OVFL) {
      uint32_t total;
      std::memcpy(&total, CMSG_DATA(control), sizeof(total));
      stats_.receive_overflows.add(total - overflows);
      overflows = total;
    }
  }
}

}  // namespace noom::io
