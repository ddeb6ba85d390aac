// One WebSocket connection: whole messages in, shared texts out, a bounded queue between. RFC 6455 is Beast's, in
// web_socket.cc, the only unit that includes it; what messages mean is the hub's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "common/io/stream.h"
#include "signal/core/output.h"
#include "signal/shell/connection_id.h"
#include "signal/shell/shell_stats.h"

namespace noom::signal {

// Called on the shard's thread, from pending operations only.
class WebSocketEvents {
 public:
  virtual void on_accepted(ConnectionId id) = 0;
  // `text` is borrowed for the call.
  virtual void on_text(ConnectionId id, std::string_view text) = 0;
  virtual void on_binary(ConnectionId id) = 0;
  // The message in the course of being received exceeds the limit; it is discarded, and nothing more is received.
  virtual void on_oversize(ConnectionId id) = 0;
  // A ping or pong came.
  virtual void on_alive(ConnectionId id) = 0;
  // The last event. `label` indexes kCloseLabels.
  virtual void on_end(ConnectionId id, size_t label) = 0;

 protected:
  ~WebSocketEvents() = default;
};

struct WebSocketLimits {
  size_t frame_bytes_max = 0;     // of a received message
  size_t outbound_bytes_max = 0;  // queued for this connection
  size_t coalesce_bytes = 0;      // beyond so many, texts that a later one makes pointless are replaced by their stubs
};

// Single-threaded. Holds no buffer beyond a few hundred bytes while nothing is on its way. Pending operations keep it
// alive; `events` and `stats` outlive it.
class WebSocket {
 public:
  // Answers the upgrade whose Sec-WebSocket-Key is `key`, with the subprotocol noom.v1, and begins to receive.
  static std::shared_ptr<WebSocket> accept(io::Stream stream, std::string_view key, ConnectionId id,
                                           WebSocketLimits limits, WebSocketEvents& events, ShellStats& stats);
  virtual ~WebSocket() = default;

  // Queues the delivery's text. False when the queue has grown beyond its limit: the reader is too slow, close it.
  // Ignored once closing.
  virtual bool send(const Delivery& delivery) = 0;
  virtual void ping() = 0;
  enum class Queue : uint8_t { kFlush, kDrop };
  // Sends what is queued (or only what is half sent), then the close frame; on_end follows when the client has answered
  // it, or after abort().
  virtual void close(CloseCode code, std::string_view reason, Queue queue) = 0;
  // Now, without goodbye; on_end follows.
  virtual void abort() = 0;
};

}  // namespace noom::signal
