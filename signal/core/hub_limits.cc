// What a client may ask for, and what it is told when it may not.
#include "signal/core/hub.h"

namespace noom::signal {

Hub::Asking Hub::asking_of(Now now, SessionId id, Session& session, std::string_view re, Output& output) {
  return {now, id, session, session.seat, seats_.find(session.seat), re, output};
}

// Takes from the buckets of the request's kind (malformed ones are of the common kind). False when one is empty: the
// request is answered, and a client that goes on all the same is closed.
bool Hub::admit_request(Asking& asking, std::optional<RequestType> type) {
  Allowance& allowance = asking.seat != nullptr ? asking.seat->allowance : asking.session.allowance;
  const Mono now = asking.now.mono;
  const auto admit = [&](TokenBucket& bucket, const BucketLimit& limit) {
    return bucket.take(limit, now) ||
           refuse_rate(asking, whole_seconds(bucket.wait_s(limit)), "Too many messages: this one was dropped.");
  };
  if (type == RequestType::kSend) return admit(allowance.sends, settings_->sends);
  if (type == RequestType::kAck) return admit(allowance.acks, settings_->acks);
  if (!admit(allowance.requests, settings_->requests)) return false;
  if (type && is_moderation(*type)) return admit(allowance.moderation, settings_->moderation);
  const bool is_costly = type == RequestType::kJoin || type == RequestType::kRoster || type == RequestType::kIceServers;
  return !is_costly || admit(allowance.joins, settings_->joins);
}

// Always false.
bool Hub::refuse_rate(Asking& asking, uint32_t retry_after_s, std::string_view message) {
  Allowance& allowance = asking.seat != nullptr ? asking.seat->allowance : asking.session.allowance;
  if (allowance.refusals.take(settings_->refusals, asking.now.mono)) {
    refuse(asking, ErrorCode::kRateLimited, message, retry_after_s);
  } else {
    // Not answered, hence not counted: a client that resumes sends it again.
    if (asking.counted) --asking.seat->received;
    close_session(asking.now, asking.id, CloseCode::kRateLimited, "rate limit exceeded again and again",
                  LeaveReason::kClosed, asking.output);
  }
  return false;
}

void Hub::refuse(Asking& asking, ErrorCode code, std::string_view message, std::optional<uint32_t> retry_after_s) {
  stats_.errors[static_cast<size_t>(code)].add();
  std::string text = build_error(asking.re, code, message, retry_after_s);
  if (asking.seat != nullptr) {
    deliver(std::move(text), asking.seat_id, asking.output);
  } else {
    tell(std::move(text), asking.id, asking.output);
  }
}

}  // namespace noom::signal
