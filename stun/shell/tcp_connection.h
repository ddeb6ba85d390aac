// One TCP client of noom-stun: deframes requests, answers them in order. RFC 8489 §6.2.2. Which connections exist is
// stun_shard.cc.
#pragma once

#include <array>
#include <functional>
#include <memory>

#include "common/base/time.h"
#include "common/io/stream.h"
#include "stun/core/stats.h"

namespace noom::stun {

// A Binding request longer than this has no good reason; the connection is closed.
constexpr size_t kTcpRequestBytesMax = 2048;
// Answers gathered into one write. While it is under way nothing is read: a client that does not take its answers gets
// no more.
constexpr size_t kTcpAnswerBytesMax = 4096;
static_assert(kTcpAnswerBytesMax >= kStreamAnswerMax);
constexpr Duration kPreambleDeadline = std::chrono::seconds(10);

enum class CloseReason : uint8_t { kClient, kIdle, kNotStun, kTooLong, kProxyHeader, kError, kCount };
std::string_view to_string(CloseReason reason);

// Lives on its shard's thread; kept alive by its pending operations. `stats` outlives it.
class TcpConnection : public std::enable_shared_from_this<TcpConnection> {
 public:
  using ClosedHandler = std::function<void(CloseReason)>;

  // `matrix` is the listener's, or null, and outlives this; `position` is the listener's in it. `closed` is called
  // once, unless close() came first.
  TcpConnection(io::Stream stream, const AddressMatrix* matrix, uint8_t position, const Policy& policy, Stats& stats,
                ClosedHandler closed);

  // With what a proxy says first, when the stream has a preamble.
  void start();
  // When the last complete request came, or the connection: bytes that make no request do not count.
  Mono last_active() const { return last_active_; }
  void close();

 private:
  void read();
  void on_read(boost::system::error_code error, size_t size);
  void answer_frames();
  void write(size_t from);
  void end(CloseReason reason);

  io::Stream stream_;
  Arrival arrival_;  // of every request
  const Policy policy_;
  Stats& stats_;
  ClosedHandler closed_;
  Mono last_active_;
  std::array<std::byte, kTcpRequestBytesMax> in_;  // [0, in_size_): not yet deframed
  size_t in_size_ = 0;
  std::array<std::byte, kTcpAnswerBytesMax> out_;  // [0, out_size_): being written
  size_t out_size_ = 0;
};

}  // namespace noom::stun
