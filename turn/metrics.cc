#include "turn/metrics.h"

#include <functional>
#include <string>
#include <vector>

#include "common/ops/common_metrics.h"
#include "common/ops/udp_metrics.h"

namespace noom::turn {
namespace {

// Puts numbers on the page, each the sum over all shards.
class TurnPage {
 public:
  TurnPage(ops::MetricPage& page, const TurnService& service) : page_(page) {
    for (uint32_t i = 0; i < service.shard_count(); ++i) shards_.push_back(service.stats(i));
  }

  void collect_data();
  void collect_requests();
  void collect_allocations();
  void collect_peer_connections();
  void collect_streams();
  void collect_dtls();
  void collect_udp();
  void collect_latencies();

 private:
  using Pick = std::function<const Counter&(const ShardStatsView&)>;
  uint64_t total(const Pick& pick) const {
    uint64_t sum = 0;
    for (const ShardStatsView& shard : shards_) sum += pick(shard).value();
    return sum;
  }
  void counter(std::string_view name, std::string_view help, const Pick& pick) {
    page_.counter(name, help).sample(total(pick));
  }
  void gauge(std::string_view name, std::string_view help, const Pick& pick) {
    page_.gauge(name, help).sample(total(pick));
  }
  // A family over a CounterTable: one label, a sample for each value of the enum.
  template <typename Enum>
  void table(std::string_view name, std::string_view help, std::string_view label,
             const std::function<const CounterTable<Enum>&(const ShardStatsView&)>& pick) {
    auto family = page_.counter(name, help);
    for (size_t i = 0; i < count_of<Enum>(); ++i) {
      const auto value = static_cast<Enum>(i);
      family.sample(total([&](const ShardStatsView& shard) -> const Counter& { return pick(shard)[value]; }),
                    {{label, to_string(value)}});
    }
  }

