// What brings one session's texts to its client and back: a WebSocket, an event stream with POSTs, or long polls with
// POSTs. The hub sees no difference between them.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "common/base/handle.h"
#include "signal/core/output.h"

namespace noom::signal {

struct CarrierTag;
using CarrierId = Handle<CarrierTag>;

enum class CarrierKind : uint8_t { kWebSocket, kSse, kPoll, kCount };
constexpr std::array<std::string_view, 3> kCarrierLabels = {"websocket", "sse", "poll"};

struct CarrierLimits {
  size_t frame_bytes_max = 0;     // of a received message, and of the body of a POST
  size_t outbound_bytes_max = 0;  // queued for one client
  size_t coalesce_bytes = 0;      // beyond so many, texts that a later one makes pointless are replaced by their stubs
};

// Called on the shard's thread.
class CarrierEvents {
 public:
  // Texts can come and go; until then the opening has a deadline.
  virtual void on_accepted(CarrierId id) = 0;
  // `text` is borrowed for the call.
  virtual void on_text(CarrierId id, std::string_view text) = 0;
  virtual void on_binary(CarrierId id) = 0;
  // The message in the course of being received exceeds the limit; it is discarded, and nothing more is received.
  virtual void on_oversize(CarrierId id) = 0;
  // A sign of life that is no message: a ping or pong, a poll.
  virtual void on_alive(CarrierId id) = 0;
  // The client can be told nothing more; what it has said last may still come. abort() follows.
  virtual void on_deaf(CarrierId id) = 0;
  // The last event. `label` indexes kCloseLabels.
  virtual void on_end(CarrierId id, size_t label) = 0;

 protected:
  ~CarrierEvents() = default;
};

// Single-threaded, on the shard's thread. Events never come from within one of these calls.
class Carrier {
 public:
  virtual ~Carrier() = default;
  virtual CarrierKind kind() const = 0;
  // Queues the delivery's text. False when the queue has grown beyond its limit: the reader is too slow, close it.
  // Ignored once closing.
  virtual bool send(const Delivery& delivery) = 0;
  // Asks the client for a sign of life.
  virtual void ping() = 0;
  enum class Queue : uint8_t { kFlush, kDrop };
  // Sends what is queued (or only what is half sent), then code and reason; on_end follows when the client has taken
  // them, or after abort(). `reason` is a literal.
  virtual void close(CloseCode code, std::string_view reason, Queue queue) = 0;
  // Now, without goodbye; on_end follows.
  virtual void abort() = 0;
};

}  // namespace noom::signal
