// Beast's WebSocket over io::Stream. Beast's own message limit closes without a word and its own timers cost memory for
// each connection: messages are read in pieces here, and deadlines are the shell's.
#include "signal/shell/web_socket.h"

#include <array>
#include <boost/asio/bind_executor.hpp>
#include <boost/beast/core/role.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/websocket/error.hpp>
#include <boost/beast/websocket/stream.hpp>
#include <boost/beast/websocket/teardown.hpp>
#include <utility>
#include <vector>

#include "signal/core/settings.h"

namespace noom::io {

// How Beast ends a stream that is not one of Asio's own. Found by argument-dependent lookup.
constexpr Duration kGoodbye = std::chrono::seconds(2);

inline void beast_close_socket(Stream& stream) {
  stream.close();
}
inline void teardown(boost::beast::role_type, Stream& stream, boost::system::error_code& error) {
  error = {};
  stream.close();
}
template <typename Handler>
void async_teardown(boost::beast::role_type, Stream& stream, Handler&& handler) {
  stream.async_shutdown(
      kGoodbye, [h = std::forward<Handler>(handler)](boost::system::error_code error) mutable { std::move(h)(error); });
}

}  // namespace noom::io

namespace noom::signal {
namespace {

namespace beast = boost::beast;
namespace http = boost::beast::http;
namespace websocket = boost::beast::websocket;
using boost::system::error_code;

constexpr size_t kFirstPieceBytes = 512;  // held by every idle connection: most messages fit
constexpr size_t kPieceBytes = 4096;      // for the rest of a longer one
constexpr size_t kKeptQueue = 8;          // entries whose room an empty queue keeps

class BeastWebSocket final : public WebSocket, public std::enable_shared_from_this<BeastWebSocket> {
 public:
  BeastWebSocket(io::Stream stream, ConnectionId id, WebSocketLimits limits, WebSocketEvents& events, ShellStats& stats)
      : stream_(std::move(stream)), id_(id), limits_(limits), events_(events), stats_(stats) {}

  void start(std::string_view key) {
    http::request<http::empty_body> request(http::verb::get, "/ws", 11);
    request.set(http::field::host, "noom-signal");
    request.set(http::field::connection, "upgrade");
    request.set(http::field::upgrade, "websocket");
    request.set(http::field::sec_websocket_version, "13");
    request.set(http::field::sec_websocket_key, boost::core::string_view(key.data(), key.size()));
    stream_.set_option(websocket::stream_base::decorator([](websocket::response_type& response) {
      response.set(http::field::server, "noom-signal");
      response.set(http::field::sec_websocket_protocol, boost::core::string_view(kProtocol.data(), kProtocol.size()));
    }));
    stream_.auto_fragment(false);
    stream_.read_message_max(0);
    stream_.text(true);
    stream_.control_callback([this](websocket::frame_type type, beast::string_view) {
      if (type != websocket::frame_type::close && !closing_) events_.on_alive(id_);
    });
    stream_.async_accept(request, [self = shared_from_this()](error_code error) { self->on_accept(error); });
  }

  bool send(const Delivery& delivery) override {
    if (closing_ || ended_) return true;
    if (delivery.subject != 0 && queued_bytes_ > limits_.coalesce_bytes) supersede(delivery.subject);
    queued_bytes_ += delivery.text->size();
    stats_.queued_bytes.add(delivery.text->size());
    queue_.push_back({delivery.text, delivery.subject, delivery.stub});
    const bool fits = queued_bytes_ <= limits_.outbound_bytes_max;
    pump();
    return fits;
  }

  void ping() override {
    if (pinging_ || closing_ || ended_) return;
    pinging_ = true;
    stream_.async_ping({}, [self = shared_from_this()](error_code) { self->pinging_ = false; });
  }

  void close(CloseCode code, std::string_view reason, Queue queue) override {
    if (closing_ || ended_) return;
    closing_ = true;
    close_code_ = code;
    close_reason_ = reason;
    message_ = {};
    if (queue == Queue::kDrop) {
      while (queue_.size() > sent_ + (writing_ ? 1 : 0)) {
        forget_bytes(queue_.back().text->size());
        queue_.pop_back();
      }
    }
    pump();
  }

  void abort() override { stream_.next_layer().close(); }

 private:
  void on_accept(error_code error) {
    accepted_ = !error;
    if (error) return end(error);
    events_.on_accepted(id_);
    read();
    pump();
  }

  // ---- in ----

  void read() {
    size_t held = message_.size();
    boost::asio::mutable_buffer room(first_piece_.data(), first_piece_.size());
    if (held > 0) {
      message_.resize(held + kPieceBytes);
      room = {message_.data() + held, kPieceBytes};
    }
    stream_.async_read_some(
        room, [self = shared_from_this(), held](error_code error, size_t size) { self->on_read(error, held, size); });
  }

