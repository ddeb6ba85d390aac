// What the shell counts, beside the hub's own Stats. Written by the hub's thread, readable from any.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string_view>

#include "common/base/counter.h"
#include "common/base/counter_table.h"
#include "common/base/latency.h"
#include "common/wire/proxy_protocol.h"
#include "signal/shell/carrier.h"
#include "signal/shell/post_order.h"
#include "signal/shell/probe_counts.h"

namespace noom::signal {

// How carriers end: the codes this server sends, then the two ways in which the other side ends them.
constexpr std::array<std::string_view, 12> kCloseLabels = {"1000", "1001", "1002", "1007", "1009",          "4000",
                                                           "4001", "4408", "4409", "4429", "by_the_client", "lost"};
constexpr size_t kClosedByClient = 10;
constexpr size_t kClosedByLoss = 11;
// The index of a code in kCloseLabels; kClosedByLoss for one that is not there.
size_t close_label(uint16_t code);

constexpr std::array<std::string_view, 4> kPostLabels = {"taken", "held", "doubled", "too_early"};

// Of a request for another node's connection: that one has answered, or has not, or there are too many under way.
enum class ForwardOutcome : uint8_t { kAnswered, kUnanswered, kTooMany, kCount };
constexpr std::array<std::string_view, 3> kForwardLabels = {"answered", "unanswered", "too_many"};

constexpr std::array<std::string_view, 5> kStatusClassLabels = {"1xx", "2xx", "3xx", "4xx", "5xx"};

struct ShellStats : std::enable_shared_from_this<ShellStats> {
  Counter connections;          // now, of any kind
  Counter connections_refused;  // beyond the limit: closed at once
  Counter handshakes_failed;    // TLS
  LatencyHistogram tls_handshakes;
  CounterTable<wire::ProxyRefusal> proxy_headers_refused;
  Counter deadlines_missed;  // a request or an answer took too long
  std::array<Counter, kStatusClassLabels.size()> http_answers;
  std::array<Counter, kCloseLabels.size()> closes;
  CounterTable<CarrierKind> carriers;  // now
  CounterTable<CarrierKind> carriers_opened;
  CounterTable<PostOutcome> posts;
  Counter polls;
  ProbeCounts probes;                     // what the doctor page told
  CounterTable<ForwardOutcome> forwards;  // to other nodes
  Counter queued_bytes;                   // now, for all carriers; shared texts count once for each receiver
  Counter superseded;                     // queued texts replaced by their stubs
  Counter received_bytes;
  Counter sent_bytes;
};

}  // namespace noom::signal
