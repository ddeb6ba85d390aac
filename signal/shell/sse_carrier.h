// A session whose texts go out as an event stream (WHATWG HTML §9.2), one event each.
#pragma once

#include <memory>
#include <string>

#include "signal/shell/http_carrier.h"

namespace noom::signal {

class SseCarrier final : public HttpCarrier, public std::enable_shared_from_this<SseCarrier> {
 public:
  using HttpCarrier::HttpCarrier;

  // Before anything is sent: the connection whose answer is the stream.
  void begin(ConnectionId connection, std::shared_ptr<HttpConnection> http);
  // What the stream begins with: how the client is to call it.
  std::string first_event() const;
  // The connection can take the next piece.
  void on_ready();

  CarrierKind kind() const override { return CarrierKind::kSse; }
  bool send(const Delivery& delivery) override;
  void ping() override;
  void close(CloseCode code, std::string_view reason, Queue queue) override;
  void abort() override;
  // A page that is closed ends its stream and says bye at once, over connections of their own: it is heard for a
  // moment.
  void on_gone(ConnectionId connection) override;

 private:
  void pump();
  void end();
  void end_later();

  ConnectionId connection_;
  std::shared_ptr<HttpConnection> http_;
  uint64_t sent_ = 0;  // events with an id
  bool ready_ = false;
  bool ping_due_ = false;
  bool close_sent_ = false;
  bool finished_ = false;
  bool aborted_ = false;
  bool ended_ = false;
};

// One event; `text` may hold line ends.
void append_event(std::string& to, std::string_view event, uint64_t id, std::string_view text);

}  // namespace noom::signal