  void on_read(error_code error, size_t held, size_t size) {
    if (error) return end(error);
    stats_.received_bytes.add(size);
    if (closing_) {
      message_ = {};
      return read();
    }
    message_.resize(held > 0 ? held + size : 0);
    if (held + size > limits_.frame_bytes_max) {
      message_ = {};
      events_.on_oversize(id_);
    } else if (!stream_.is_message_done()) {
      if (held == 0) message_.assign(first_piece_.data(), size);
    } else {
      const std::string whole = std::exchange(message_, {});
      dispatch(held > 0 ? std::string_view(whole) : std::string_view(first_piece_.data(), size));
    }
    if (!ended_) read();
  }

  void dispatch(std::string_view message) {
    if (stream_.got_binary()) {
      events_.on_binary(id_);
    } else {
      events_.on_text(id_, message);
    }
  }

  void end(error_code error) {
    if (std::exchange(ended_, true)) return;
    stream_.next_layer().close();
    message_ = {};
    stats_.queued_bytes.subtract(queued_bytes_);
    events_.on_end(id_, label_of(error));
  }

  size_t label_of(error_code error) const {
    if (closing_) return close_label(static_cast<uint16_t>(close_code_));
    if (error == websocket::error::closed) return kClosedByClient;
    if (error == websocket::error::bad_frame_payload) return close_label(static_cast<uint16_t>(CloseCode::kBadUtf8));
    if (error == websocket::condition::protocol_violation)
      return close_label(static_cast<uint16_t>(CloseCode::kProtocolError));
    return kClosedByLoss;
  }

  // ---- out ----

  void pump() {
    if (writing_ || !accepted_ || ended_) return;
    if (sent_ < queue_.size()) {
      writing_ = true;
      stream_.async_write(boost::asio::buffer(*queue_[sent_].text),
                          [self = shared_from_this()](error_code error, size_t size) { self->on_write(error, size); });
    } else if (closing_ && !std::exchange(close_sent_, true)) {
      const websocket::close_reason reason(static_cast<websocket::close_code>(close_code_),
                                           boost::core::string_view(close_reason_.data(), close_reason_.size()));
      stream_.async_close(reason, [self = shared_from_this()](error_code) { self->stream_.next_layer().close(); });
    }
  }

  void on_write(error_code error, size_t size) {
    writing_ = false;
    stats_.sent_bytes.add(size);
    if (ended_) return;
    forget_bytes(queue_[sent_].text->size());
    queue_[sent_++] = {};
    if (sent_ == queue_.size()) {
      sent_ = 0;
      queue_.clear();
      if (queue_.capacity() > kKeptQueue) queue_.shrink_to_fit();
    }
    // The pending read then ends, and with it the connection.
    if (error) return stream_.next_layer().close();
    pump();
  }

  // What nobody has begun to send.
  void supersede(uint64_t subject) {
    for (size_t i = sent_ + (writing_ ? 1 : 0); i < queue_.size(); ++i) {
      Queued& queued = queue_[i];
      if (queued.subject != subject) continue;
      forget_bytes(queued.text->size() - queued.stub->size());
      queued = {std::move(queued.stub), 0, nullptr};
      stats_.superseded.add();
    }
  }

  void forget_bytes(size_t bytes) {
    queued_bytes_ -= bytes;
    stats_.queued_bytes.subtract(bytes);
  }

  websocket::stream<io::Stream, false> stream_;  // false: no permessage-deflate, nor its state
  const ConnectionId id_;
  const WebSocketLimits limits_;
  WebSocketEvents& events_;
  ShellStats& stats_;

  std::array<char, kFirstPieceBytes> first_piece_;
  std::string message_;  // what has come of a message longer than the first piece

  struct Queued {
    std::shared_ptr<const std::string> text;
    uint64_t subject = 0;  // not 0: with a stub, which is shorter
    std::shared_ptr<const std::string> stub;
  };
  std::vector<Queued> queue_;  // [sent_] is being written when writing_
  size_t sent_ = 0;
  size_t queued_bytes_ = 0;
  std::string_view close_reason_;
  CloseCode close_code_ = CloseCode::kNormal;
  bool accepted_ = false;
  bool writing_ = false;
  bool pinging_ = false;
  bool closing_ = false;
  bool close_sent_ = false;
  bool ended_ = false;
};

}  // namespace

std::shared_ptr<WebSocket> WebSocket::accept(io::Stream stream, std::string_view key, ConnectionId id,
                                             WebSocketLimits limits, WebSocketEvents& events, ShellStats& stats) {
  auto socket = std::make_shared<BeastWebSocket>(std::move(stream), id, limits, events, stats);
  socket->start(key);
  return socket;
}

}  // namespace noom::signal
