#include "signal/shell/fallback.h"

#include <utility>

#include "common/io/clocks.h"
#include "signal/core/cluster/node_tag.h"
#include "signal/shell/poll_carrier.h"
#include "signal/shell/sse_carrier.h"

namespace noom::signal {
namespace {

HttpAnswer refuse_connection(std::string_view cors) {
  return refuse_fallback(404, "connection_unknown", "There is no such connection, or no more.", cors);
}

}  // namespace

Fallback::Fallback(Switchboard& board, const CarrierLimits& limits, const Secret& key, Random& random,
                   ShellStats& stats, Later later)
    : board_(board),
      limits_(limits),
      stats_(stats),
      later_(std::move(later)),
      carrier_names_(key, random),
      forwarding_(random, stats) {}

void Fallback::join_cluster(const NodeAddress& self) {
  carrier_names_.set_node(node_tag(self));
  forwarding_.use(self.node, [this](const NodeId& to, std::string bytes) { return board_.pass(to, std::move(bytes)); });
}

HttpReply Fallback::on_request(ConnectionId connection, const std::shared_ptr<HttpConnection>& http,
                               const IpAddress& client, const FallbackRequest& asked) {
  if (asked.verb == FallbackVerb::kOpenSse || asked.verb == FallbackVerb::kOpenPoll)
    return open(connection, http, client, asked);
  const auto found = carriers_.find(asked.connection);
  if (found == carriers_.end()) return ask_elsewhere(connection, http, asked);
  const std::shared_ptr<HttpCarrier>& carrier = found->second;
  if (asked.verb == FallbackVerb::kPost) {
    if (carrier->posts_coming >= kPostsComingMax)
      return refuse_fallback(429, "rate_limited", "Too many POSTs at once.", asked.cors, 1);
    ++carrier->posts_coming;
    uses_[connection.index] = {carrier, carrier->kind(), asked.number, asked.cors};
    return BodyWanted{limits_.frame_bytes_max};
  }
  if (carrier->kind() != CarrierKind::kPoll) return refuse_connection(asked.cors);
  stats_.polls.add();
  auto reply = static_cast<PollCarrier&>(*carrier).poll(
      asked.number, connection, [http](HttpAnswer answer) { http->answer(std::move(answer)); }, asked.cors);
  if (std::holds_alternative<AnswerLater>(reply))
    uses_[connection.index] = {carrier, CarrierKind::kPoll, 0, asked.cors};
  return reply;
}

HttpReply Fallback::open(ConnectionId connection, const std::shared_ptr<HttpConnection>& http, const IpAddress& client,
                         const FallbackRequest& asked) {
  const auto opened = board_.open(io::read_clocks(), {client, asked.host}, {});
  if (const auto* refused = std::get_if<OpenRefused>(&opened)) {
    const int status = refused->reason == OpenRefusal::kRateLimited ? 429 : 503;
    return refuse_fallback(status, to_string(refused->reason), "No session can be opened now.", asked.cors,
                           refused->retry_after_s);
  }
  const CarrierId id = std::get<CarrierId>(opened);
  const std::string name = carrier_names_.draw();
  names_[id.index] = name;
  HttpAnswer answer;
  if (asked.verb == FallbackVerb::kOpenSse) {
    const auto carrier = std::make_shared<SseCarrier>(id, name, limits_, *this, stats_);
    carrier->later = later_;
    carrier->begin(connection, http);
    uses_[connection.index] = {carrier, CarrierKind::kSse, 0, asked.cors};
    carriers_[name] = carrier;
    answer = answer_stream(carrier->first_event(), asked.cors);
  } else {
    const auto carrier = std::make_shared<PollCarrier>(id, name, limits_, *this, stats_);
    carrier->later = later_;
    carriers_[name] = carrier;
    answer = answer_json(carrier->first_answer(), asked.cors);
  }
  board_.attach(id, carriers_[name]);
  board_.on_accepted(id);  // whoever does not go on from here says no hello in time
  return answer;
}

HttpReply Fallback::ask_elsewhere(ConnectionId connection, const std::shared_ptr<HttpConnection>& http,
                                  const FallbackRequest& asked) {
  HttpAnswer refusal;
  const auto node = carrier_names_.node_of(asked.connection);
  if (!node || carrier_names_.is_own(*node) || !board_.is_in_cluster()) {
    refusal = refuse_connection(asked.cors);
  } else if (auto to = board_.hub().find_node(*node)) {
    return forwarding_.on_request(connection, http, asked, *std::move(to), limits_.frame_bytes_max);
  } else if (board_.hub().sees_all_nodes(io::read_clocks())) {
    refusal = refuse_wrong_node(asked.cors);
  } else {
    refusal = refuse_fallback(503, "unavailable", "The other nodes cannot be reached.", asked.cors, 1);
  }
  refusal.close = asked.has_body;
  return refusal;
}

HttpReply Fallback::on_body(ConnectionId connection, std::string body) {
  if (forwarding_.holds(connection)) return forwarding_.on_body(connection, std::move(body));
  const Use use = end_post(connection);
  return take_post(*use.carrier, use.post, std::move(body), use.cors);
}

HttpAnswer Fallback::take_post(HttpCarrier& carrier, uint64_t number, std::string body, const std::string& cors) {
  const size_t held = carrier.held_bytes();
  const PostOutcome outcome = carrier.post(number, std::move(body), kPostsHeldBytesMax - held_bytes_);
  held_bytes_ += carrier.held_bytes() - held;
  stats_.posts[outcome].add();
  if (outcome != PostOutcome::kTooEarly) return answer_nothing(cors);
  HttpAnswer refusal =
      refuse_fallback(409, "post_too_early", "POSTs before this one are missing; send it again later.", cors);
  refusal.close = false;
  return refusal;
}

HttpAnswer Fallback::on_body_too_big(ConnectionId connection) {
  if (forwarding_.holds(connection)) return forwarding_.on_body_too_big(connection);
  const Use use = end_post(connection);
  use.carrier->on_body_too_big();
  return refuse_too_big(limits_.frame_bytes_max, use.cors);
}

// ---- between nodes ----

void Fallback::on_passed(std::string_view bytes) {
  const auto passed = decode_passed(bytes);
  if (!passed) return;
  if (const auto* answer = std::get_if<PassedAnswer>(&*passed)) return forwarding_.on_answer(*answer);
  const auto& request = std::get<PassedRequest>(*passed);
  const HttpReply reply = answer_passed(request);
  if (const auto* answer = std::get_if<HttpAnswer>(&reply)) answer_node(request, *answer);
}

// Origin and form were looked at where it came in.
HttpReply Fallback::answer_passed(const PassedRequest& request) {
  const auto found = carriers_.find(request.connection);
  if (found == carriers_.end()) return refuse_connection({});
  const std::shared_ptr<HttpCarrier> carrier = found->second;
  if (request.what == PassedRequest::What::kPost) return take_post(*carrier, request.number, request.body, {});
  if (request.what == PassedRequest::What::kPostTooBig) {
    carrier->on_body_too_big();
    return AnswerLater{};
  }
  if (carrier->kind() != CarrierKind::kPoll) return refuse_connection({});
  stats_.polls.add();
  const auto answer = [this, id = request.id, from = request.from](const HttpAnswer& told) {
    answer_node({.id = id, .from = from, .connection = {}, .body = {}}, told);
  };
  return static_cast<PollCarrier&>(*carrier).poll(request.number, {}, answer, {});
}

void Fallback::answer_node(const PassedRequest& request, const HttpAnswer& answer) {
  board_.pass(request.from, encode(PassedAnswer{request.id, static_cast<uint16_t>(answer.status),
                                                answer.body ? *answer.body : std::string()}));
}

void Fallback::on_nodes_changed() {
  forwarding_.drop([this](const NodeId& node) { return !board_.hub().is_node_there(node); });
}

// ---- connections ----

Fallback::Use Fallback::end_post(ConnectionId connection) {
  const auto found = uses_.find(connection.index);
  Use use = std::move(found->second);
  uses_.erase(found);
  --use.carrier->posts_coming;
  return use;
}

void Fallback::on_stream_ready(ConnectionId connection) {
  const std::shared_ptr<HttpCarrier> carrier = uses_.at(connection.index).carrier;
  static_cast<SseCarrier&>(*carrier).on_ready();
}

Duration Fallback::patience(ConnectionId connection, Duration poll_wait) const {
  return forwarding_.holds(connection) ? forwarding_.patience(connection, poll_wait) : poll_wait;
}

bool Fallback::on_wait_over(ConnectionId connection) {
  if (forwarding_.is_waiting(connection)) {
    forwarding_.on_wait_over(connection);
    return true;
  }
  const auto found = uses_.find(connection.index);
  if (found == uses_.end() || found->second.kind != CarrierKind::kPoll || found->second.post != 0) return false;
  const std::shared_ptr<HttpCarrier> carrier = found->second.carrier;
  static_cast<PollCarrier&>(*carrier).on_wait_over(connection);
  return true;
}

bool Fallback::is_streaming(ConnectionId connection) const {
  const auto found = uses_.find(connection.index);
  return found != uses_.end() && found->second.kind == CarrierKind::kSse && found->second.post == 0;
}

void Fallback::on_answer(ConnectionId connection) {
  forwarding_.forget(connection);
  const auto found = uses_.find(connection.index);
  if (found == uses_.end()) return;
  if (found->second.post != 0) {
    end_post(connection);
  } else if (found->second.kind == CarrierKind::kPoll) {
    uses_.erase(found);
  }
}

void Fallback::on_http_end(ConnectionId connection) {
  forwarding_.forget(connection);
  const auto found = uses_.find(connection.index);
  if (found == uses_.end()) return;
  if (found->second.post != 0) {
    end_post(connection);
    return;
  }
  const Use use = std::move(found->second);
  uses_.erase(found);
  use.carrier->on_gone(connection);
}

void Fallback::on_end(CarrierId id, size_t label) {
  const auto name = names_.find(id.index);
  const auto carrier = carriers_.find(name->second);
  const std::shared_ptr<HttpCarrier> kept = carrier->second;  // it is calling
  held_bytes_ -= kept->held_bytes();
  carriers_.erase(carrier);
  names_.erase(name);
  board_.on_end(id, label);
}

}  // namespace noom::signal
