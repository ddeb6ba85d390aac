#include "signal/shell/fallback.h"

#include <absl/strings/escaping.h>

#include <utility>
#include <vector>

#include "common/base/bytes.h"
#include "common/io/clocks.h"
#include "signal/shell/poll_carrier.h"
#include "signal/shell/sse_carrier.h"

namespace noom::signal {
namespace {

constexpr size_t kNodeBytes = 6;
constexpr size_t kSecretBytes = 18;
constexpr char kNodeEnd = '.';

}  // namespace

Fallback::Fallback(Switchboard& board, const CarrierLimits& limits, Random& random, ShellStats& stats, Later later)
    : board_(board),
      limits_(limits),
      random_(random),
      stats_(stats),
      later_(std::move(later)),
      node_(draw(kNodeBytes)) {}

HttpReply Fallback::on_request(ConnectionId connection, const std::shared_ptr<HttpConnection>& http,
                               const IpAddress& client, const FallbackRequest& asked) {
  if (asked.verb == FallbackVerb::kOpenSse || asked.verb == FallbackVerb::kOpenPoll)
    return open(connection, http, client, asked);
  const auto found = carriers_.find(asked.connection);
  if (found == carriers_.end()) return refuse_unknown(asked);
  const std::shared_ptr<HttpCarrier>& carrier = found->second;
  if (asked.verb == FallbackVerb::kPost) {
    if (carrier->posts_coming >= kPostsComingMax)
      return refuse_fallback(429, "rate_limited", "Too many POSTs at once.", asked.cors, 1);
    ++carrier->posts_coming;
    uses_[connection.index] = {carrier, carrier->kind(), asked.number, asked.cors};
    return BodyWanted{limits_.frame_bytes_max};
  }
  if (carrier->kind() != CarrierKind::kPoll) return refuse_unknown(asked);
  stats_.polls.add();
  auto reply = static_cast<PollCarrier&>(*carrier).poll(asked.number, connection, http, asked.cors);
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
  const std::string name = node_ + kNodeEnd + draw(kSecretBytes);
  names_[id.index] = name;
  HttpAnswer answer;
  if (asked.verb == FallbackVerb::kOpenSse) {
    const auto carrier = std::make_shared<SseCarrier>(id, name, limits_, *this, stats_);
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

// The bus between nodes would pass it on; until then the client opens anew, and its ticket is good on every node.
HttpReply Fallback::refuse_unknown(const FallbackRequest& asked) {
  const bool is_ours = asked.connection.starts_with(node_ + kNodeEnd);
  HttpAnswer refusal =
      is_ours || asked.connection.find(kNodeEnd) == std::string::npos
          ? refuse_fallback(404, "connection_unknown", "There is no such connection, or no more.", asked.cors)
          : refuse_fallback(421, "wrong_node", "This connection belongs to another node; open a new one.", asked.cors);
  refusal.close = asked.has_body;
  return refusal;
}

HttpAnswer Fallback::on_body(ConnectionId connection, std::string body) {
  const Use use = end_post(connection);
  const size_t held = use.carrier->held_bytes();
  const PostOutcome outcome = use.carrier->post(use.post, std::move(body), kPostsHeldBytesMax - held_bytes_);
  held_bytes_ += use.carrier->held_bytes() - held;
  stats_.posts[outcome].add();
  if (outcome != PostOutcome::kTooEarly) return answer_nothing(use.cors);
  HttpAnswer refusal =
      refuse_fallback(409, "post_too_early", "POSTs before this one are missing; send it again later.", use.cors);
  refusal.close = false;
  return refusal;
}

HttpAnswer Fallback::on_body_too_big(ConnectionId connection) {
  const Use use = end_post(connection);
  use.carrier->on_body_too_big();
  return refuse_fallback(413, "frame_too_big",
                         "A POST may have " + std::to_string(limits_.frame_bytes_max) + " bytes at most.", use.cors);
}

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

bool Fallback::on_wait_over(ConnectionId connection) {
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
  const auto found = uses_.find(connection.index);
  if (found == uses_.end()) return;
  if (found->second.post != 0) {
    end_post(connection);
  } else if (found->second.kind == CarrierKind::kPoll) {
    uses_.erase(found);
  }
}

void Fallback::on_http_end(ConnectionId connection) {
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

std::string Fallback::draw(size_t bytes) {
  std::vector<std::byte> drawn(bytes);
  random_.fill(drawn);
  const std::string_view text = as_text(drawn);
  return absl::WebSafeBase64Escape({text.data(), text.size()});
}

}  // namespace noom::signal
