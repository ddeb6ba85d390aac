#include "common/bus/daemon/bus_metrics.h"

#include <string>

namespace noom::bus {

void collect_bus(ops::MetricPage& page, std::string_view daemon, const Bus* bus) {
  static const BusStats none;
  const BusStats& stats = bus == nullptr ? none : bus->stats();
  const auto name = [daemon](std::string_view what) { return std::string(daemon) + "_bus_" + std::string(what); };
  const uint64_t connects = stats.connects;
  const uint64_t losses = stats.losses;
  page.gauge(name("connected"), "Whether there is a connection with NATS.")
      .sample(connects > losses ? uint64_t{1} : uint64_t{0});
  page.counter(name("connects_total"), "Connections made with NATS.").sample(connects);
  page.counter(name("losses_total"), "Connections with NATS that were lost.").sample(losses);
  page.counter(name("messages_total"), "Messages over NATS.")
      .sample(stats.messages_in.load(), {{"direction", "in"}})
      .sample(stats.messages_out.load(), {{"direction", "out"}});
  page.counter(name("bytes_total"), "Payload of these messages.")
      .sample(stats.bytes_in.load(), {{"direction", "in"}})
      .sample(stats.bytes_out.load(), {{"direction", "out"}});
  page.counter(name("dropped_total"),
               "Messages that NATS could not be given, or that came faster than they were handled.")
      .sample(stats.dropped_disconnected.load(), {{"reason", "disconnected"}})
      .sample(stats.dropped_full.load(), {{"reason", "queue_full"}})
      .sample(stats.dropped_unhandled.load(), {{"reason", "unhandled"}});
}

}  // namespace noom::bus
