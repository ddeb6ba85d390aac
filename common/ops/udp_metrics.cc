#include "common/ops/udp_metrics.h"

#include <string>

#include "common/ops/histogram_sum.h"

namespace noom::ops {
namespace {

using io::UdpPumpStats;

struct Row {
  std::string_view name;
  std::string_view help;
  Counter UdpPumpStats::*counter;
};
constexpr Row kRows[] = {
    {"_udp_received_total", "Datagrams read from the kernel.", &UdpPumpStats::received},
    {"_udp_received_bytes_total", "Bytes of the datagrams read.", &UdpPumpStats::received_bytes},
    {"_udp_receive_calls_total", "Calls of recvmmsg.", &UdpPumpStats::receive_calls},
    {"_udp_receive_errors_total", "ICMP errors reported by reads.", &UdpPumpStats::receive_errors},
    {"_udp_sent_total", "Datagrams given to the kernel.", &UdpPumpStats::sent},
    {"_udp_sent_bytes_total", "Bytes of the datagrams given to the kernel.", &UdpPumpStats::sent_bytes},
    {"_udp_send_calls_total", "Calls of sendmmsg.", &UdpPumpStats::send_calls},
    {"_udp_send_partial_total", "Calls of sendmmsg that took only a part; the rest went with the next call.",
     &UdpPumpStats::send_partial},
};

struct DropRow {
  std::string_view reason;
  Counter UdpPumpStats::*counter;
};
constexpr DropRow kDrops[] = {
    {"receive_buffer_full", &UdpPumpStats::receive_overflows},  {"receive_truncated", &UdpPumpStats::receive_truncated},
    {"send_would_block", &UdpPumpStats::send_drop_would_block}, {"send_too_big", &UdpPumpStats::send_drop_too_big},
    {"send_unreachable", &UdpPumpStats::send_drop_unreachable}, {"send_closed", &UdpPumpStats::send_drop_closed},
};

using Batches = Histogram<io::kUdpBatchBounds.size()>;
struct BatchRow {
  std::string_view name;
  std::string_view help;
  Batches UdpPumpStats::*batches;
};
constexpr BatchRow kBatches[] = {
    {"_udp_receive_batch_datagrams", "Datagrams of each recvmmsg that found any.", &UdpPumpStats::receive_batches},
    {"_udp_send_batch_datagrams", "Datagrams of each sendmmsg that took any.", &UdpPumpStats::send_batches},
};

uint64_t total(const std::vector<const UdpPumpStats*>& pumps, Counter UdpPumpStats::*counter) {
  uint64_t sum = 0;
  for (const UdpPumpStats* pump : pumps) sum += (pump->*counter).value();
  return sum;
}

}  // namespace

void collect_udp(MetricPage& page, std::string_view prefix, const std::vector<const UdpPumpStats*>& pumps) {
  for (const Row& row : kRows)
    page.counter(std::string(prefix) + std::string(row.name), row.help).sample(total(pumps, row.counter));
  for (const BatchRow& row : kBatches) {
    HistogramSum sum{std::span<const uint64_t>(io::kUdpBatchBounds)};
    for (const UdpPumpStats* pump : pumps) sum.add(pump->*row.batches);
    page.histogram(std::string(prefix) + std::string(row.name), row.help).sample(sum.sample());
  }
  auto drops = page.counter(std::string(prefix) + "_udp_drops_total",
                            "Datagrams lost between the kernel and the daemon, by reason.");
  for (const DropRow& drop : kDrops) drops.sample(total(pumps, drop.counter), {{"reason", drop.reason}});
}

}  // namespace noom::ops
