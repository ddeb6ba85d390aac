// The doctor page's findings as noom_client_probe_total counts them: names from fixed sets.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "common/base/counter_table.h"

namespace noom::signal {

enum class ProbeTransport : uint8_t {
  kWebSocket,
  kSse,
  kPoll,
  kStunV4,
  kStunV6,
  kTurnUdp,
  kTurnTcp,
  kTurnTls,
  kTurnDtls,
  kCount
};
constexpr std::array<std::string_view, count_of<ProbeTransport>()> kProbeTransportLabels = {
    "websocket", "sse", "poll", "stun_v4", "stun_v6", "turn_udp", "turn_tcp", "turn_tls", "turn_dtls"};

enum class ProbeResult : uint8_t { kOk, kUnauthorized, kRefused, kUnreachable, kNoPath, kUnsupported, kCount };
constexpr std::array<std::string_view, count_of<ProbeResult>()> kProbeResultLabels = {
    "ok", "unauthorized", "refused", "unreachable", "no_path", "unsupported"};

using ProbeCounts = std::array<CounterTable<ProbeResult>, count_of<ProbeTransport>()>;

}  // namespace noom::signal
