#include "signal/shell/poll_carrier.h"

#include <utility>

namespace noom::signal {
namespace {

constexpr size_t kAnswerBytes = 256 * 1024;  // of texts; at least one is given

}  // namespace

std::string PollCarrier::first_answer() const {
  return R"({"connection":")" + name_ + R"("})";
}

HttpReply PollCarrier::poll(uint64_t cursor, ConnectionId connection, Answer answer, std::string cors) {
  if (cursor < arrived_ || cursor - arrived_ > queue_.taken()) {
    HttpAnswer refusal = refuse_fallback(409, "bad_cursor", "The cursor is behind an earlier one, or ahead.", cors);
    refusal.close = false;
    return refusal;
  }
  queue_.release(cursor - arrived_);
  arrived_ = cursor;
  if (!closing_) events_.on_alive(id_);
  if (waiting_.answer) answer_waiting();
  if (queue_.size() > 0 || closing_) return build_answer(cors);
  waiting_ = {connection, std::move(answer), std::move(cors)};
  return AnswerLater{};
}

void PollCarrier::on_wait_over(ConnectionId connection) {
  if (waiting_.answer && waiting_.connection == connection) answer_waiting();
}

bool PollCarrier::send(const Delivery& delivery) {
  if (closing_) return true;
  const bool fits = queue_.push(delivery);
  answer_soon();
  return fits;
}

// The sign of life is the next poll.
void PollCarrier::ping() {
  answer_soon();
}

void PollCarrier::close(CloseCode code, std::string_view reason, Queue queue) {
  if (closing_) return;
  closing_ = true;
  close_code_ = code;
  close_reason_ = reason;
  if (queue == Queue::kDrop) queue_.drop_waiting();
  answer_soon();
}

void PollCarrier::abort() {
  if (std::exchange(aborted_, true)) return;
  later([self = shared_from_this()] {
    if (self->waiting_.answer) self->answer_waiting();
    self->events_.on_end(self->id_,
                         self->closing_ ? close_label(static_cast<uint16_t>(self->close_code_)) : kClosedByLoss);
  });
}

void PollCarrier::on_gone(ConnectionId connection) {
  if (waiting_.connection == connection) waiting_ = {};
}

HttpAnswer PollCarrier::build_answer(const std::string& cors) {
  queue_.take(kAnswerBytes);
  std::string body = R"({"cursor":)" + std::to_string(arrived_ + queue_.taken()) + R"(,"messages":[)";
  for (size_t i = 0; i < queue_.taken(); ++i) {
    if (i > 0) body += ',';
    body += queue_.at(i);
  }
  body += ']';
  if (closing_ && queue_.taken() == queue_.size()) body += R"(,"close":)" + close_json();
  body += '}';
  stats_.sent_bytes.add(body.size());
  return answer_json(std::move(body), cors);
}

// What the hub says in one go, a message and the close after it, is one answer.
void PollCarrier::answer_soon() {
  if (!waiting_.answer || std::exchange(is_due_, true)) return;
  later([self = shared_from_this()] {
    self->is_due_ = false;
    if (self->waiting_.answer) self->answer_waiting();
  });
}

void PollCarrier::answer_waiting() {
  const Waiting waiting = std::exchange(waiting_, {});
  waiting.answer(build_answer(waiting.cors));
}

}  // namespace noom::signal
