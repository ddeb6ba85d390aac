// A session whose texts are fetched by long polls. A poll names how many texts have arrived (its cursor): an answer
// that was lost is given again.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "signal/shell/fallback_request.h"
#include "signal/shell/http_carrier.h"

namespace noom::signal {

class PollCarrier final : public HttpCarrier, public std::enable_shared_from_this<PollCarrier> {
 public:
  using HttpCarrier::HttpCarrier;

  // What the client is told when it opens.
  std::string first_answer() const;
  using Answer = std::function<void(HttpAnswer)>;
  // Answers at once when there is something to say; otherwise `answer` is called later, or never, if the carrier ends
  // otherwise. A poll that waits already is answered with nothing. `connection`: that on_gone and on_wait_over name;
  // invalid for a poll that has come to another node.
  HttpReply poll(uint64_t cursor, ConnectionId connection, Answer answer, std::string cors);
  // The poll over that connection has waited long enough.
  void on_wait_over(ConnectionId connection);

  CarrierKind kind() const override { return CarrierKind::kPoll; }
  bool send(const Delivery& delivery) override;
  void ping() override;
  void close(CloseCode code, std::string_view reason, Queue queue) override;
  // Its end is reported by a handler of its own.
  void abort() override;
  void on_gone(ConnectionId connection) override;

 private:
  HttpAnswer build_answer(const std::string& cors);
  void answer_soon();
  void answer_waiting();

  struct Waiting {
    ConnectionId connection;
    Answer answer;  // empty: nobody waits
    std::string cors;
  };
  Waiting waiting_;
  uint64_t arrived_ = 0;  // texts that the client has said to have
  bool is_due_ = false;   // answer_soon() has been called
  bool aborted_ = false;
};

}  // namespace noom::signal
