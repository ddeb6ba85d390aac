// What a shard says in the log about its clients: the core's events and the shell's own, each site limited in rate.
#pragma once

#include <absl/status/status.h>

#include <cstdint>
#include <vector>

#include "common/base/log.h"
#include "common/base/log_limit.h"
#include "common/base/time.h"
#include "turn/core/event.h"
#include "turn/shell/shell_stats.h"

namespace noom::turn {

// Single-threaded, one per shard; the sink is shared.
class EventLog {
 public:
  EventLog(LogSink& sink, uint32_t shard) : sink_(sink), shard_(shard) {}

  void write(Now now, const std::vector<Event>& events);
  void relay_open_failed(Now now, const absl::Status& reason);
  void peer_connect_failed(Now now, std::string_view reason);
  void stream_ended(Now now, const FiveTuple& client, StreamEnd reason, std::string_view detail);
  void stream_refused(Now now, const IpEndpoint& client, StreamRefusal reason, std::string_view rule = {});
  void dtls_refused(Now now, const IpEndpoint& client, DtlsDrop reason);
  void dtls_handshake_failed(Now now, const FiveTuple& client, DtlsHandshake result, std::string_view detail);
  void dtls_ended(Now now, const FiveTuple& client, DtlsEnd reason, std::string_view detail);

 private:
  void write(Now now, const AllocationCreated& event);
  void write(Now now, const AllocationEnded& event);
  void write(Now now, const ClientMoved& event);
  void write(Now now, const Refused& event);
  void write(Now now, const PeerConnectionOpened& event);
  void write(Now now, const PeerConnectionEnded& event);
  void write(Now now, const RateLimited& event);
  void write(Now now, const Ignored& event);

  LogSink& sink_;
  uint32_t shard_;
  LogLimit created_{kBusy};
  LogLimit ended_{kBusy};
  LogLimit moved_{kBusy};
  LogLimit refused_;
  LogLimit peer_opened_{kBusy};
  LogLimit peer_ended_{kBusy};
  LogLimit peer_connect_failed_;
  LogLimit rate_limited_;
  LogLimit ignored_;
  LogLimit relay_open_failed_;
  LogLimit stream_ended_;
  LogLimit stream_refused_;
  LogLimit dtls_refused_;
  LogLimit dtls_handshake_failed_;
  LogLimit dtls_ended_;

  static constexpr BucketLimit kBusy{.per_second = 20, .burst = 100};  // what happens in everyday use
};

}  // namespace noom::turn
