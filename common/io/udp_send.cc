#include "common/io/udp_send.h"

#include <cerrno>
#include <cstring>

namespace noom::io {

namespace {

void set_mtu_discovery(const UdpSocket& socket, int mode) {
  ::setsockopt(socket.fd(), IPPROTO_IP, IP_MTU_DISCOVER, &mode, sizeof(mode));
}

// Appends one control message; `room` has space for all that are appended.
template <typename Value>
void write_control(msghdr& header, std::span<std::byte> room, int level, int type, const Value& value) {
  auto* const control = reinterpret_cast<cmsghdr*>(room.data() + header.msg_controllen);
  control->cmsg_level = level;
  control->cmsg_type = type;
  control->cmsg_len = CMSG_LEN(sizeof(value));
  std::memcpy(CMSG_DATA(control), &value, sizeof(value));
  header.msg_control = room.data();
  header.msg_controllen += CMSG_SPACE(sizeof(value));
}

// The source address of an answer from a wildcard socket. The interface is left to the routing table.
template <typename Info, typename Address>
Info source_info(Address Info::*field, const IpAddress& from) {
  Info info{};
  std::memcpy(&(info.*field), from.bytes().data(), sizeof(Address));
  return info;
}

}  // namespace

UdpSend::UdpSend(UdpPumpStats& stats, SendCall send) : stats_(stats), send_(send) {
  for (size_t i = 0; i < kBatch; ++i) {
    messages_[i] = {};
    messages_[i].msg_hdr.msg_iov = &vectors_[i];
    messages_[i].msg_hdr.msg_iovlen = 1;
  }
}

void UdpSend::queue(SendQueue& queue, const IpEndpoint& to, const IpAddress& from, Bytes payload,
                    const SendOptions& options) {
  const auto index = static_cast<uint32_t>(pending_.size());
  Pending& pending = pending_.emplace_back();
  pending.to_size = static_cast<uint8_t>(to_sockaddr(to, pending.to));
  pending.options = options;
  pending.from = from;
  pending.payload = payload;
  if (queue.count == 0) {
    queue.first = index;
  } else {
    pending_[queue.last].next = index;
  }
  queue.last = index;
  ++queue.count;
}

void UdpSend::flush(const UdpSocket& socket, SendQueue& queue) {
  if (queue.flushes_with_fragments > 0 && --queue.flushes_with_fragments == 0)
    set_mtu_discovery(socket, IP_PMTUDISC_DO);
  uint32_t index = queue.first;
  while (queue.count > 0) {
    size_t slot = 0;
    for (; slot < kBatch && queue.count > 0; ++slot, --queue.count) {
      prepare(socket, slot, pending_[index]);
      index = pending_[index].next;
    }
    send_batch(socket, queue, slot);
  }
}

void UdpSend::prepare(const UdpSocket& socket, size_t slot, Pending& pending) {
  vectors_[slot] = {.iov_base = const_cast<std::byte*>(pending.payload.data()), .iov_len = pending.payload.size()};
  msghdr& header = messages_[slot].msg_hdr;
  header.msg_name = &pending.to;
  header.msg_namelen = pending.to_size;
  header.msg_control = nullptr;
  header.msg_controllen = 0;
  const bool is_v4 = socket.local().address.is_v4();
  const std::span<std::byte> room = controls_[slot].bytes;
  whole_[slot] = pending.options.whole;
  // IPv4 has no such control message: sendable() sees to it.
  if (pending.options.whole && !is_v4) write_control(header, room, IPPROTO_IPV6, IPV6_DONTFRAG, 1);
  const int level = is_v4 ? IPPROTO_IP : IPPROTO_IPV6;
  if (const int value = pending.options.ip.traffic_class; value != 0)
    write_control(header, room, level, is_v4 ? IP_TOS : IPV6_TCLASS, value);
  if (const int value = pending.options.ip.hop_limit; value != 0)
    write_control(header, room, level, is_v4 ? IP_TTL : IPV6_HOPLIMIT, value);
  if (!socket.wildcard() || is_wildcard(pending.from) || pending.from.family() != socket.local().address.family())
    return;
  if (pending.from.is_v4()) {
    write_control(header, room, IPPROTO_IP, IP_PKTINFO, source_info(&in_pktinfo::ipi_spec_dst, pending.from));
  } else {
    write_control(header, room, IPPROTO_IPV6, IPV6_PKTINFO, source_info(&in6_pktinfo::ipi6_addr, pending.from));
  }
}

// How many from `next` on may go in one call. A socket sends with DF but for a while after something was too big for
// its path; a datagram that must stay whole ends that while.
size_t UdpSend::sendable(const UdpSocket& socket, SendQueue& queue, size_t next, size_t count) {
  if (queue.flushes_with_fragments == 0 || !socket.local().address.is_v4()) return count - next;
  size_t end = next;
  while (end < count && !whole_[end]) ++end;
  if (end > next) return end - next;
  set_mtu_discovery(socket, IP_PMTUDISC_DO);
  queue.flushes_with_fragments = 0;
  return count - next;
}

void UdpSend::send_batch(const UdpSocket& socket, SendQueue& queue, size_t count) {
  size_t next = 0;
  bool retried = false;
  while (next < count) {
    stats_.send_calls.add();
    const size_t offered = sendable(socket, queue, next, count);
    const int sent = send_(socket.fd(), &messages_[next], static_cast<unsigned>(offered), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent > 0) {
      stats_.send_batches.observe(static_cast<uint64_t>(sent));
      for (const size_t end = next + static_cast<size_t>(sent); next < end; ++next) {
        stats_.sent.add();
        stats_.sent_bytes.add(vectors_[next].iov_len);
      }
      retried = false;
      if (static_cast<size_t>(sent) < offered) stats_.send_partial.add();
      continue;
    }
    switch (on_error(socket, queue, errno, next, retried)) {
      case Next::kRetry:
        retried = true;
        break;
      case Next::kSkipOne:
        ++next;
        retried = false;
        break;
      case Next::kSkipAll:
        stats_.send_drop_would_block.add(count - next);
        next = count;
        break;
    }
  }
}

// What to do with the first datagram of the rest. Counts it where it is skipped alone.
UdpSend::Next UdpSend::on_error(const UdpSocket& socket, SendQueue& queue, int error_number, size_t index,
                                bool retried) {
  switch (error_number) {
    case EINTR:
      return Next::kRetry;
    case EAGAIN:  // the send buffer is full: what follows would fare no better
      return Next::kSkipAll;
    case ENOBUFS:
    case ENOMEM:
      stats_.send_drop_would_block.add();
      return Next::kSkipOne;
    case EMSGSIZE:
      if (!whole_[index] && socket.local().address.is_v4() && queue.flushes_with_fragments == 0) {
        set_mtu_discovery(socket, IP_PMTUDISC_WANT);
        queue.flushes_with_fragments = kFlushesWithFragments;
        return Next::kRetry;
      }
      if (whole_[index]) refused_.add(from_sockaddr(*static_cast<SocketAddress*>(messages_[index].msg_hdr.msg_name)));
      stats_.send_drop_too_big.add();
      return Next::kSkipOne;
    case ECONNREFUSED:  // an ICMP error of an earlier datagram, reported here; this one was not tried
    case EHOSTUNREACH:
    case ENETUNREACH:
      if (!retried) return Next::kRetry;
      [[fallthrough]];
    default:
      stats_.send_drop_unreachable.add();
      return Next::kSkipOne;
  }
}

}  // namespace noom::io
