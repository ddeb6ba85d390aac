#include "stun/shell/tcp_connection.h"

#include <cstring>
#include <utility>

#include "common/io/clocks.h"
#include "common/wire/channel_data.h"
#include "common/wire/stream_deframer.h"

namespace noom::stun {

using boost::system::error_code;

std::string_view to_string(CloseReason reason) {
  switch (reason) {
    case CloseReason::kClient:
      return "client";
    case CloseReason::kIdle:
      return "idle";
    case CloseReason::kNotStun:
      return "not_stun";
    case CloseReason::kTooLong:
      return "too_long";
    case CloseReason::kProxyHeader:
      return "proxy_header";
    case CloseReason::kError:
      return "error";
    case CloseReason::kCount:
      break;
  }
  return "unknown";
}

TcpConnection::TcpConnection(io::Stream stream, const AddressMatrix* matrix, uint8_t position, const Policy& policy,
                             Stats& stats, ClosedHandler closed)
    : stream_(std::move(stream)),
      arrival_{stream_.remote(), stream_.local(), Transport::kTcp, matrix, position},
      policy_(policy),
      stats_(stats),
      closed_(std::move(closed)),
      last_active_(io::read_clocks().mono) {}

void TcpConnection::close() {
  closed_ = nullptr;
  stream_.close();
}

void TcpConnection::start() {
  stream_.async_handshake(kPreambleDeadline, [self = shared_from_this()](error_code error) {
    if (error == boost::asio::error::eof) return self->end(CloseReason::kClient);
    if (error) return self->end(CloseReason::kProxyHeader);
    self->arrival_.client = self->stream_.remote();
    self->arrival_.local = self->stream_.local();
    self->read();
  });
}

void TcpConnection::read() {
  const auto room = boost::asio::buffer(in_.data() + in_size_, in_.size() - in_size_);
  stream_.async_read_some(room,
                          [self = shared_from_this()](error_code error, size_t size) { self->on_read(error, size); });
}

void TcpConnection::on_read(error_code error, size_t size) {
  if (error) return end(error == boost::asio::error::eof ? CloseReason::kClient : CloseReason::kError);
  in_size_ += size;
  answer_frames();
}

// Answers what is whole, as far as out_ has room; the rest waits for the write.
void TcpConnection::answer_frames() {
  size_t consumed = 0;
  out_size_ = 0;
  wire::Frame frame;
  while (out_.size() - out_size_ >= kStreamAnswerMax) {
    frame = wire::next_frame(Bytes(in_).subspan(consumed, in_size_ - consumed));
    if (frame.kind != wire::Frame::Kind::kStun) break;
    consumed += frame.consumed;
    last_active_ = io::read_clocks().mono;
    const auto outcome = respond(frame.bytes, arrival_, policy_, std::span(out_).subspan(out_size_));
    stats_.count(frame.bytes, outcome);
    if (const auto* answer = std::get_if<Answer>(&outcome)) out_size_ += answer->bytes.size();
  }
  in_size_ -= consumed;
  if (in_size_ > 0 && consumed > 0) std::memmove(in_.data(), in_.data() + consumed, in_size_);

  if (out_size_ > 0) return write(0);
  const bool not_stun = in_size_ > 0 && wire::classify(in_.front()) != wire::FirstByte::kStun;
  if (not_stun || frame.kind == wire::Frame::Kind::kInvalid) return end(CloseReason::kNotStun);
  if (in_size_ == in_.size()) return end(CloseReason::kTooLong);
  read();
}

void TcpConnection::write(size_t from) {
  stream_.async_write_some(boost::asio::buffer(out_.data() + from, out_size_ - from),
                           [self = shared_from_this(), from](error_code error, size_t size) {
                             if (error) return self->end(CloseReason::kError);
                             if (from + size < self->out_size_) return self->write(from + size);
                             self->answer_frames();
                           });
}

void TcpConnection::end(CloseReason reason) {
  if (const ClosedHandler closed = std::exchange(closed_, nullptr)) closed(reason);
  stream_.close();  // last: who sees the end finds it counted
}

}  // namespace noom::stun
