// The stream is written piece by piece; while one is on its way, what comes waits in the queue.
#include "signal/shell/sse_carrier.h"

#include <algorithm>
#include <utility>

namespace noom::signal {
namespace {

constexpr size_t kPieceBytes = 32 * 1024;

}  // namespace

void append_event(std::string& to, std::string_view event, uint64_t id, std::string_view text) {
  if (!event.empty()) to.append("event: ").append(event).append("\n");
  if (id != 0) to.append("id: ").append(std::to_string(id)).append("\n");
  // Line ends between JSON's tokens are as good as any other.
  for (;;) {
    const size_t end = std::min(text.find_first_of("\r\n"), text.size());
    to.append("data: ").append(text.substr(0, end)).append("\n");
    if (end == text.size()) break;
    text.remove_prefix(end + 1);
  }
  to.append("\n");
}

void SseCarrier::begin(ConnectionId connection, std::shared_ptr<HttpConnection> http) {
  connection_ = connection;
  http_ = std::move(http);
}

std::string SseCarrier::first_event() const {
  std::string first;
  append_event(first, "open", 0, R"({"connection":")" + name_ + R"("})");
  return first;
}

void SseCarrier::on_ready() {
  ready_ = true;
  queue_.release(queue_.taken());
  if (close_sent_ && !std::exchange(finished_, true)) return http_->finish();
  pump();
}

bool SseCarrier::send(const Delivery& delivery) {
  if (closing_) return true;
  const bool fits = queue_.push(delivery);
  pump();
  return fits;
}

void SseCarrier::ping() {
  if (closing_) return;
  ping_due_ = true;
  pump();
}

void SseCarrier::close(CloseCode code, std::string_view reason, Queue queue) {
  if (closing_) return;
  closing_ = true;
  close_code_ = code;
  close_reason_ = reason;
  if (queue == Queue::kDrop) queue_.drop_waiting();
  http_ ? pump() : end_later();
}

void SseCarrier::abort() {
  aborted_ = true;
  http_ ? http_->abort() : end_later();
}

void SseCarrier::on_gone(ConnectionId) {
  http_ = nullptr;
  closing_ || aborted_ ? end() : events_.on_deaf(id_);
}

void SseCarrier::end() {
  if (std::exchange(ended_, true)) return;
  events_.on_end(id_, closing_ ? close_label(static_cast<uint16_t>(close_code_)) : kClosedByLoss);
}

// Events never come from within a call.
void SseCarrier::end_later() {
  later([self = shared_from_this()] { self->end(); });
}

void SseCarrier::pump() {
  if (!ready_ || close_sent_ || http_ == nullptr) return;
  std::string piece;
  queue_.take(kPieceBytes);
  for (size_t i = 0; i < queue_.taken(); ++i) append_event(piece, "", ++sent_, queue_.at(i));
  if (std::exchange(ping_due_, false)) append_event(piece, "ping", 0, "{}");
  if (closing_ && queue_.taken() == queue_.size()) {
    append_event(piece, "close", 0, close_json());
    close_sent_ = true;
  }
  if (piece.empty()) return;
  ready_ = false;
  stats_.sent_bytes.add(piece.size());
  http_->write(std::move(piece));
}

}  // namespace noom::signal
