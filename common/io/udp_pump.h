// Batched UDP for one shard: recvmmsg into slabs, sendmmsg once per loop turn, grouped by socket. Hops 1 and 5 of a
// datagram's life. Knows neither STUN nor TURN. UDP_GRO belongs into the drain (udp_receive.cc), UDP_SEGMENT into the
// flush (udp_send.cc).
#pragma once

#include <array>
#include <boost/asio/io_context.hpp>
#include <cstdint>
#include <memory>
#include <span>

#include "common/base/bytes.h"
#include "common/base/counter.h"
#include "common/base/endpoint.h"
#include "common/base/handle.h"
#include "common/base/histogram.h"
#include "common/base/ip_fields.h"
#include "common/base/time.h"
#include "common/io/poll_set.h"
#include "common/io/udp_socket.h"

namespace noom::io {

// Room around every received payload, so that a protocol can frame it in place.
//
//   | headroom 48 | payload, as received | tailroom 4 |
constexpr size_t kHeadroom = 48;
constexpr size_t kTailroom = 4;

struct Datagram {
  MutableBytes room;  // headroom, payload, tailroom; valid until on_turn_end() returns
  IpEndpoint source;
  IpEndpoint destination;  // the address that the sender used, also on a wildcard socket
  IpFields ip;             // of a socket opened with report_ip_fields; a hop limit of 0 on the wire reads as 1

  MutableBytes payload() const { return room.subspan(kHeadroom, room.size() - kHeadroom - kTailroom); }
};

// What a datagram sent from here met on its way, by ICMP or ICMPv6.
struct IcmpError {
  IpEndpoint peer;  // where the datagram was sent
  uint8_t type = 0;
  uint8_t code = 0;
  uint32_t mtu = 0;  // of the next hop, where the error tells it
};

// How a datagram is sent, beside where.
struct SendOptions {
  bool whole = false;  // dropped as too big rather than fragmented, here or (IPv4) on its way
  IpFields ip = {};
};

struct UdpPumpTag;
using UdpSocketId = Handle<UdpPumpTag>;

class UdpReceiver {
 public:
  // One batch of one socket; `tag` is what add() was given. May call add, remove and send.
  virtual void on_datagrams(Now now, UdpSocketId socket, uint64_t tag, std::span<const Datagram> batch) = 0;
  // Of a socket opened with report_icmp. May call add, remove and send.
  virtual void on_icmp(Now, UdpSocketId, [[maybe_unused]] uint64_t tag, const IcmpError&) {}
  // The queued sends have left: nothing they borrowed is needed any more, and the turn's slabs are about to be reused.
  virtual void on_flushed() {}

 protected:
  ~UdpReceiver() = default;
};

constexpr std::array<uint64_t, 6> kUdpBatchBounds = {1, 2, 4, 8, 16, 32};

// Every datagram is accounted for: queued = sent + Σ send drops.
struct UdpPumpStats {
  Counter received;
  Counter received_bytes;
  Counter receive_calls;
  Histogram<kUdpBatchBounds.size()> receive_batches{kUdpBatchBounds};  // datagrams of each call that found any
  Counter
      receive_truncated;  // longer than 65,507 bytes cannot be; a kernel that cuts is counted and the datagram dropped
  Counter receive_overflows;  // dropped by the kernel because a socket's receive buffer was full (SO_RXQ_OVFL)
  Counter receive_errors;     // ICMP errors that a read reported
  Counter sent;
  Counter sent_bytes;
  Counter send_calls;
  Histogram<kUdpBatchBounds.size()> send_batches{kUdpBatchBounds};  // datagrams of each call that took any
  Counter send_partial;           // sendmmsg took only a part; the rest was sent by another call
  Counter send_drop_would_block;  // send buffer or device queue full (EAGAIN, ENOBUFS): late media is worth nothing
  Counter send_drop_too_big;      // EMSGSIZE even with fragmentation allowed, or where it was not
  Counter send_drop_unreachable;  // no route, refused by a local firewall, no such address
  Counter send_drop_closed;       // the socket was removed before the flush
};

// Single-threaded, on the thread of `context`. `receiver` outlives it.
class UdpPump {
 public:
  UdpPump(boost::asio::io_context& context, UdpReceiver& receiver);
  ~UdpPump();
  UdpPump(const UdpPump&) = delete;
  UdpPump& operator=(const UdpPump&) = delete;

  // Takes the socket over. An invalid id when the kernel refuses to watch it.
  UdpSocketId add(UdpSocket socket, PollClass poll_class, uint64_t tag);
  // No datagram of it is delivered any more; what is queued for it is still sent, then it is closed.
  void remove(UdpSocketId socket);
  // Queues a datagram; `payload` is borrowed until on_flushed(). `from` is the source address to use on a wildcard
  // socket (a Datagram's destination) and ignored elsewhere. In a turn it leaves at the turn's end, outside soon after.
  void send(UdpSocketId socket, const IpEndpoint& to, const IpAddress& from, Bytes payload,
            const SendOptions& options = {});
  size_t queued() const;
  // Asks for a flush, and on_flushed(), soon and once; sends ask by themselves. No-op in a turn.
  void flush_soon();
  // Flushes now, on_flushed() included. Never in a turn.
  void flush();
  // Flushes, then reads no more: what arrives waits in the sockets, which stay open until stop().
  void freeze();
  // -1 for a socket that is not here.
  int fd(UdpSocketId socket) const;
  // Flushes, then closes every socket; no callback after this.
  void stop();

  const UdpPumpStats& stats() const;  // readable from any thread

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace noom::io
