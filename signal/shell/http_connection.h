// One HTTP/1.1 connection: TLS handshake, requests one after another, until it ends or becomes a WebSocket. What
// requests are answered with is http_answer.*; deadlines are the shell's.
#pragma once

#include <memory>
#include <variant>

#include "common/io/stream.h"
#include "signal/shell/connection_id.h"
#include "signal/shell/http_answer.h"

namespace noom::signal {

// What a connection is waiting for, so that the shell can set a deadline.
enum class HttpPhase : uint8_t { kRequest, kAnswer };

// Called on the shard's thread, from pending operations only.
class HttpEvents {
 public:
  // The handshake is done: `remote` is the client, behind a proxy too.
  virtual void on_client(ConnectionId connection, const IpEndpoint& remote) = 0;
  virtual void on_phase(ConnectionId connection, HttpPhase phase) = 0;
  // `request` is borrowed for the call. After UpgradeAccepted, on_upgrade follows at once.
  virtual std::variant<HttpAnswer, UpgradeAccepted> on_request(ConnectionId connection, const HttpRequest& request) = 0;
  virtual void on_answered(const HttpAnswer& answer) = 0;
  virtual void on_upgrade(ConnectionId connection, io::Stream stream, const UpgradeAccepted& upgrade) = 0;
  // TLS, or the PROXY header before it: see io::refusal_of.
  virtual void on_handshake_failed(ConnectionId connection, boost::system::error_code error) = 0;
  // The last event, unless on_upgrade was.
  virtual void on_http_end(ConnectionId connection) = 0;

 protected:
  ~HttpEvents() = default;
};

constexpr size_t kHttpHeaderBytesMax = 16 * 1024;  // request line and fields; a longer one is answered 431

// Single-threaded. Pending operations keep it alive; `events` outlives it.
class HttpConnection {
 public:
  static std::shared_ptr<HttpConnection> serve(io::Stream stream, ConnectionId id, HttpEvents& events);
  virtual ~HttpConnection() = default;
  // on_http_end follows.
  virtual void abort() = 0;
};

}  // namespace noom::signal
