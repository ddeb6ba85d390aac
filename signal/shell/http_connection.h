// One HTTP/1.1 connection: TLS handshake, requests one after another, until it ends or becomes a WebSocket. What
// requests are answered with is http_answer.* and fallback.*; deadlines are the shell's.
#pragma once

#include <memory>
#include <string>
#include <variant>

#include "common/io/stream.h"
#include "signal/shell/connection_id.h"
#include "signal/shell/http_answer.h"

namespace noom::signal {

// What a connection is waiting for, so that the shell can set a deadline. kLater: for answer(), or for more to stream.
enum class HttpPhase : uint8_t { kRequest, kBody, kAnswer, kLater };

// The request's body is read next: on_body or on_body_too_big follows, unless the client leaves.
struct BodyWanted {
  size_t bytes_max = 0;
};
// HttpConnection::answer follows.
struct AnswerLater {};
using HttpReply = std::variant<HttpAnswer, UpgradeAccepted, BodyWanted, AnswerLater>;

// Called on the shard's thread, from pending operations only.
class HttpEvents {
 public:
  // The handshake is done: `remote` is the client, behind a proxy too.
  virtual void on_client(ConnectionId connection, const IpEndpoint& remote) = 0;
  virtual void on_tls_handshake(Duration took) = 0;
  virtual void on_phase(ConnectionId connection, HttpPhase phase) = 0;
  // `request` is borrowed for the call. After UpgradeAccepted, on_upgrade follows at once.
  virtual HttpReply on_request(ConnectionId connection, const HttpRequest& request) = 0;
  // An HttpAnswer, or AnswerLater.
  virtual HttpReply on_body(ConnectionId connection, std::string body) = 0;
  virtual HttpAnswer on_body_too_big(ConnectionId connection) = 0;
  virtual void on_answered(const HttpAnswer& answer) = 0;
  // After an answer with `streams`, and after each write(): the next piece may be written.
  virtual void on_stream_ready(ConnectionId connection) = 0;
  virtual void on_upgrade(ConnectionId connection, io::Stream stream, const UpgradeAccepted& upgrade) = 0;
  // TLS, or the PROXY header before it: see io::refusal_of.
  virtual void on_handshake_failed(ConnectionId connection, boost::system::error_code error) = 0;
  // The last event, unless on_upgrade was.
  virtual void on_http_end(ConnectionId connection) = 0;

 protected:
  ~HttpEvents() = default;
};

constexpr size_t kHttpHeaderBytesMax = 16 * 1024;  // request line and fields; a longer one is answered 431

// Single-threaded. Pending operations keep it alive; `events` outlives it. Methods may be called from within events of
// other connections; on_http_end never comes from within one.
class HttpConnection {
 public:
  static std::shared_ptr<HttpConnection> serve(io::Stream stream, ConnectionId id, HttpEvents& events);
  virtual ~HttpConnection() = default;
  // An answer is being written.
  virtual bool is_answering() const = 0;
  // After AnswerLater, once.
  virtual void answer(HttpAnswer answer) = 0;
  // Of an answer with `streams`, after on_stream_ready.
  virtual void write(std::string piece) = 0;
  // The stream is complete; call after on_stream_ready. on_http_end follows when the client has closed, or after
  // abort().
  virtual void finish() = 0;
  // on_http_end follows.
  virtual void abort() = 0;
};

}  // namespace noom::signal
