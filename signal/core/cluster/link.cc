#include "signal/core/cluster/link.h"

#include <algorithm>
#include <utility>

namespace noom::signal {
namespace {

constexpr Duration kHelloInterval = std::chrono::milliseconds(20);  // between answers to frames of no use

}  // namespace

Link::Link(LinkCommon& common, NodeId peer)
    : common_(common), peer_(std::move(peer)), mine_(common.begin_session()), retry_after_(common.settings.retry_min) {}

void Link::send(Now now, std::string_view payload, ClusterOutput& output) {
  const LinkSettings& settings = common_.settings;
  const size_t pieces = std::max<size_t>(1, (payload.size() + settings.piece_bytes_max - 1) / settings.piece_bytes_max);
  const bool fits = payload.size() <= settings.message_bytes_max &&
                    ring_bytes_ + payload.size() + pieces * kLinkPieceBytes <= settings.ring_bytes_max;
  if (!fits) return begin_anew(now, output);
  common_.stats.messages_sent.add();
  for (size_t i = 0; i < pieces; ++i) {
    const std::string_view bytes = payload.substr(i * settings.piece_bytes_max, settings.piece_bytes_max);
    ring_.push_back({std::string(bytes), i + 1 < pieces});
    ring_bytes_ += ring_.back().cost();
  }
  if (confirmed_) return push(now, output);
  if (retry_at_) return;
  hello(now, output);
  arm_retry(now);
}

void Link::on_frame(Now now, const LinkFrame& frame, ClusterOutput& output) {
  if (frame.from < theirs_) return common_.stats.frames_stale.add();
  if (frame.from > theirs_) take_session(frame.from, output);
  if (frame.to != mine_) {
    common_.stats.frames_stale.add();
    // Confirmed: the peer knows mine_, and this was under way before it did.
    if (!confirmed_ && now.mono >= hello_not_before_) hello(now, output);
    return;
  }
  if (!confirmed_) {
    confirmed_ = true;
    retry_at_.reset();
    retry_after_ = common_.settings.retry_min;
  }
  if (frame.kind == LinkFrame::Kind::kHello) ack_at_ = now.mono;
  const LinkSession life = mine_;
  on_ack(now, frame.ack, frame.kind == LinkFrame::Kind::kMissing, output);
  if (mine_ == life && frame.kind == LinkFrame::Kind::kData) on_data(now, frame, output);
  if (mine_ != life) return;
  push(now, output);
  if (ack_at_ && *ack_at_ <= now.mono) emit({.kind = LinkFrame::Kind::kAck}, output);
}

// A peer's new session ends the life of the link, if this end knew it to live. What was not sent in any life stays.
void Link::take_session(const LinkSession& theirs, ClusterOutput& output) {
  if (confirmed_) {
    say_reset(output);
    clear();
  }
  theirs_ = theirs;
  hello_not_before_ = {};
}

void Link::on_ack(Now now, uint64_t ack, bool missing, ClusterOutput& output) {
  if (ack > sent_max_) return begin_anew(now, output);  // the peer has counted what was never sent
  if (ack + 1 < first_seq_) return;                     // overtaken
  const bool progress = ack >= first_seq_;
  while (first_seq_ <= ack) {
    if (first_seq_ < next_to_send_) in_flight_bytes_ -= ring_.front().cost();
    ring_bytes_ -= ring_.front().cost();
    ring_.pop_front();
    ++first_seq_;
  }
  next_to_send_ = std::max(next_to_send_, first_seq_);
  if (progress) {
    retry_at_.reset();
    retry_after_ = common_.settings.retry_min;
    if (!ring_.empty()) arm_retry(now);
  }
  if (missing && !ring_.empty() && now.mono >= heed_missing_not_before_) {
    heed_missing_not_before_ = now.mono + common_.settings.missing_interval;
    push_again_from_first(now, output);
  }
}

void Link::on_data(Now now, const LinkFrame& frame, ClusterOutput& output) {
  const LinkSettings& settings = common_.settings;
  if (frame.seq < expected_) {
    common_.stats.frames_doubled.add();
    if (!ack_at_) ack_at_ = now.mono + settings.ack_delay;  // the acknowledgement may be what was lost
    return;
  }
  if (frame.seq > expected_) {
    common_.stats.frames_too_soon.add();
    if (now.mono < missing_not_before_) return;
    missing_not_before_ = now.mono + settings.missing_interval;
    return emit({.kind = LinkFrame::Kind::kMissing}, output);
  }
  if (partial_.size() + frame.piece.size() > settings.message_bytes_max) return begin_anew(now, output);
  ++expected_;
  missing_not_before_ = now.mono;
  partial_.append(frame.piece);
  unacknowledged_bytes_ += frame.piece.size() + kLinkPieceBytes;
  if (!frame.more) {
    common_.stats.messages_delivered.add();
    output.events.push_back(
        {ClusterEvent::Kind::kMessage, peer_, theirs_.incarnation, std::exchange(partial_, std::string())});
  }
  const Mono at = unacknowledged_bytes_ >= settings.ack_bytes ? now.mono : now.mono + settings.ack_delay;
  ack_at_ = std::min(ack_at_.value_or(at), at);
}

void Link::push(Now now, ClusterOutput& output) {
  while (next_to_send_ <= last_seq()) {
    const Piece& piece = ring_[next_to_send_ - first_seq_];
    if (in_flight_bytes_ > 0 && in_flight_bytes_ + piece.cost() > common_.settings.window_bytes) break;
    if (next_to_send_ <= sent_max_) common_.stats.frames_sent_again.add();
    emit({.kind = LinkFrame::Kind::kData, .more = piece.more, .seq = next_to_send_, .piece = piece.bytes}, output);
    in_flight_bytes_ += piece.cost();
    sent_max_ = std::max(sent_max_, next_to_send_++);
  }
  if (!ring_.empty() && !retry_at_) arm_retry(now);
}

void Link::push_again_from_first(Now now, ClusterOutput& output) {
  next_to_send_ = first_seq_;
  in_flight_bytes_ = 0;
  push(now, output);
}

void Link::on_tick(Now now, ClusterOutput& output) {
  if (ack_at_ && *ack_at_ <= now.mono) emit({.kind = LinkFrame::Kind::kAck}, output);
  if (!retry_at_ || *retry_at_ > now.mono) return;
  if (now.mono - waiting_since_ >= common_.settings.give_up_after) {
    // Whoever comes back is told of the new session in answer to its first frame.
    if (!ring_.empty()) begin_anew(now, output);
    retry_at_.reset();
    return;
  }
  retry_after_ = std::min(2 * retry_after_, common_.settings.retry_max);
  retry_at_ = now.mono + retry_after_;
  if (confirmed_) {
    push_again_from_first(now, output);
  } else {
    hello(now, output);
  }
}

void Link::nudge(Now now) {
  if (!retry_at_ && confirmed_ && ring_.empty()) return;
  retry_after_ = common_.settings.retry_min;
  retry_at_ = waiting_since_ = now.mono;
}

void Link::end(ClusterOutput& output) {
  if (confirmed_ || !ring_.empty()) say_reset(output);
}

void Link::begin_anew(Now now, ClusterOutput& output) {
  say_reset(output);
  clear();
  mine_ = common_.begin_session();
  hello(now, output);
  arm_retry(now);
}

void Link::say_reset(ClusterOutput& output) {
  common_.stats.resets.add();
  output.events.push_back({ClusterEvent::Kind::kReset, peer_, theirs_.incarnation, {}, !ring_.empty()});
}

void Link::clear() {
  confirmed_ = false;
  ring_.clear();
  ring_bytes_ = in_flight_bytes_ = unacknowledged_bytes_ = 0;
  first_seq_ = next_to_send_ = expected_ = 1;
  sent_max_ = 0;
  partial_.clear();
  ack_at_.reset();
  retry_at_.reset();
  retry_after_ = common_.settings.retry_min;
  missing_not_before_ = heed_missing_not_before_ = hello_not_before_ = {};
}

// Every frame takes the acknowledgement along.
void Link::emit(LinkFrame frame, ClusterOutput& output) {
  frame.node = common_.self.node;
  frame.from = mine_;
  frame.to = theirs_;
  frame.ack = expected_ - 1;
  if (confirmed_) {
    ack_at_.reset();
    unacknowledged_bytes_ = 0;
  }
  output.frames.push_back({peer_, encode(frame)});
}

void Link::hello(Now now, ClusterOutput& output) {
  hello_not_before_ = now.mono + kHelloInterval;
  emit({.kind = LinkFrame::Kind::kHello}, output);
}

void Link::arm_retry(Now now) {
  retry_at_ = now.mono + retry_after_;
  waiting_since_ = now.mono;
}

std::optional<Mono> Link::deadline() const {
  if (!ack_at_ || !retry_at_) return ack_at_ ? ack_at_ : retry_at_;
  return std::min(*ack_at_, *retry_at_);
}

}  // namespace noom::signal
