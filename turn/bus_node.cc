#include "turn/bus_node.h"

#include <algorithm>
#include <boost/asio/steady_timer.hpp>
#include <boost/json.hpp>
#include <ctime>

#include "common/io/shard.h"

namespace noom::turn {
namespace {

constexpr Duration kInterval = std::chrono::seconds(1);

Duration cpu_time() {
  timespec used{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
  return std::chrono::seconds(used.tv_sec) + std::chrono::nanoseconds(used.tv_nsec);
}

double seconds(Duration duration) {
  return std::chrono::duration<double>(duration).count();
}

class Node final : public BusNode {
 public:
  Node(BusNodeOptions options, LogSink& log)
      : options_(std::move(options)),
        orders_("bus", options_.revoke, log),
        incarnation_(std::chrono::floor<std::chrono::microseconds>(io::read_clocks().wall.time_since_epoch()).count()),
        threads_(1, "bus"),
        timer_(threads_[0].context()),
        bus_(bus::connect_nats(
            options_.nats, [this](auto work) { threads_[0].post(std::move(work)); }, log)) {
    threads_[0].post([this] { begin(); });
    threads_.start();
  }
  ~Node() override {
    threads_.run_on_all([this](io::Shard&) {
      stopped_ = true;
      timer_.cancel();
      publish("stopping");
      bus_.reset();  // on the thread that it posts to
    });
    threads_.stop(std::chrono::seconds(1));
  }

  void begin_drain() override {
    threads_[0].post([this] {
      draining_ = true;
      tell();
    });
  }
  const bus::Bus& bus() const override { return *bus_; }
  const CounterTable<OrderResult>& orders() const override { return orders_.counts(); }

 private:
  void begin() {
    bus_->subscribe(options_.subject_prefix + ".turn.revoke",
                    [this](std::string_view order) { static_cast<void>(orders_.obey(io::read_clocks(), order)); });
    bus_->on_state([this](const bus::BusState& state) {
      if (state.connected) tell();
    });
    measured_ = options_.figures();
    measured_at_ = io::read_clocks().mono;
    cpu_ = cpu_time();
    healthy_ = options_.healthy();
    wait();
  }
  // Looks more often than it tells, for changes.
  void wait() {
    timer_.expires_after(kInterval / 4);
    timer_.async_wait([this](boost::system::error_code error) {
      if (error || stopped_) return;
      const bool changed = options_.healthy() != healthy_;
      if (changed || io::read_clocks().mono - told_at_ >= kInterval) tell();
      wait();
    });
  }
  void tell() {
    const Mono now = io::read_clocks().mono;
    if (now - measured_at_ >= kInterval) {
      const NodeFigures figures = options_.figures();
      const Duration cpu = cpu_time();
      load_ = load_of(measured_, figures, now - measured_at_, cpu - cpu_, options_.capacity_bits_per_second,
                      options_.threads);
      measured_ = figures;
      measured_at_ = now;
      cpu_ = cpu;
    }
    healthy_ = options_.healthy();
    told_at_ = now;
    publish(healthy_ ? "ok" : "incomplete");
  }
  void publish(const char* health) {
    if (!bus_->state().connected) return;
    boost::json::array urls;
    for (const std::string& url : options_.urls) urls.emplace_back(url);
    const boost::json::object status = {
        {"node", options_.node},
        {"incarnation", incarnation_},
        {"urls", std::move(urls)},
        {"draining", draining_},
        {"health", health},
        {"allocations", options_.figures().allocations},
        {"load", load_},
        {"connects", bus_->stats().connects.load()},
        {"sent_at", unix_seconds(io::read_clocks().wall)},
    };
    static_cast<void>(bus_->publish(options_.subject_prefix + ".turn.status", boost::json::serialize(status)));
  }

  const BusNodeOptions options_;
  RevocationOrders orders_;
  const int64_t incarnation_;

  // On the thread only.
  bool draining_ = false;
  bool healthy_ = true;
  bool stopped_ = false;
  double load_ = 0;
  NodeFigures measured_;
  Mono measured_at_, told_at_;
  Duration cpu_{};

  io::ShardGroup threads_;
  boost::asio::steady_timer timer_;
  std::unique_ptr<bus::Bus> bus_;
};

}  // namespace

NodeFigures figures_of(const TurnService& service) {
  NodeFigures figures;
  for (uint32_t shard = 0; shard < service.shard_count(); ++shard) {
    const Stats& stats = service.stats(shard).core;
    for (const Transport transport : kTransports)
      for (const Family family : kFamilies) figures.allocations += stats.allocations_of(transport, family).live.value();
    figures.ports_free += stats.relay_ports_free.value();
    for (const Traffic* traffic : {&stats.to_peers, &stats.to_clients, &stats.relay_to_relay})
      figures.bytes_relayed += traffic->bytes.value();
    figures.bytes_relayed += stats.stream_bytes_to_peers.value() + stats.stream_bytes_to_clients.value();
  }
  return figures;
}

double load_of(const NodeFigures& before, const NodeFigures& now, Duration between, Duration cpu,
               uint64_t capacity_bits_per_second, uint32_t threads) {
  const double elapsed = std::max(seconds(between), 1e-3);
  double load = seconds(cpu) / elapsed / std::max<uint32_t>(threads, 1);
  if (now.ports > 0) load = std::max(load, 1 - static_cast<double>(now.ports_free) / static_cast<double>(now.ports));
  if (capacity_bits_per_second > 0) {
    const double bits = 8.0 * static_cast<double>(now.bytes_relayed - before.bytes_relayed) / elapsed;
    load = std::max(load, bits / static_cast<double>(capacity_bits_per_second));
  }
  return std::clamp(load, 0.0, 1.0);
}

std::unique_ptr<BusNode> BusNode::start(BusNodeOptions options, LogSink& log) {
  return std::make_unique<Node>(std::move(options), log);
}

}  // namespace noom::turn
