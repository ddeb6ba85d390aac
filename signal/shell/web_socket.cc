// Beast's WebSocket over io::Stream. Beast's own message limit closes without a word and its own timers cost memory for
// each connection: messages are read in pieces here, and deadlines are the shell's.
#include "signal/shell/web_socket.h"

#include <array>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/post.hpp>
#include <boost/beast/core/role.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/websocket/error.hpp>
#include <boost/beast/websocket/stream.hpp>
#include <boost/beast/websocket/teardown.hpp>
#include <utility>

#include "signal/core/settings.h"
#include "signal/shell/frame_head.h"
#include "signal/shell/gathering_stream.h"
#include "signal/shell/outbound_queue.h"

namespace noom::signal {

// How Beast ends a stream that is not one of Asio's own. Found by argument-dependent lookup.
constexpr Duration kGoodbye = std::chrono::seconds(2);

inline void beast_close_socket(GatheringStream& stream) {
  stream.close();
}
inline void teardown(boost::beast::role_type, GatheringStream& stream, boost::system::error_code& error) {
  error = {};
  stream.close();
}
template <typename Handler>
void async_teardown(boost::beast::role_type, GatheringStream& stream, Handler&& handler) {
  stream.async_shutdown(
      kGoodbye, [h = std::forward<Handler>(handler)](boost::system::error_code error) mutable { std::move(h)(error); });
}

namespace {

namespace beast = boost::beast;
namespace http = boost::beast::http;
namespace websocket = boost::beast::websocket;
using boost::system::error_code;

constexpr size_t kFirstPieceBytes = 512;   // held by every idle connection: most messages fit
constexpr size_t kPieceBytes = 4096;       // for the rest of a longer one
constexpr size_t kBatchBytes = 16 * 1024;  // of texts that leave together
constexpr uint8_t kTurnsMax = 8;           // of the loop that a text waits for others, while others come in each

// kDeflates: permessage-deflate (RFC 7692) where the client offers it, each message compressed for itself.
template <bool kDeflates>
class BeastWebSocket final : public Carrier, public std::enable_shared_from_this<BeastWebSocket<kDeflates>> {
 public:
  BeastWebSocket(io::Stream stream, CarrierId id, const CarrierLimits& limits, CarrierEvents& events, ShellStats& stats)
      : stream_(std::move(stream)), id_(id), limits_(limits), events_(events), stats_(stats), queue_(limits, stats) {}

  CarrierKind kind() const override { return CarrierKind::kWebSocket; }

  void start(const UpgradeAccepted& upgrade) {
    http::request<http::empty_body> request(http::verb::get, "/ws", 11);
    request.set(http::field::host, "noom-signal");
    request.set(http::field::connection, "upgrade");
    request.set(http::field::upgrade, "websocket");
    request.set(http::field::sec_websocket_version, "13");
    request.set(http::field::sec_websocket_key, upgrade.key);
    if constexpr (kDeflates) {
      if (!upgrade.extensions.empty()) request.set(http::field::sec_websocket_extensions, upgrade.extensions);
      stream_.set_option(deflate_option());
    }
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
    stream_.async_accept(request, [self = this->shared_from_this()](error_code error) { self->on_accept(error); });
  }

  bool send(const Delivery& delivery) override {
    if (closing_ || ended_) return true;
    const bool fits = queue_.push(delivery);
    pump_soon();
    return fits;
  }

  void ping() override {
    if (pinging_ || closing_ || ended_) return;
    pinging_ = true;
    stream_.async_ping({}, [self = this->shared_from_this()](error_code) { self->pinging_ = false; });
  }

  void close(CloseCode code, std::string_view reason, Queue queue) override {
    if (closing_ || ended_) return;
    closing_ = true;
    close_code_ = code;
    close_reason_ = reason;
    message_ = {};
    if (queue == Queue::kDrop) queue_.drop_waiting();
    pump();
  }

  void abort() override { stream_.next_layer().close(); }

 private:
  // Without state from one message to the next, and with small windows: memory for each connection stays small.
  static websocket::permessage_deflate deflate_option() {
    websocket::permessage_deflate option;
    option.server_enable = true;
    option.server_no_context_takeover = true;
    option.client_no_context_takeover = true;
    option.server_max_window_bits = 12;
    option.memLevel = 4;
    option.compLevel = 6;
    return option;
  }

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
    stream_.async_read_some(room, [self = this->shared_from_this(), held](error_code error, size_t size) {
      self->on_read(error, held, size);
    });
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

