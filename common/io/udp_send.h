// Hop 5 of a datagram's life: queued sends, grouped by socket, flushed by sendmmsg. Internal to udp_pump.
#pragma once

#include <sys/socket.h>

#include <array>
#include <vector>

#include "common/io/socket_address.h"
#include "common/io/udp_pump.h"
#include "common/io/udp_receive.h"

namespace noom::io {

// What a socket has queued: a list through UdpSend's pending datagrams, in order.
struct SendQueue {
  uint32_t first = 0;
  uint32_t last = 0;
  uint32_t count = 0;
  uint16_t flushes_with_fragments = 0;  // > 0: sent without DF, see UdpSend
};

class UdpSend {
 public:
  using SendCall = int (*)(int fd, mmsghdr* messages, unsigned count, int flags);

  explicit UdpSend(UdpPumpStats& stats, SendCall send = ::sendmmsg);

  // Appends to the socket's queue. `payload` is borrowed until the flush.
  void queue(SendQueue& queue, const IpEndpoint& to, const IpAddress& from, Bytes payload,
             const SendOptions& options = {});
  // Sends the socket's queue and empties it. Late datagrams are dropped and counted rather than kept.
  void flush(const UdpSocket& socket, SendQueue& queue);
  // After all sockets are flushed: forgets the datagrams.
  void clear() { pending_.clear(); }
  size_t size() const { return pending_.size(); }
  const RefusedAsTooBig& refused() const { return refused_; }

 private:
  static constexpr size_t kBatch = 64;
  // A datagram too big for its path makes its socket send without DF for this many flushes; then it tries again.
  static constexpr uint16_t kFlushesWithFragments = 1024;
  struct Pending {
    SocketAddress to;
    uint8_t to_size;
    SendOptions options;
    IpAddress from;
    Bytes payload;
    uint32_t next;
  };
  struct alignas(cmsghdr) Control {
    std::byte bytes[CMSG_SPACE(sizeof(in6_pktinfo)) + 3 * CMSG_SPACE(sizeof(int))];
  };

  void prepare(const UdpSocket& socket, size_t slot, Pending& pending);
  size_t sendable(const UdpSocket& socket, SendQueue& queue, size_t next, size_t count);
  void send_batch(const UdpSocket& socket, SendQueue& queue, size_t count);
  enum class Next : uint8_t { kRetry, kSkipOne, kSkipAll };
  Next on_error(const UdpSocket& socket, SendQueue& queue, int error_number, size_t index, bool retried);

  UdpPumpStats& stats_;
  SendCall send_;
  std::vector<Pending> pending_;
  std::array<mmsghdr, kBatch> messages_;
  std::array<iovec, kBatch> vectors_;
  std::array<Control, kBatch> controls_;
  std::array<bool, kBatch> whole_{};
  RefusedAsTooBig refused_;
};

}  // namespace noom::io
