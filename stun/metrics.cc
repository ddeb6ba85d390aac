#include "stun/metrics.h"

#include <functional>

#include "common/ops/common_metrics.h"
#include "common/ops/udp_metrics.h"

namespace noom::stun {
namespace {

// Sums one number over all shards.
class Totals {
 public:
  explicit Totals(const StunService& service) : service_(service) {}
  uint64_t operator()(const std::function<const Counter&(const ShardStats&)>& pick) const {
    uint64_t total = 0;
    for (const auto& shard : service_.shards()) total += pick(shard->stats()).value();
    return total;
  }

 private:
  const StunService& service_;
};

struct TransportStats {
  std::string_view name;
  Stats ShardStats::*stats;
};
constexpr TransportStats kTransportStats[] = {{"udp", &ShardStats::udp}, {"tcp", &ShardStats::tcp}};

struct CounterRow {
  std::string_view name;
  std::string_view help;
  Counter Stats::*counter;
};
constexpr CounterRow kByTransport[] = {
    {"noom_stun_received_total", "Datagrams and stream frames received.", &Stats::received},
    {"noom_stun_received_bytes_total", "Bytes of what was received.", &Stats::received_bytes},
    {"noom_stun_answered_bytes_total", "Bytes of the answers; with the received bytes, the amplification.",
     &Stats::answered_bytes},
};

void collect_requests(ops::MetricPage& page, const Totals& total) {
  for (const CounterRow& row : kByTransport) {
    auto family = page.counter(row.name, row.help);
    for (const auto& [transport, stats] : kTransportStats) {
      const auto pick = [&, of = stats](const ShardStats& shard) -> const Counter& { return (shard.*of).*row.counter; };
      family.sample(total(pick), {{"transport", transport}});
    }
  }
  auto answers = page.counter("noom_stun_answers_total", "Binding requests answered; code 0 is success.");
  auto answer = [&](const TransportStats& transport, std::string_view code, Counter Stats::*counter) {
    answers.sample(total([&](const ShardStats& shard) -> const Counter& { return (shard.*transport.stats).*counter; }),
                   {{"transport", transport.name}, {"code", code}});
  };
  for (const TransportStats& transport : kTransportStats) {
    answer(transport, "0", &Stats::successes);
    answer(transport, "400", &Stats::bad_requests);
    answer(transport, "420", &Stats::refusals);
  }
  auto features = page.counter("noom_stun_features_total",
                               "Successes that used a part of RFC 5780 or RFC 3489; one may use several.");
  for (const auto& [transport, stats] : kTransportStats) {
    for (size_t i = 0; i < count_of<Feature>(); ++i) {
      const auto feature = static_cast<Feature>(i);
      const auto pick = [&, of = stats](const ShardStats& s) -> const Counter& { return (s.*of).features[feature]; };
      features.sample(total(pick), {{"transport", transport}, {"feature", to_string(feature)}});
    }
  }
  auto drops = page.counter("noom_stun_drops_total", "Messages not answered, by reason.");
  for (const auto& [transport, stats] : kTransportStats) {
    for (size_t i = 0; i < count_of<Drop>(); ++i) {
      const auto drop = static_cast<Drop>(i);
      const auto pick = [&, of = stats](const ShardStats& shard) -> const Counter& { return (shard.*of).drops[drop]; };
      drops.sample(total(pick), {{"transport", transport}, {"reason", to_string(drop)}});
    }
  }
}

void collect_connections(ops::MetricPage& page, const Totals& total) {
  page.gauge("noom_stun_tcp_connections", "TCP connections open.")
      .sample(total([](const ShardStats& s) -> const Counter& { return s.tcp_open; }));
  page.counter("noom_stun_tcp_accepted_total", "TCP connections accepted.")
      .sample(total([](const ShardStats& s) -> const Counter& { return s.tcp_accepted; }));
  page.counter("noom_stun_tcp_refused_total", "TCP connections closed at once, at limits.tcp_connections.")
      .sample(total([](const ShardStats& s) -> const Counter& { return s.tcp_refused; }));
  auto closed = page.counter("noom_stun_tcp_closed_total", "TCP connections that ended, by reason.");
  for (size_t i = 0; i < count_of<CloseReason>(); ++i) {
    const auto reason = static_cast<CloseReason>(i);
    closed.sample(total([=](const ShardStats& s) -> const Counter& { return s.tcp_closed[reason]; }),
                  {{"reason", to_string(reason)}});
  }
}

}  // namespace

void collect(ops::MetricPage& page, const StunService& service) {
  const Totals total(service);
  collect_requests(page, total);
  collect_connections(page, total);
  std::vector<const io::UdpPumpStats*> pumps;
  for (const auto& shard : service.shards()) pumps.push_back(&shard->udp_pump_stats());
  ops::collect_udp(page, "noom_stun", pumps);
  std::vector<const LatencyHistogram*> lags;
  for (size_t i = 0; i < service.shards().size(); ++i) lags.push_back(&service.lag(i));
  ops::collect_loops(page, lags);
}

}  // namespace noom::stun