  // Once what has come by now is dealt with, and what that brings: a room's messages to one member leave together.
  void pump_soon() {
    if (writing_ || !accepted_ || std::exchange(pump_is_due_, true)) return;
    turns_ = 0;
    wait_a_turn();
  }

  void wait_a_turn() {
    boost::asio::post(stream_.get_executor(), [self = this->shared_from_this(), size = queue_.size()] {
      if (self->queue_.size() > size && ++self->turns_ < kTurnsMax) return self->wait_a_turn();
      self->pump_is_due_ = false;
      self->pump();
    });
  }

  void pump() {
    if (writing_ || !accepted_ || ended_ || !stream_.is_open()) return;  // not behind a close frame
    if (queue_.take(kBatchBytes) > 0) {
      writing_ = true;
      batch_left_ = queue_.taken();
      write();
    } else if (closing_ && !std::exchange(close_sent_, true)) {
      const websocket::close_reason reason(static_cast<websocket::close_code>(close_code_),
                                           boost::core::string_view(close_reason_.data(), close_reason_.size()));
      stream_.async_close(reason,
                          [self = this->shared_from_this()](error_code) { self->stream_.next_layer().close(); });
    }
  }

  // What Beast has to do for a text that is not compressed, it does with much ceremony.
  void write() {
    if constexpr (kDeflates) {
      const std::string& text = queue_.at(queue_.taken() - batch_left_);
      stream_.async_write(boost::asio::buffer(text), [self = this->shared_from_this()](error_code error, size_t) {
        --self->batch_left_;
        if (error || self->ended_) return self->on_batch(error);
        self->batch_left_ > 0 ? self->write() : self->flush();
      });
    } else {
      for (; batch_left_ > 0; --batch_left_) {
        const std::string& text = queue_.at(queue_.taken() - batch_left_);
        const FrameHead head = text_frame_head(text.size());
        stream_.next_layer().append(head.view(), text);
      }
      flush();
    }
  }

  void flush() {
    stream_.next_layer().flush([self = this->shared_from_this()](error_code error) { self->on_batch(error); });
  }

  void on_batch(error_code error) {
    writing_ = false;
    if (ended_) return;
    if (error) return stream_.next_layer().close();  // the pending read then ends, and with it the connection
    for (size_t i = 0; i < queue_.taken(); ++i) stats_.sent_bytes.add(queue_.at(i).size());
    queue_.release(queue_.taken());
    queue_.size() > 0 ? pump_soon() : pump();
  }

  websocket::stream<GatheringStream, kDeflates> stream_;  // false: nor the state for it
  const CarrierId id_;
  const CarrierLimits& limits_;
  CarrierEvents& events_;
  ShellStats& stats_;

  std::array<char, kFirstPieceBytes> first_piece_;
  std::string message_;  // what has come of a message longer than the first piece

  OutboundQueue queue_;    // its taken ones are being written when writing_
  size_t batch_left_ = 0;  // of these, how many are not framed yet
  std::string_view close_reason_;
  CloseCode close_code_ = CloseCode::kNormal;
  bool accepted_ = false;
  bool pump_is_due_ = false;
  uint8_t turns_ = 0;
  bool writing_ = false;
  bool pinging_ = false;
  bool closing_ = false;
  bool close_sent_ = false;
  bool ended_ = false;
};

}  // namespace

std::shared_ptr<Carrier> accept_web_socket(io::Stream stream, const UpgradeAccepted& upgrade, bool deflates,
                                           CarrierId id, const CarrierLimits& limits, CarrierEvents& events,
                                           ShellStats& stats) {
  const auto start = [&]<bool kDeflates>(std::bool_constant<kDeflates>) -> std::shared_ptr<Carrier> {
    auto socket = std::make_shared<BeastWebSocket<kDeflates>>(std::move(stream), id, limits, events, stats);
    socket->start(upgrade);
    return socket;
  };
  return deflates ? start(std::true_type()) : start(std::false_type());
}

}  // namespace noom::signal
