// noom-turn on the bus: tells whoever hands out relays how it is, and obeys revocations. On a thread of its own.
//
//   <prefix>.turn.status   published each second, and at once when something but figures changes
//   <prefix>.turn.revoke   obeyed
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "common/base/log.h"
#include "common/bus/nats_bus.h"
#include "common/ops/metrics.h"
#include "turn/revocation_orders.h"
#include "turn/shell/turn_service.h"

namespace noom::turn {

// What is asked of the relay; callable on any thread.
struct NodeFigures {
  uint64_t allocations = 0;
  uint64_t ports_free = 0;
  uint64_t ports = 0;
  uint64_t bytes_relayed = 0;  // so far
};

struct BusNodeOptions {
  bus::NatsOptions nats;
  std::string node;
  std::string subject_prefix;
  std::vector<std::string> urls;
  uint64_t capacity_bits_per_second = 0;  // 0: not known
  uint32_t threads = 1;                   // that relay
  std::function<NodeFigures()> figures;
  std::function<bool()> healthy;
  RevocationOrders::Revoke revoke;
};

// Summed over the shards; `ports` is left open.
NodeFigures figures_of(const TurnService& service);

// 0 to 1: the largest share used of ports, bits and CPU.
double load_of(const NodeFigures& before, const NodeFigures& now, Duration between, Duration cpu,
               uint64_t capacity_bits_per_second, uint32_t threads);

// Used by one thread.
class BusNode {
 public:
  // `log` outlives it.
  static std::unique_ptr<BusNode> start(BusNodeOptions options, LogSink& log);
  // Says that the node stops.
  virtual ~BusNode() = default;

  virtual void begin_drain() = 0;
  virtual const bus::Bus& bus() const = 0;
  virtual const CounterTable<OrderResult>& orders() const = 0;
};

}  // namespace noom::turn
