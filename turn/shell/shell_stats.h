// What a TURN shard's shell counts beside its core (turn/core/stats.h) and its pump (io::UdpPumpStats). One writer, the
// shard; any thread may read.
#pragma once

#include <cstdint>
#include <string_view>

#include "common/base/counter.h"
#include "common/base/counter_table.h"
#include "common/base/latency.h"
#include "common/io/udp_pump.h"
#include "turn/core/stats.h"
#include "turn/shell/dtls_stats.h"

namespace noom::turn {

// Why the shell sent something no further that the core had let pass.
enum class ShellDrop : uint8_t {
  kStreamQueueFull,  // media for a stream client that reads too slowly
  kStreamGone,       // for a stream client that has left
  kDtlsGone,         // for a DTLS client that has left
  kDtlsTooLong,      // longer than a DTLS record
  kHandoverFull,     // the receiving shard lags behind, see kHandoverBytesMax
  kCount,
};
std::string_view to_string(ShellDrop drop);

// Why a stream connection ended.
enum class StreamEnd : uint8_t {
  kClientClosed,      // by FIN, RST or close_notify
  kHandshakeFailed,   // TLS; a deadline included, also for what comes before it
  kProxyMissing,      // from an address that must send a PROXY header, and it began with something else
  kProxyMalformed,    // such a header, with nonsense in it
  kProxyTooLong,      // … longer than any
  kProxyUnsupported,  // … of a version or for a transport that is not known
  kProxyUnexpected,   // a PROXY header from an address that may not send one
  kHttp,              // it began with an HTTP request
  kTlsUnexpected,     // it began with a TLS handshake, and is plain or in TLS already
  kNotTurn,           // other bytes that no TURN client sends
  kRefused,           // over a limit that showed only once its address was known, see StreamRefusal
  kIdle,              // no whole message in time and no allocation
  kSlowReader,        // does not read its responses
  kDataConnection,    // by ConnectionBind: from then on it is one side of a peer connection, RFC 6062
  kServerClosed,      // the core was done with it: its allocation has expired
  kStopped,           // the daemon stops
  kCount,
};
std::string_view to_string(StreamEnd end);

// Which limit closed a connection right after it was accepted, or, behind a proxy, after its client's address was
// known.
enum class StreamRefusal : uint8_t {
  kClientDenied,  // Settings::client_policy
  kFull,          // connections_max
  kSourceFull,    // connections_per_source_max
  kCount,
};
std::string_view to_string(StreamRefusal refusal);

struct ShellStats {
  CounterTable<ShellDrop> drops;
  Counter streams_live;
  Counter streams_accepted;
  Counter stream_queued_bytes;      // that wait for clients to read
  LatencyHistogram tls_handshakes;  // from accepting to the end of the handshake
  LatencyHistogram allocations;     // from reading an Allocate until its relay is open and the answer queued
  Counter streams_paused;           // accepting rested for lack of descriptors
  CounterTable<StreamEnd> streams_ended;
  CounterTable<StreamRefusal> streams_refused;
  DtlsStats dtls;
  Counter relays_open;  // sockets
};

// All that one shard counts. Borrowed from the service.
struct ShardStatsView {
  const Stats& core;
  const io::UdpPumpStats& udp;
  const ShellStats& shell;
  const LatencyHistogram& lag;
};

}  // namespace noom::turn