  ops::MetricPage& page_;
  std::vector<ShardStatsView> shards_;
};

struct ReceivedRow {
  std::string_view from;
  Counter Stats::*counter;
};
constexpr ReceivedRow kReceived[] = {{"clients", &Stats::received_from_clients},
                                     {"peers", &Stats::received_from_peers},
                                     {"other_shards", &Stats::received_by_handover}};

struct ForwardedRow {
  std::string_view to;
  Traffic Stats::*traffic;
};
constexpr ForwardedRow kForwarded[] = {{"peers", &Stats::to_peers},
                                       {"clients", &Stats::to_clients},
                                       {"relays", &Stats::relay_to_relay},
                                       {"other_shards", &Stats::handed_over},
                                       {"owning_shard", &Stats::forwarded_to_owner}};

void TurnPage::collect_data() {
  auto received = page_.counter("noom_turn_received_total",
                                "Datagrams and frames given to the core; equals forwarded + consumed + drops.");
  for (const auto& [from, member] : kReceived)
    received.sample(total([of = member](const ShardStatsView& s) -> const Counter& { return s.core.*of; }),
                    {{"from", from}});
  auto packets =
      page_.counter("noom_turn_forwarded_packets_total", "Application datagrams relayed, by where they went.");
  for (const auto& [to, member] : kForwarded)
    packets.sample(total([of = member](const ShardStatsView& s) -> const Counter& { return (s.core.*of).packets; }),
                   {{"to", to}});
  auto bytes = page_.counter("noom_turn_forwarded_bytes_total",
                             "Application payload relayed, without TURN framing, by where it went.");
  for (const auto& [to, member] : kForwarded)
    bytes.sample(total([of = member](const ShardStatsView& s) -> const Counter& { return (s.core.*of).bytes; }),
                 {{"to", to}});
  counter("noom_turn_icmp_indications_total", "ICMP errors from the way to a peer, told to the client.",
          [](const ShardStatsView& s) -> const Counter& { return s.core.icmp_to_clients; });
  counter("noom_turn_consumed_total", "Requests and indications that ended in the core.",
          [](const ShardStatsView& s) -> const Counter& { return s.core.consumed; });
  table<Drop>("noom_turn_drops_total", "Datagrams and frames that the core let go no further, by reason.", "reason",
              [](const ShardStatsView& s) -> const CounterTable<Drop>& { return s.core.drops; });
  table<ShellDrop>("noom_turn_shell_drops_total",
                   "Messages that the core let pass and the shell could not deliver, by reason.", "reason",
                   [](const ShardStatsView& s) -> const CounterTable<ShellDrop>& { return s.shell.drops; });
}

void TurnPage::collect_requests() {
  auto requests =
      page_.counter("noom_turn_requests_total", "Requests answered, by method and code; code 0 is success.");
  for (const wire::Method method : kRequestMethods)
    for (const uint16_t code : kRequestResults)
      requests.sample(
          total([=](const ShardStatsView& s) -> const Counter& { return s.core.requests.at(method, code); }),
          {{"method", wire::to_string(method)}, {"code", std::to_string(code)}});
  auto refusals =
      page_.counter("noom_turn_refusals_total", "Requests answered with an error, by code and the reason for it.");
  for (size_t i = 0; i < count_of<Reason>(); ++i) {
    const auto reason = static_cast<Reason>(i);
    refusals.sample(total([=](const ShardStatsView& s) -> const Counter& { return s.core.refusals[reason]; }),
                    {{"code", std::to_string(static_cast<unsigned>(code_of(reason)))}, {"reason", to_string(reason)}});
  }
  auto unauthenticated =
      page_.counter("noom_turn_unauthenticated_bytes_total",
                    "Bytes of requests without valid credentials (in) and of the answers to them (out).");
  unauthenticated
      .sample(total([](const ShardStatsView& s) -> const Counter& { return s.core.unauthenticated_bytes_in; }),
              {{"direction", "in"}})
      .sample(total([](const ShardStatsView& s) -> const Counter& { return s.core.unauthenticated_bytes_out; }),
              {{"direction", "out"}});
}

void TurnPage::collect_allocations() {
  const auto by_client = [this](ops::MetricPage::Family family, Counter AllocationCounts::*counter) {
    for (const Transport transport : kTransports)
      for (const Family relay : kFamilies)
        family.sample(total([=](const ShardStatsView& s) -> const Counter& {
                        return s.core.allocations_of(transport, relay).*counter;
                      }),
                      {{"transport", to_string(transport)}, {"family", relay == Family::kV4 ? "ipv4" : "ipv6"}});
  };
  by_client(
      page_.gauge("noom_turn_allocations", "Allocations alive, by the client's transport and the relay's family."),
      &AllocationCounts::live);
  by_client(page_.counter("noom_turn_allocations_created_total", "Allocations made."), &AllocationCounts::created);
  table<EndReason>("noom_turn_allocations_ended_total", "Allocations that ended, by reason.", "reason",
                   [](const ShardStatsView& s) -> const CounterTable<EndReason>& { return s.core.ended; });
  table<Move>("noom_turn_moves_total", "Clients that took their allocation to another five-tuple (RFC 8016), by stage.",
              "stage", [](const ShardStatsView& s) -> const CounterTable<Move>& { return s.core.moves; });
  gauge("noom_turn_clients_forwarded", "Five-tuples heard by another shard than the one that holds their allocation.",
        [](const ShardStatsView& s) -> const Counter& { return s.core.clients_forwarded; });
  gauge("noom_turn_permissions", "Permissions alive.",
        [](const ShardStatsView& s) -> const Counter& { return s.core.permissions_live; });
  gauge("noom_turn_channels", "Channels alive.",
        [](const ShardStatsView& s) -> const Counter& { return s.core.channels_live; });
  gauge("noom_turn_relay_ports", "Relay ports of all relay addresses, free or not.",
        [](const ShardStatsView& s) -> const Counter& { return s.core.relay_ports; });
  gauge("noom_turn_relay_ports_free", "Relay ports that can still be allocated, over all relay addresses.",
        [](const ShardStatsView& s) -> const Counter& { return s.core.relay_ports_free; });
  gauge("noom_turn_relay_ports_reserved",
        "Relay ports that EVEN-PORT reserved and no RESERVATION-TOKEN has claimed yet.",
        [](const ShardStatsView& s) -> const Counter& { return s.core.relay_ports_reserved; });
  gauge("noom_turn_relay_sockets", "Relay sockets open.",
        [](const ShardStatsView& s) -> const Counter& { return s.shell.relays_open; });
  gauge("noom_turn_revocations",
        "Names of time-limited credentials that are refused before their end, over all shards.",
        [](const ShardStatsView& s) -> const Counter& { return s.core.revocations_live; });
  counter("noom_turn_revocations_forgotten_total",
          "Revocations given up before their time, because there were too many.",
          [](const ShardStatsView& s) -> const Counter& { return s.core.revocations_forgotten; });
  counter("noom_turn_relay_open_failures_total", "Relay ports that the system refused to open.",
          [](const ShardStatsView& s) -> const Counter& { return s.core.relay_open_failures; });
}

void TurnPage::collect_peer_connections() {
  page_
      .gauge("noom_turn_peer_connections",
             "TCP connections with peers alive (RFC 6062): waiting for ConnectionBind, or bound to a client's.")
      .sample(total([](const ShardStatsView& s) -> const Counter& { return s.core.peer_connections_unbound; }),
              {{"state", "waiting"}})
      .sample(total([](const ShardStatsView& s) -> const Counter& { return s.core.peer_connections_bound; }),
              {{"state", "bound"}});
  table<PeerOpening>("noom_turn_peer_connects_total",
                     "TCP connections that clients asked for and that peers made, by what became of them.", "result",
                     [](const ShardStatsView& s) -> const CounterTable<PeerOpening>& { return s.core.peer_openings; });
  table<PeerEnd>("noom_turn_peer_connections_ended_total", "TCP connections with peers that ended, by reason.",
                 "reason", [](const ShardStatsView& s) -> const CounterTable<PeerEnd>& { return s.core.peer_ends; });
  page_.counter("noom_turn_stream_bytes_total", "Bytes relayed over TCP connections with peers, by where they went.")
      .sample(total([](const ShardStatsView& s) -> const Counter& { return s.core.stream_bytes_to_peers; }),
              {{"to", "peers"}})
      .sample(total([](const ShardStatsView& s) -> const Counter& { return s.core.stream_bytes_to_clients; }),
              {{"to", "clients"}});
}

void TurnPage::collect_streams() {
  gauge("noom_turn_streams", "TCP and TLS connections open.",
        [](const ShardStatsView& s) -> const Counter& { return s.shell.streams_live; });
  gauge("noom_turn_stream_queued_bytes", "Bytes that wait for TCP and TLS clients to read.",
        [](const ShardStatsView& s) -> const Counter& { return s.shell.stream_queued_bytes; });
  counter("noom_turn_streams_accepted_total", "TCP and TLS connections accepted.",
          [](const ShardStatsView& s) -> const Counter& { return s.shell.streams_accepted; });
  counter("noom_turn_streams_paused_total", "Times that accepting rested for lack of descriptors.",
          [](const ShardStatsView& s) -> const Counter& { return s.shell.streams_paused; });
  table<StreamEnd>("noom_turn_streams_ended_total", "TCP and TLS connections that ended, by reason.", "reason",
                   [](const ShardStatsView& s) -> const CounterTable<StreamEnd>& { return s.shell.streams_ended; });
  table<StreamRefusal>(
      "noom_turn_streams_refused_total", "TCP and TLS connections closed at once, by what refused them.", "reason",
      [](const ShardStatsView& s) -> const CounterTable<StreamRefusal>& { return s.shell.streams_refused; });
}

void TurnPage::collect_dtls() {
  gauge("noom_turn_dtls_sessions", "DTLS sessions alive, handshakes under way included.",
        [](const ShardStatsView& s) -> const Counter& { return s.shell.dtls.sessions_live; });
  gauge("noom_turn_dtls_handshakes_pending", "DTLS handshakes under way, of clients that have proved their addresses.",
        [](const ShardStatsView& s) -> const Counter& { return s.shell.dtls.handshakes_live; });
  table<DtlsHandshake>(
      "noom_turn_dtls_handshakes_total", "DTLS handshakes that came to an end, by result.", "result",
      [](const ShardStatsView& s) -> const CounterTable<DtlsHandshake>& { return s.shell.dtls.handshakes; });
  table<DtlsEnd>("noom_turn_dtls_ended_total", "Established DTLS sessions that ended, by reason.", "reason",
                 [](const ShardStatsView& s) -> const CounterTable<DtlsEnd>& { return s.shell.dtls.ended; });
  counter("noom_turn_dtls_cookies_sent_total",
          "HelloVerifyRequests: hellos without a good cookie, answered statelessly.",
          [](const ShardStatsView& s) -> const Counter& { return s.shell.dtls.cookies_sent; });
  counter("noom_turn_dtls_received_total", "Datagrams taken for DTLS; equals delivered + consumed + drops.",
          [](const ShardStatsView& s) -> const Counter& { return s.shell.dtls.received; });
  counter("noom_turn_dtls_delivered_total", "DTLS datagrams that held messages for the core.",
          [](const ShardStatsView& s) -> const Counter& { return s.shell.dtls.delivered; });
  counter("noom_turn_dtls_consumed_total", "DTLS datagrams of handshakes and alerts.",
          [](const ShardStatsView& s) -> const Counter& { return s.shell.dtls.consumed; });
  table<DtlsDrop>("noom_turn_dtls_drops_total", "DTLS datagrams that went no further, by reason.", "reason",
                  [](const ShardStatsView& s) -> const CounterTable<DtlsDrop>& { return s.shell.dtls.drops; });
}

void TurnPage::collect_udp() {
  std::vector<const io::UdpPumpStats*> pumps;
  for (const ShardStatsView& shard : shards_) pumps.push_back(&shard.udp);
  ops::collect_udp(page_, "noom_turn", pumps);
}

void TurnPage::collect_latencies() {
  using PickLatency = const LatencyHistogram& (*)(const ShardStatsView&);
  const auto all = [this](PickLatency pick) {
    std::vector<const LatencyHistogram*> parts;
    for (const ShardStatsView& shard : shards_) parts.push_back(&pick(shard));
    return parts;
  };
  auto allocations =
      page_.histogram("noom_turn_allocation_seconds",
                      "From reading an Allocate until its relay is open and the answer queued, of allocations made.");
  ops::sample_latency(allocations, all([](const ShardStatsView& s) -> auto& { return s.shell.allocations; }));
  auto handshakes = page_.histogram("noom_turn_handshake_seconds",
                                    "TLS handshakes from accepting, DTLS handshakes from the hello with a good "
                                    "cookie, until they are done; those that fail are not in it.");
  ops::sample_latency(handshakes, all([](const ShardStatsView& s) -> auto& { return s.shell.tls_handshakes; }),
                      {{"transport", "tls"}});
  ops::sample_latency(handshakes, all([](const ShardStatsView& s) -> auto& { return s.shell.dtls.handshake_times; }),
                      {{"transport", "dtls"}});
  ops::collect_loops(page_, all([](const ShardStatsView& s) -> auto& { return s.lag; }));
}

}  // namespace

void collect(ops::MetricPage& page, const TurnService& service) {
  TurnPage turn(page, service);
  turn.collect_data();
  turn.collect_requests();
  turn.collect_allocations();
  turn.collect_peer_connections();
  turn.collect_streams();
  turn.collect_dtls();
  turn.collect_udp();
  turn.collect_latencies();
  std::vector<const io::TlsContextSlot*> slots;
  for (const Listener& listener : service.listeners()) slots.push_back(listener.tls.get());
  ops::collect_certificates(page, slots);
}

void collect_externals(ops::MetricPage& page, const Settings& settings, const ExternalStats& stats) {
  auto info = page.gauge("noom_turn_relay_address_info",
                         "Relay addresses and what they are known by; external is empty while that is not known.");
  for (const RelayAddress& relay : settings.relay_addresses)
    info.sample(uint64_t{1}, {{"local", relay.local.to_string()},
                              {"external", relay.is_known() ? relay.external.to_string() : std::string()}});
  page.counter("noom_turn_external_lookups_total", "External addresses asked for, by how that went.")
      .sample(stats.succeeded.value(), {{"result", "found"}})
      .sample(stats.failed.value(), {{"result", "failed"}});
  page.counter("noom_turn_external_changes_total", "External addresses found that differed from the last ones.")
      .sample(stats.changed.value());
}

}  // namespace noom::turn
