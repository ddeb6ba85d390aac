// What a shard counts of its DTLS clients. One writer, the shard; any thread may read.
//
// Architecture Invariant: every datagram that is taken for DTLS is accounted for exactly once:
//   received == delivered + consumed + Σ drops
#pragma once

#include <cstdint>
#include <string_view>

#include "common/base/counter.h"
#include "common/base/counter_table.h"
#include "common/base/latency.h"

namespace noom::turn {

// Why a received datagram went no further. One value, one metric label, one test.
enum class DtlsDrop : uint8_t {
  kNotDtls,          // on a listener for DTLS alone: the first byte is none of DTLS's, RFC 7983
  kMalformedRecord,  // no whole record of DTLS 1
  kMalformedHello,   // a ClientHello without its cookie in the first fragment, or none
  kNoSession,        // a record from a five-tuple without a session
  kRepeatedHello,    // the ClientHello that the session began with, again
  kWrongEpoch,       // nothing in it is protected by the session's keys
  kEarlyData,        // application data, or too many protected records, before the handshake is done
  kOversizeMessage,  // a handshake message longer than kDtlsHandshakeMessageMax
  kBadRecord,        // not authentic, or received before
  kFull,             // a proved client beyond limits.dtls_sessions
  kSourceFull,       // … limits.dtls_sessions_per_source
  kHandshakesFull,   // … DtlsLimits::handshakes_max or ::handshakes_per_source_max
  kCount,
};
std::string_view to_string(DtlsDrop drop);

// How a handshake, begun after the client had proved its address, came out.
enum class DtlsHandshake : uint8_t {
  kCompleted,
  kFailed,    // no common cipher or version, an alert, a broken message
  kTimedOut,  // DtlsLimits::handshake_timeout
  kReplaced,  // the client began again
  kStopped,   // the daemon stopped
  kCount,
};
std::string_view to_string(DtlsHandshake result);

// Why an established session ended.
enum class DtlsEnd : uint8_t {
  kClientClosed,  // close_notify
  kFailed,        // a fatal alert
  kReplaced,      // the client began again from the same address and port, RFC 6347 §4.2.8
  kIdle,          // no message in time and no allocation
  kServerClosed,  // the core was done with it: its allocation has expired
  kStopped,       // the daemon stops
  kCount,
};
std::string_view to_string(DtlsEnd end);

struct DtlsStats {
  Counter received;
  Counter delivered;  // held at least one message for the core
  Counter consumed;   // handshakes, alerts, hellos answered with a cookie
  CounterTable<DtlsDrop> drops;
  Counter cookies_sent;   // HelloVerifyRequest
  Counter sessions_live;  // handshakes under way included
  Counter handshakes_live;
  CounterTable<DtlsHandshake> handshakes;
  LatencyHistogram handshake_times;  // of completed ones, from the hello with a good cookie
  CounterTable<DtlsEnd> ended;
};

}  // namespace noom::turn
