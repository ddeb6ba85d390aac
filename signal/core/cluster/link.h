// A reliable, ordered message link to one other node over a bus that delivers at most once, in any order, perhaps
// twice.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>

#include "common/base/counter.h"
#include "common/base/time.h"
#include "signal/core/cluster/frame.h"
#include "signal/core/cluster/output.h"

namespace noom::signal {

struct LinkSettings {
  size_t ring_bytes_max = 8 << 20;     // what waits to be acknowledged by one node; beyond it the link is reset
  size_t window_bytes = 1 << 20;       // of that, on its way at a time
  size_t piece_bytes_max = 128 << 10;  // of a frame; longer messages go as several. NATS carries 1 MiB by default
  size_t message_bytes_max = 4 << 20;  // a longer one resets the link
  size_t links_max = 1024;

  Duration ack_delay = std::chrono::milliseconds(10);   // in the hope of a frame that takes it along
  size_t ack_bytes = 64 << 10;                          // received meanwhile: at once
  Duration retry_min = std::chrono::milliseconds(250);  // doubling, when nothing is heard
  Duration retry_max = std::chrono::seconds(2);
  Duration missing_interval = std::chrono::milliseconds(50);  // between two complaints about the same frame
  Duration give_up_after = std::chrono::seconds(30);          // of silence, with something to be acknowledged
};
constexpr size_t kLinkPieceBytes = 96;  // what a piece costs beside its bytes

struct LinkStats {
  Counter messages_sent;
  Counter messages_delivered;
  Counter frames_sent_again;
  Counter frames_doubled;   // dropped
  Counter frames_too_soon;  // dropped, and asked for what is missing before them
  Counter frames_stale;     // of a former session, dropped
  Counter frames_malformed;
  Counter frames_of_strangers;  // no member's, or beyond links_max
  Counter resets;
};

// What all links of a node have in common.
struct LinkCommon {
  NodeAddress self;
  LinkSettings settings;
  LinkStats stats;
  uint64_t sessions_begun = 0;

  LinkSession begin_session() { return {self.incarnation, ++sessions_begun}; }
};

// A pair of sessions, one of each end, is one life of the link. Ends learn the other's session by hellos; a frame
// counts only when it names both sessions as its receiver knows them, so nothing of a former life is ever taken for the
// present one. Within a life frames are numbered; they are acknowledged cumulatively and sent again, from the first
// missing one on, when the other end misses one or time passes. An end that cannot keep what it would have to send
// again begins a new session: that is a reset, and both ends' users are told.
//
// What holds: between two resets at the receiver lies a part of what was sent between two resets at the sender, from
// its beginning, in order and without a gap; all of it, if no reset follows. The end that has heard nothing of a life
// is not told of its end.
class Link {
 public:
  Link(LinkCommon& common, NodeId peer);

  void send(Now now, std::string_view payload, ClusterOutput& output);
  // From the peer, addressed to this incarnation, to an earlier one or to nobody in particular.
  void on_frame(Now now, const LinkFrame& frame, ClusterOutput& output);
  void on_tick(Now now, ClusterOutput& output);
  // Says again at once what waits for an answer.
  void nudge(Now now);
  // Tells of what an end of this link loses.
  void end(ClusterOutput& output);

  std::optional<Mono> deadline() const;
  size_t waiting_bytes() const { return ring_bytes_; }

 private:
  struct Piece {
    std::string bytes;
    bool more = false;
    size_t cost() const { return bytes.size() + kLinkPieceBytes; }
  };

  void take_session(const LinkSession& theirs, ClusterOutput& output);
  void on_ack(Now now, uint64_t ack, bool missing, ClusterOutput& output);
  void on_data(Now now, const LinkFrame& frame, ClusterOutput& output);
  void push(Now now, ClusterOutput& output);
  void push_again_from_first(Now now, ClusterOutput& output);
  void begin_anew(Now now, ClusterOutput& output);
  void say_reset(ClusterOutput& output);
  void clear();
  void emit(LinkFrame frame, ClusterOutput& output);
  void hello(Now now, ClusterOutput& output);
  void arm_retry(Now now);
  uint64_t last_seq() const { return first_seq_ + ring_.size() - 1; }

  LinkCommon& common_;
  NodeId peer_;
  LinkSession mine_, theirs_;
  bool confirmed_ = false;  // the peer knows mine_ and this end theirs_: frames may flow

  std::deque<Piece> ring_;  // first_seq_ and on
  size_t ring_bytes_ = 0;
  uint64_t first_seq_ = 1;
  uint64_t next_to_send_ = 1;
  uint64_t sent_max_ = 0;
  size_t in_flight_bytes_ = 0;  // of first_seq_ .. next_to_send_ - 1

  uint64_t expected_ = 1;
  std::string partial_;
  size_t unacknowledged_bytes_ = 0;

  Duration retry_after_;
  std::optional<Mono> ack_at_, retry_at_;
  Mono waiting_since_;  // while retry_at_: the last progress
  Mono hello_not_before_, missing_not_before_, heed_missing_not_before_;
};

}  // namespace noom::signal
