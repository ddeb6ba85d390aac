// What a TURN shard's shell counts beside its core (turn/core/stats.h) and its pump (io::UdpPumpStats). One writer, the
// shard; any thread may read.
#pragma once

#include <cstdint>
#include <string_view>

#include "common/base/counter.h"
#include "common/base/counter_table.h"
#include "common/io/udp_pump.h"
#include "turn/core/stats.h"

namespace noom::turn {

// Why the shell sent something no further that the core had let pass.
enum class ShellDrop : uint8_t {
  kStreamQueueFull,  // media for a stream client that reads too slowly
  kStreamGone,       // for a stream client that has left
  kHandoverFull,     // the receiving shard lags behind, see kHandoverBytesMax
  kCount,
};
std::string_view to_string(ShellDrop drop);

// Why a stream connection ended.
enum class StreamEnd : uint8_t {
  kClientClosed,     // by FIN, RST or close_notify
  kHandshakeFailed,  // TLS; a deadline included
  kNotTurn,          // bytes that no TURN client sends
  kIdle,             // no whole message in time and no allocation
  kSlowReader,       // does not read its responses
  kServerClosed,     // the core was done with it: its allocation has expired
  kStopped,          // the daemon stops
  kCount,
};
std::string_view to_string(StreamEnd end);

// Why a connection was closed right after it was accepted.
enum class StreamRefusal : uint8_t {
  kShardFull,   // connections_max
  kSourceFull,  // connections_per_source_max
  kCount,
};
std::string_view to_string(StreamRefusal refusal);

struct ShellStats {
  CounterTable<ShellDrop> drops;
  Counter streams_live;
  Counter streams_accepted;
  Counter streams_paused;  // accepting rested for lack of descriptors
  CounterTable<StreamEnd> streams_ended;
  CounterTable<StreamRefusal> streams_refused;
  Counter relays_open;  // sockets
};

// All that one shard counts. Borrowed from the service.
struct ShardStatsView {
  const Stats& core;
  const io::UdpPumpStats& udp;
  const ShellStats& shell;
};

}  // namespace noom::turn
