#include "signal/shell/forwarding.h"

#include <utility>
#include <vector>

namespace noom::signal {
namespace {

HttpAnswer refuse_unreachable(std::string_view cors) {
  return refuse_fallback(503, "unavailable", "The node that has this connection does not answer.", cors, 1);
}

}  // namespace

void Forwarding::use(NodeId self, Publish publish) {
  self_ = std::move(self);
  publish_ = std::move(publish);
}

HttpReply Forwarding::on_request(ConnectionId connection, const std::shared_ptr<HttpConnection>& http,
                                 const FallbackRequest& asked, NodeId to, size_t body_bytes_max) {
  const auto of_one = of_one_.find(asked.connection);
  if (forwards_.size() >= kForwardsMax || (of_one != of_one_.end() && of_one->second >= kForwardsOfOneMax)) {
    stats_.forwards[ForwardOutcome::kTooMany].add();
    return refuse_fallback(429, "rate_limited", "Too many requests for another node at once.", asked.cors, 1);
  }
  ++of_one_[asked.connection];
  const Forward& forward = forwards_
                               .insert_or_assign(connection.index, Forward{next_id_++, connection, http, asked,
                                                                           std::move(to), body_bytes_max})
                               .first->second;
  if (asked.verb == FallbackVerb::kPost) return BodyWanted{body_bytes_max};
  if (pass_on(forward, PassedRequest::What::kPoll, {})) return AnswerLater{};
  forget(connection);
  return refuse_unreachable(asked.cors);
}

HttpReply Forwarding::on_body(ConnectionId connection, std::string body) {
  const Forward& forward = forwards_.at(connection.index);
  if (pass_on(forward, PassedRequest::What::kPost, std::move(body))) return AnswerLater{};
  return refuse_unreachable(forward.asked.cors);
}

HttpAnswer Forwarding::on_body_too_big(ConnectionId connection) {
  const Forward& forward = forwards_.at(connection.index);
  pass_on(forward, PassedRequest::What::kPostTooBig, {});
  return refuse_too_big(forward.body_bytes_max, forward.asked.cors);
}

bool Forwarding::is_waiting(ConnectionId connection) const {
  const auto found = forwards_.find(connection.index);
  return found != forwards_.end() && waiting_.contains(found->second.id);
}

// A poll is answered with nothing: what the other node may be saying just now it says again to the next one.
void Forwarding::on_wait_over(ConnectionId connection) {
  const Forward& forward = forwards_.at(connection.index);
  const std::shared_ptr<HttpConnection> http = forward.http;
  const FallbackRequest asked = forward.asked;
  forget(connection);
  if (asked.verb == FallbackVerb::kPoll)
    return http->answer(answer_json(R"({"cursor":)" + std::to_string(asked.number) + R"(,"messages":[]})", asked.cors));
  stats_.forwards[ForwardOutcome::kUnanswered].add();
  http->answer(refuse_unreachable(asked.cors));
}

Duration Forwarding::patience(ConnectionId connection, Duration poll_wait) const {
  return forwards_.at(connection.index).asked.verb == FallbackVerb::kPoll ? poll_wait : kForwardPatience;
}

void Forwarding::forget(ConnectionId connection) {
  const auto found = forwards_.find(connection.index);
  if (found == forwards_.end()) return;
  waiting_.erase(found->second.id);
  const auto of_one = of_one_.find(found->second.asked.connection);
  if (--of_one->second == 0) of_one_.erase(of_one);
  forwards_.erase(found);
}

void Forwarding::on_answer(const PassedAnswer& answer) {
  const auto waiting = waiting_.find(answer.id);
  if (waiting == waiting_.end()) return;
  const Forward forward = forwards_.at(waiting->second);
  forget(forward.connection);
  stats_.forwards[ForwardOutcome::kAnswered].add();
  HttpAnswer told =
      answer.status == 204 ? answer_nothing(forward.asked.cors) : answer_json(answer.body, forward.asked.cors);
  told.status = answer.status;
  forward.http->answer(std::move(told));
}

void Forwarding::drop(const std::function<bool(const NodeId&)>& is_gone) {
  std::vector<Forward> dropped;
  for (const auto& [id, index] : waiting_) {
    const Forward& forward = forwards_.at(index);
    if (is_gone(forward.to)) dropped.push_back(forward);
  }
  for (const Forward& forward : dropped) {
    forget(forward.connection);
    stats_.forwards[ForwardOutcome::kUnanswered].add();
    forward.http->answer(refuse_wrong_node(forward.asked.cors));
  }
}

bool Forwarding::pass_on(const Forward& forward, PassedRequest::What what, std::string body) {
  const bool taken = publish_(forward.to, encode(PassedRequest{forward.id, self_, what, forward.asked.connection,
                                                               forward.asked.number, std::move(body)}));
  if (taken && what != PassedRequest::What::kPostTooBig) waiting_[forward.id] = forward.connection.index;
  if (!taken) stats_.forwards[ForwardOutcome::kUnanswered].add();
  return taken;
}

}  // namespace noom::signal
