// Hop 1 of a datagram's life: recvmmsg into slabs. Internal to udp_pump.
#pragma once

#include <sys/socket.h>

#include <array>
#include <memory>
#include <optional>
#include <vector>

#include "common/io/socket_address.h"
#include "common/io/udp_pump.h"

namespace noom::io {

// The buffers of one turn: equal slabs for everyday datagrams, a block of its own for each jumbo.
//
//   slab | headroom 48 | payload ≤ 2,060 | tailroom 4 |
//
// The stride is an odd number of cache lines, so that the slabs' heads do not crowd into a few cache sets.
class SlabPool {
 public:
  static constexpr size_t kSlabBytes = 33 * 64;
  static constexpr size_t kSlabPayload = kSlabBytes - kHeadroom - kTailroom;
  static constexpr size_t kSlabs = 512;  // datagrams in one turn

  SlabPool();
  size_t room() const { return kSlabs - used_; }
  // The slab `ahead` places after those used; `ahead` < room().
  std::byte* peek(size_t ahead) { return slabs_.get() + (used_ + ahead) * kSlabBytes; }
  void use(size_t count) { used_ += count; }
  std::byte* jumbo(size_t bytes);
  void reset();

 private:
  std::unique_ptr<std::byte[]> slabs_;
  std::vector<std::unique_ptr<std::byte[]>> jumbos_;
  size_t used_ = 0;
};

// Where the last datagrams that had to stay whole were meant to go, when the kernel refused them: its own report names
// the address only.
class RefusedAsTooBig {
 public:
  void add(const IpEndpoint& to) { last_[next_++ % last_.size()] = to; }
  // The newest port of that address; empty when there is none.
  std::optional<uint16_t> port_of(const IpAddress& address) const;

 private:
  std::array<IpEndpoint, 16> last_{};
  size_t next_ = 0;
};

class UdpReceive {
 public:
  explicit UdpReceive(UdpPumpStats& stats);

  // One recvmmsg of at most `budget` datagrams. Fills batch(); returns how many the kernel gave, dropped ones included.
  // `overflows` is the socket's last SO_RXQ_OVFL reading.
  size_t read(const UdpSocket& socket, uint32_t& overflows, size_t budget);
  // The next ICMP error that the socket's datagrams met. A datagram that had to stay whole and was too big for the
  // kernel itself (`refused`) reads like the ICMP error of a router next door; its other refusals are skipped.
  std::optional<IcmpError> read_icmp(const UdpSocket& socket, const RefusedAsTooBig& refused);
  std::span<const Datagram> batch() const { return batch_; }
  SlabPool& slabs() { return slabs_; }

 private:
  static constexpr size_t kBatch = 32;
  static constexpr size_t kOverflowBytes = 65536;  // with a slab: more than any UDP datagram
  struct alignas(cmsghdr) Control {
    std::byte bytes[128];  // a packet info of either family, a drop counter, a traffic class and a hop limit
  };

  void prepare(size_t count);
  void take(const UdpSocket& socket, uint32_t& overflows, size_t index);
  void read_control(msghdr& header, Datagram& datagram, uint32_t& overflows);

  UdpPumpStats& stats_;
  SlabPool slabs_;
  std::vector<Datagram> batch_;
  std::unique_ptr<std::byte[]> overflow_;  // kBatch areas; pages are only touched by jumbos
  std::array<mmsghdr, kBatch> messages_;
  std::array<std::array<iovec, 2>, kBatch> vectors_;
  std::array<SocketAddress, kBatch> sources_;
  std::array<Control, kBatch> controls_;
};

}  // namespace noom::io
