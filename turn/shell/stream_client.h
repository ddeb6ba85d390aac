// One TCP or TLS client: its read buffer and its bounded write queue. Which clients there are is stream_clients.h.
#pragma once

#include <absl/functional/any_invocable.h>

#include <cstddef>
#include <memory>
#include <optional>
#include <vector>

#include "common/base/bytes.h"
#include "common/base/counter.h"
#include "common/base/endpoint.h"
#include "common/base/time.h"
#include "common/io/stream.h"
#include "turn/shell/limits.h"
#include "turn/shell/shell_stats.h"
#include "turn/shell/stream_places.h"

namespace noom::turn {

// The front of a byte stream that is not yet cut into frames. Small while the client is quiet, larger while it is busy.
class ReadBuffer {
 public:
  // Where the next read goes; never empty.
  MutableBytes room();
  void filled(size_t size) { filled_ += size; }
  // A fresh buffer that begins with these bytes, at most kStreamReadBytesMax.
  static ReadBuffer with(Bytes bytes);
  MutableBytes bytes() { return {bytes_.get() + begin_, filled_ - begin_}; }
  void consume(size_t size) { begin_ += size; }
  // After the frames are cut: moves the rest to the front and fits the size to what was read.
  void settle(size_t last_read);
  size_t capacity() const { return capacity_; }

 private:
  void resize(size_t capacity);

  std::unique_ptr<std::byte[]> bytes_;
  size_t capacity_ = 0;
  size_t begin_ = 0;
  size_t filled_ = 0;
  int small_reads_ = 0;  // in a row
};

// A plain connection that one process leaves to the next, which finds its descriptor at `fd` of those left with it.
struct SavedStream {
  FiveTuple client;
  std::vector<std::byte> read;    // and not yet cut into frames
  std::vector<std::byte> unsent;  // queued; what the kernel has is not in it
  bool begun = false;
  uint32_t fd = 0;
};

// What waits to be written. Two buffers: one is being written while the other collects, so that many frames leave in
// one write. Media that does not fit is dropped, the newest first: what is queued is at most kStreamQueueBytesMax old.
class WriteQueue {
 public:
  enum class Verdict : uint8_t { kQueued, kDropped, kOverrun };

  // kDropped: media beyond the limit. kOverrun: a response beyond the second limit; the client reads nothing.
  Verdict add(Bytes frame);
  void restore(Bytes bytes) { collecting_.assign(bytes.begin(), bytes.end()); }
  // The bytes to write next; empty when there is nothing or a write is under way.
  Bytes begin_write();
  // The rest of what is being written; empty when it is done.
  Bytes written(size_t size);
  // All of it, in order.
  std::vector<std::byte> unsent() const;
  bool empty() const { return writing_.empty() && collecting_.empty(); }
  size_t size() const { return writing_.size() - offset_ + collecting_.size(); }

 private:
  std::vector<std::byte> writing_;
  size_t offset_ = 0;
  std::vector<std::byte> collecting_;
};

// What a connection's first bytes, at least one, make of it; nullopt: they begin a STUN message, as every connection of
// a client must: neither a channel nor a connection to a peer comes before a request.
std::optional<StreamEnd> judge_beginning(Bytes front);

// A client that speaks TURN no more, or not on this shard: its stream, on which nothing is pending, and what was read
// from it and not yet cut into frames.
struct StreamLeaver {
  io::Stream stream;
  FiveTuple five_tuple;
  ReadBuffer reads;
  StreamPlace place;
};
// Nothing: it has ended before what was queued for it could be written.
using Departure = absl::AnyInvocable<void(std::optional<StreamLeaver>)>;

struct StreamClient {
  StreamClient(io::Stream s, const FiveTuple& t, Mono now) : stream(std::move(s)), five_tuple(t), last_message(now) {}

  io::Stream stream;
  FiveTuple five_tuple;  // final once it is ready: a proxy may speak for another client, and plain become TLS
  Mono last_message;
  ReadBuffer reads;
  WriteQueue writes;
  Departure departure;   // to be called once its writes are done; reading is over
  bool ready = false;    // handshake done, and known to the host
  bool counted = false;  // it has a place of its source
  bool begun = false;    // its first bytes have been judged
  bool dirty = false;    // listed for the next flush
  bool leaving = false;  // closes once its writes are done
  bool doomed = false;   // an end has been posted
};

}  // namespace noom::turn
